// The operational log: what a person should know about the proxy itself (access logs are in
// observe/). One format, one line per event:
//
//   2026-11-27T09:00:00.123Z warn pool web: 10.0.0.11:8000 rests for 2s after 3 failures
//
// begin the message with the thing it speaks of ("pool web: ", "listener [::]:80: "). Control bytes
// in messages are escaped, so nothing a peer says can forge a line.
//
// What a peer can cause goes through a Site, which lets kLinesPerSecond lines through each second
// and lets the next line say how many it held back:
//
//   static log::Site site;
//   log::Warn(site, "pool %s: %s", pool, failure.why);
//
// What happens once, or at an operator's wish, is not limited:
//
//   log::Info(log::kUnlimited, "listener %s: open", address);
//
// Threads: any. Before Open() lines go to stderr from the calling thread. After it a thread of the
// log owns the output: a line costs the caller its formatting and one short lock, never a write,
// and when the output is stuck the oldest lines are overwritten and counted.
#ifndef SLUICE_PROXY_BASE_LOG_H_
#define SLUICE_PROXY_BASE_LOG_H_

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "proxy/base/time.h"

namespace sluice::log {

enum class Level : uint8_t { kDebug, kInfo, kWarn, kError };
std::optional<Level> ParseLevel(std::string_view name);  // "debug", "info", "warn", "error"

struct Options {
  Level level = Level::kInfo;
  std::string output = "stderr";  // or the path of a file, appended to
};

// May be called again, e.g. at a reload; on an error what was there before stays in use.
absl::Status Open(const Options& options);
// Opens the file again under its name, after logrotate moved it. Nothing to do for stderr.
absl::Status Reopen();
// Waits until all that was said before the call is written; false if that took longer.
bool Flush(Duration at_most);
// Lines overwritten because the output was stuck.
uint64_t Dropped();

void SetLevel(Level level);
bool Enabled(Level level);

// One place in the code that may have much to say. Static at the call; constant initialised.
class Site {
 public:
  static constexpr uint32_t kLinesPerSecond = 10;

  struct Answer {
    bool speak;
    uint32_t held_back;  // lines of an earlier second that were not let through
  };
  // Threads: any. Lines of the same second past the limit are counted, not let through.
  Answer Ask(TimePoint now);

 private:
  // The second (high half) and the lines asked for in it (low half): one word, one
  // compare-and-swap.
  std::atomic<uint64_t> window_{0};
};

// In place of a Site: every line passes.
struct Unlimited {};
inline constexpr Unlimited kUnlimited;

// One finished line. The functions below are for people's use.
void Write(Level level, std::string_view message);

namespace internal {
// Whether the line is wanted and the site, asked by the steady clock, lets it through.
bool MaySpeak(Level level, Site& site, uint32_t& held_back);
void WriteAfter(Level level, std::string_view message, uint32_t held_back);

template <typename... Args>
void Say(Level level, Unlimited, const absl::FormatSpec<Args...>& format, const Args&... args) {
  if (Enabled(level)) Write(level, absl::StrFormat(format, args...));
}

template <typename... Args>
void Say(Level level, Site& site, const absl::FormatSpec<Args...>& format, const Args&... args) {
  uint32_t held_back = 0;
  if (MaySpeak(level, site, held_back)) {
    WriteAfter(level, absl::StrFormat(format, args...), held_back);
  }
}
}  // namespace internal

// Where: a Site or kUnlimited.
template <typename Where, typename... Args>
void Debug(Where&& where, const absl::FormatSpec<Args...>& format, const Args&... args) {
  internal::Say<Args...>(Level::kDebug, where, format, args...);
}
template <typename Where, typename... Args>
void Info(Where&& where, const absl::FormatSpec<Args...>& format, const Args&... args) {
  internal::Say<Args...>(Level::kInfo, where, format, args...);
}
template <typename Where, typename... Args>
void Warn(Where&& where, const absl::FormatSpec<Args...>& format, const Args&... args) {
  internal::Say<Args...>(Level::kWarn, where, format, args...);
}
template <typename Where, typename... Args>
void Error(Where&& where, const absl::FormatSpec<Args...>& format, const Args&... args) {
  internal::Say<Args...>(Level::kError, where, format, args...);
}

}  // namespace sluice::log

#endif  // SLUICE_PROXY_BASE_LOG_H_
