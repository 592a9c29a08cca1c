// Hooks: the programs of events ([[event]] hook), which start more servers, say. Each is run once,
// `hook_before` the start of its event, or, where sluice comes later than that, at once; never
// after the event's end. Once, whatever comes of it: what was run is known by the event's name and
// start, through reloads, and through restarts by the file "hooks" of the state directory. Where
// that is in memory only a restart before the end runs it again. One that runs when sluice ends is
// ended with it, and is run again by the next start.
//
// The program is told of the event by its environment: SLUICE_EVENT, SLUICE_EVENT_START and
// SLUICE_EVENT_END (RFC 3339, UTC), SLUICE_WAITING_ROOM. What it writes is in the log. For the rest
// see net/child_process.h.
//
// Threads: the supervisor's. Time: an argument. Memory: some 200 bytes for each of kMost, and for
// each of the configuration.
#ifndef SLUICE_PROXY_SERVER_HOOKS_H_
#define SLUICE_PROXY_SERVER_HOOKS_H_

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "conf/config.h"
#include "proxy/base/time.h"
#include "proxy/net/child_process.h"
#include "proxy/net/loop.h"
#include "proxy/server/state_dir.h"

namespace sluice::server {

// What became of one.
struct HookRun {
  enum class Outcome : uint8_t { kRunning, kOk, kFailed, kTimeout, kNotStarted };

  std::string event;
  conf::Time start;  // of the event
  conf::Time ran;
  Outcome outcome = Outcome::kRunning;
  std::string how = {};  // "exit status 3"
};
// As labels and in the file; the last word of one in the file may be followed by how.
inline constexpr std::array<std::string_view, 5> kHookOutcomes = {"running", "ok", "failed",
                                                                  "timeout", "not_started"};
constexpr std::string_view HookOutcomeName(HookRun::Outcome outcome) {
  return kHookOutcomes[static_cast<size_t>(outcome)];
}

// The file: a line for each, "EVENT START RAN OUTCOME HOW", times in seconds since 1970. What is no
// such line is left out; what ran then has failed, for it ended with its sluice.
std::string FormatHookRuns(const std::vector<HookRun>& runs);
std::vector<HookRun> ParseHookRuns(std::string_view text);

class Hooks {
 public:
  // Of past events, or such as the configuration does not have; of its own none is forgotten.
  static constexpr size_t kMost = 100;

  explicit Hooks(net::Loop& loop) : loop_(loop) {}

  // What was run before this start. Once, before the first Look().
  void Open(StateDir& state);
  // Once a second. Runs what is due.
  void Look(const conf::Config& config, WallTime wall);
  // Ends what runs. Before the state is flushed the last time.
  void Close();

  // Null: not yet.
  const HookRun* Find(const conf::Event& event) const;
  // Since the start of this process.
  uint64_t count(HookRun::Outcome outcome) const { return counts_[static_cast<size_t>(outcome)]; }

 private:
  struct Entry {
    HookRun run;
    TimePoint began{};
    std::unique_ptr<net::ChildProcess> child = nullptr;  // while it runs
  };

  void Run(const conf::Event& event, WallTime wall);
  void End(Entry& entry, HookRun::Outcome outcome, std::string how);
  void Forget(const conf::Config& config);
  void Save() const;

  net::Loop& loop_;
  StateDir* state_ = nullptr;
  std::vector<std::unique_ptr<Entry>> entries_;  // in the order in which they ran
  std::array<uint64_t, kHookOutcomes.size()> counts_{};
};

// Of events that are not over: hooks that are no programs, in sentences. Looks at the files.
std::vector<std::string> HookConcerns(const conf::Config& config, WallTime now);

}  // namespace sluice::server

#endif  // SLUICE_PROXY_SERVER_HOOKS_H_
