#include "conf/lint.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "conf/report.h"
#include "conf/units.h"

namespace sluice::conf {
namespace {

bool PassesEverybody(const Bypass& bypass) {
  return bypass.match.path_prefix == "/" && bypass.match.method.empty() &&
         bypass.match.header.empty() && bypass.address.empty();
}

void LintRoom(const Config& config, const WaitingRoom& room, std::vector<std::string>& lines) {
  const std::string name = absl::StrFormat("the waiting room %s", Quote(room.name));
  const bool entered =
      std::any_of(config.routes.begin(), config.routes.end(),
                  [&](const Route& route) { return route.waiting_room == room.name; });
  if (!entered) {
    lines.push_back(absl::StrFormat("no route is in %s, so nobody waits there", name));
  }
  if (std::any_of(room.bypass.begin(), room.bypass.end(), PassesEverybody)) {
    lines.push_back(absl::StrFormat("%s has a bypass for all paths, so nobody waits there", name));
  }
  if (room.when != "off" && config.state.dir == "off" && room.key_file.name.empty()) {
    lines.push_back(
        absl::StrFormat("%s has no key_file and state.dir is off: a restart forgets "
                        "who waits and who is inside",
                        name));
  }
  if (room.fail_closed && !room.fleet) {
    lines.push_back(absl::StrFormat(
        "%s has fail = \"closed\", which says what happens without a store, and its "
        "scope is not \"fleet\"",
        name));
  }
}

void LintEvent(const Config& config, const Event& event, Time now,
               std::vector<std::string>& lines) {
  const std::string name = absl::StrFormat("the event %s", Quote(event.name));
  if (event.end <= now) {
    lines.push_back(absl::StrFormat("%s is over since %s", name, FormatTime(event.end)));
  }
  for (const WaitingRoom& room : config.waiting_rooms) {
    if (room.name != event.waiting_room || room.when != "off") continue;
    lines.push_back(
        absl::StrFormat("%s is in the waiting room %s, which is off, so nobody waits "
                        "then",
                        name, Quote(room.name)));
  }
  for (const Limit& limit : config.limits) {
    const bool here =
        std::find(event.limits.begin(), event.limits.end(), limit.name) != event.limits.end();
    const bool all = std::find(limit.routes.begin(), limit.routes.end(), "*") != limit.routes.end();
    if (!here || !all) continue;
    lines.push_back(absl::StrFormat("the limit %s of %s is for all routes at all times",
                                    Quote(limit.name), name));
  }
}

}  // namespace

std::vector<std::string> Lint(const Config& config, Time now) {
  std::vector<std::string> lines;
  for (const WaitingRoom& room : config.waiting_rooms) LintRoom(config, room, lines);
  for (const Event& event : config.events) LintEvent(config, event, now, lines);
  return lines;
}

}  // namespace sluice::conf
