#include "proxy/admin/events.h"

#include <chrono>
#include <string_view>

#include "absl/strings/str_join.h"
#include "conf/units.h"
#include "proxy/admin/exposition.h"

namespace sluice::admin {
namespace {

std::string_view PhaseOf(const conf::Event& event, WallTime wall) {
  if (wall < event.start - event.prequeue) return "ahead";
  if (wall < event.start) return "prequeue";
  return wall < event.end ? "begun" : "over";
}

Json HookJson(const conf::Event& event, const server::HookRun* run, WallTime wall) {
  if (event.hook.empty()) return nullptr;
  const WallTime due = event.start - event.hook_before;
  Json json = {{"command", absl::StrJoin(event.hook, " ")},
               {"due", Date(due)},
               {"state", wall < event.end ? "waits" : "missed"},
               {"ran", nullptr},
               {"how", ""}};
  if (run != nullptr) {
    json["state"] = server::HookOutcomeName(run->outcome);
    json["ran"] = conf::FormatTime(run->ran);
    json["how"] = run->how;
  }
  return json;
}

}  // namespace

Json EventsJson(const server::Supervisor& supervisor) {
  const WallTime wall = std::chrono::system_clock::now();
  Json events = Json::array();
  for (const conf::Event& event : supervisor.config().events) {
    events.push_back({{"event", event.name},
                      {"room", event.waiting_room},
                      {"phase", PhaseOf(event, wall)},
                      {"start", conf::FormatTime(event.start)},
                      {"end", conf::FormatTime(event.end)},
                      {"hook", HookJson(event, supervisor.hooks().Find(event), wall)}});
  }
  return events;
}

std::string EventMetrics(const server::Supervisor& supervisor) {
  Exposition out;
  out.Family("sluice_event_hooks_total", "counter",
             "Programs of events that were run, by outcome.");
  for (size_t i = 1; i < server::kHookOutcomes.size(); ++i) {
    const auto outcome = static_cast<server::HookRun::Outcome>(i);
    out.Sample({{"outcome", server::HookOutcomeName(outcome)}}, supervisor.hooks().count(outcome));
  }
  return out.Take();
}

}  // namespace sluice::admin
