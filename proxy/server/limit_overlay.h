// LimitOverlay: the run-time layer over the limits of the file: limits that operators have made,
// changed or lifted while sluice runs. As with servers (overlay.h) the file stays what it is, each
// change tells who made it, when and why, and holds through reloads and restarts until it is undone
// or, if it was made for a time, until that is over: a brake pulled in haste lets go by itself.
//
// Threads: the supervisor's. Time and authors are arguments; nothing here does I/O.
// Cost: linear in the changes, of which there are kMost at most.
#ifndef SLUICE_PROXY_SERVER_LIMIT_OVERLAY_H_
#define SLUICE_PROXY_SERVER_LIMIT_OVERLAY_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "conf/config.h"
#include "proxy/base/time.h"
#include "proxy/server/overlay.h"

namespace sluice::server {

struct LimitOrder {
  // The names are those of the admin API.
  enum class Deed : uint8_t {
    kSet,     // as `toml` says, on top of what holds for the limit; a new name makes a new one
    kRemove,  // it limits nobody any more
    kUndo,    // what the file says holds again
  };
  Deed deed = Deed::kSet;
  std::string limit = {};  // its name
  std::string toml = {};   // kSet: a table [[limit]]
  Duration lasts{0};       // 0: until it is undone
  std::string reason = {};
};
inline constexpr std::string_view kLimitDeeds[] = {"set", "remove", "undo"};

// About one key: shut out for a time, or no longer.
struct BanOrder {
  enum class Deed : uint8_t { kBan, kLift };
  Deed deed = Deed::kBan;
  std::string limit;
  std::string key;  // the values of its parts, separated by commas, or "#" and 16 digits
  Duration lasts{0};
  std::string reason;
};
inline constexpr std::string_view kBanDeeds[] = {"ban", "lift"};

// A change for a time lies on top of one that lasts, if there is one, which holds again after it.
struct LimitChange {
  std::optional<conf::Limit> limit;  // nothing: removed
  std::string name;
  TimePoint until = TimePoint::max();
  std::string reason = {};
  Author author = {};
  std::shared_ptr<const LimitChange> lasting = nullptr;  // below a timed one

  bool timed() const { return until != TimePoint::max(); }
  std::string What() const;  // "removed", "20/s, burst 40"
};

inline constexpr Duration kLongestChange = std::chrono::hours(365 * 24);

class LimitOverlay {
 public:
  static constexpr size_t kMost = 1000;

  // After an error, which is a sentence for who ordered it, nothing has changed.
  absl::Status Apply(const conf::Config& config, const LimitOrder& order, const Author& author,
                     TimePoint now);

  // Those that hold.
  std::vector<conf::Limit> LimitsOf(const conf::Config& config) const;
  bool Changed(std::string_view name) const { return Find(name) != nullptr; }

  // Ends what has lasted, and of a new configuration what names routes that are gone; sentences
  // for the log.
  std::vector<std::string> Expire(TimePoint now);
  std::vector<std::string> DropGone(const conf::Config& config);

  // Those of a start before this one, in their order, as far as they fit this configuration;
  // sentences for the log about the others.
  std::vector<std::string> Restore(const conf::Config& config, std::vector<LimitChange> changes);
  const std::vector<LimitChange>& changes() const { return changes_; }

 private:
  const LimitChange* Find(std::string_view name) const;
  absl::Status Put(LimitChange change);

  std::vector<LimitChange> changes_;  // one for each name, in the order in which they were made
};

// "20/s, burst 40 by client_ip, reject".
std::string Describe(const conf::Limit& limit);

}  // namespace sluice::server

#endif  // SLUICE_PROXY_SERVER_LIMIT_OVERLAY_H_
