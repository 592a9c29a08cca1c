#include "proxy/server/hooks.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <optional>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "conf/units.h"
#include "proxy/base/log.h"
#include "proxy/base/text.h"

namespace sluice::server {
namespace {

using Outcome = HookRun::Outcome;

constexpr std::string_view kFile = "hooks";
constexpr size_t kLargestFile = 1 << 20;
constexpr Duration kLate = std::chrono::minutes(1);

conf::Time Whole(WallTime wall) { return std::chrono::floor<std::chrono::seconds>(wall); }

std::optional<conf::Time> ParseTime(std::string_view text) {
  const std::optional<uint64_t> seconds = ParseDecimal(text);
  constexpr uint64_t kLast = uint64_t{1} << 33;  // in the year 2242
  if (!seconds || *seconds > kLast) return std::nullopt;
  return conf::Time(std::chrono::seconds(*seconds));
}

bool Has(const conf::Config& config, const HookRun& run) {
  return std::any_of(config.events.begin(), config.events.end(), [&](const conf::Event& event) {
    return event.name == run.event && event.start == run.start;
  });
}

std::vector<std::string> EnvironmentOf(const conf::Event& event) {
  return {"SLUICE_EVENT=" + event.name, "SLUICE_EVENT_START=" + conf::FormatTime(event.start),
          "SLUICE_EVENT_END=" + conf::FormatTime(event.end),
          "SLUICE_WAITING_ROOM=" + event.waiting_room};
}

}  // namespace

std::string FormatHookRuns(const std::vector<HookRun>& runs) {
  std::string text;
  for (const HookRun& run : runs) {
    absl::StrAppendFormat(&text, "%s %d %d %s %s\n", run.event,
                          run.start.time_since_epoch().count(), run.ran.time_since_epoch().count(),
                          HookOutcomeName(run.outcome), run.how);
  }
  return text;
}

std::vector<HookRun> ParseHookRuns(std::string_view text) {
  std::vector<HookRun> runs;
  while (!text.empty()) {
    std::string_view line = CutNext(text, '\n');
    const std::string_view event = CutNext(line, ' ');
    const std::optional<conf::Time> start = ParseTime(CutNext(line, ' '));
    const std::optional<conf::Time> ran = ParseTime(CutNext(line, ' '));
    const auto outcome = std::find(kHookOutcomes.begin(), kHookOutcomes.end(), CutNext(line, ' '));
    if (!start || !ran || outcome == kHookOutcomes.end()) continue;
    HookRun run = {.event = std::string(event),
                   .start = *start,
                   .ran = *ran,
                   .outcome = static_cast<Outcome>(outcome - kHookOutcomes.begin()),
                   .how = std::string(line)};
    if (run.outcome == Outcome::kRunning) {
      run.outcome = Outcome::kFailed;
      run.how = "sluice ended meanwhile";
    }
    runs.push_back(std::move(run));
  }
  return runs;
}

void Hooks::Open(StateDir& state) {
  state_ = &state;
  const absl::StatusOr<std::string> text = state.Read(kFile, kLargestFile);
  if (!text.ok()) {
    if (absl::IsNotFound(text.status())) return;
    log::Warn(log::kUnlimited,
              "state.dir %s: %s cannot be read, and hooks that ran may run again: %s", state.path(),
              kFile, std::string(text.status().message()));
    return;
  }
  for (HookRun& run : ParseHookRuns(*text)) {
    entries_.push_back(std::make_unique<Entry>(Entry{.run = std::move(run)}));
  }
}

const HookRun* Hooks::Find(const conf::Event& event) const {
  for (const std::unique_ptr<Entry>& entry : entries_) {
    if (entry->run.event == event.name && entry->run.start == event.start) return &entry->run;
  }
  return nullptr;
}

void Hooks::Look(const conf::Config& config, WallTime wall) {
  for (const conf::Event& event : config.events) {
    const bool due = event.start - event.hook_before <= wall && wall < event.end;
    if (event.hook.empty() || !due || Find(event) != nullptr) continue;
    Forget(config);
    Run(event, wall);
  }
}

void Hooks::Run(const conf::Event& event, WallTime wall) {
  const Duration late = wall - (event.start - event.hook_before);
  log::Info(
      log::kUnlimited, "event %s: its hook runs: %s%s", event.name, absl::StrJoin(event.hook, " "),
      late > kLate
          ? absl::StrFormat(", %s late",
                            conf::FormatDuration(std::chrono::floor<std::chrono::minutes>(late)))
          : "");
  Entry& entry = *entries_.emplace_back(std::make_unique<Entry>(
      Entry{.run = {.event = event.name, .start = event.start, .ran = Whole(wall)},
            .began = loop_.now()}));
  // Before it runs: once that is on disk it is not run twice, whatever happens to this process.
  Save();
  auto child = net::ChildProcess::Start(
      loop_,
      {.command = event.hook, .environment = EnvironmentOf(event), .timeout = event.hook_timeout},
      [name = event.name](std::string_view line) {
        log::Info(log::kUnlimited, "event %s: its hook says: %s", name, line);
      },
      [this, &entry](const net::ChildEnd& end) {
        const Outcome failed = end.timed_out ? Outcome::kTimeout : Outcome::kFailed;
        End(entry, end.ok() ? Outcome::kOk : failed, end.ok() ? "" : end.What());
      });
  if (child.ok()) {
    entry.child = *std::move(child);
  } else {
    End(entry, Outcome::kNotStarted, std::string(child.status().message()));
  }
}

void Hooks::End(Entry& entry, Outcome outcome, std::string how) {
  entry.child.reset();
  HookRun& run = entry.run;
  run.outcome = outcome;
  run.how = std::move(how);
  ++counts_[static_cast<size_t>(outcome)];
  Save();
  const double took = std::chrono::duration<double>(loop_.now() - entry.began).count();
  switch (outcome) {
    case Outcome::kOk:
      log::Info(log::kUnlimited, "event %s: its hook is done, after %.1f s", run.event, took);
      break;
    case Outcome::kTimeout:
      log::Warn(log::kUnlimited, "event %s: its hook was ended, for it took over %.1f s: %s",
                run.event, took, run.how);
      break;
    case Outcome::kNotStarted:
      log::Warn(log::kUnlimited, "event %s: its hook cannot be run: %s", run.event, run.how);
      break;
    case Outcome::kFailed:
    case Outcome::kRunning:
      log::Warn(log::kUnlimited, "event %s: its hook failed, after %.1f s: %s", run.event, took,
                run.how);
      break;
  }
}

void Hooks::Close() {
  const size_t ended = std::erase_if(entries_, [](const std::unique_ptr<Entry>& entry) {
    if (entry->child == nullptr) return false;
    log::Warn(log::kUnlimited,
              "event %s: its hook still runs and is ended; the next start runs it again",
              entry->run.event);
    return true;
  });
  if (ended > 0) Save();
}

// The oldest, beyond kMost, of events that cannot come to their hook again.
void Hooks::Forget(const conf::Config& config) {
  if (entries_.size() < kMost) return;
  size_t surplus = entries_.size() - kMost + 1;
  std::erase_if(entries_, [&](const std::unique_ptr<Entry>& entry) {
    if (surplus == 0 || entry->child != nullptr || Has(config, entry->run)) return false;
    --surplus;
    return true;
  });
}

void Hooks::Save() const {
  if (state_ == nullptr) return;
  std::vector<HookRun> runs;
  for (const std::unique_ptr<Entry>& entry : entries_) runs.push_back(entry->run);
  state_->Write(kFile, FormatHookRuns(runs));
}

std::vector<std::string> HookConcerns(const conf::Config& config, WallTime now) {
  std::vector<std::string> concerns;
  for (const conf::Event& event : config.events) {
    if (event.hook.empty() || event.end <= now) continue;
    const std::string& program = event.hook.front();
    struct stat info {};
    const bool there = ::stat(program.c_str(), &info) == 0;
    if (there && S_ISREG(info.st_mode) && (info.st_mode & 0111) != 0) continue;
    concerns.push_back(absl::StrFormat("event %s: its hook %s cannot be run: %s", event.name,
                                       program,
                                       there ? "it is no executable file" : std::strerror(errno)));
  }
  return concerns;
}

}  // namespace sluice::server
