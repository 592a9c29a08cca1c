// The part of validate.h that is about waiting rooms and events.
#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "conf/checks.h"
#include "conf/units.h"
#include "conf/validate.h"

namespace sluice::conf {
namespace {

class RoomValidator {
 public:
  RoomValidator(const Config& config, Report& report)
      : config_(config), report_(report), rooms_(NamesOf(config.waiting_rooms)) {}

  void Run() {
    Seen names;
    Seen all;
    for (size_t i = 0; i < config_.waiting_rooms.size(); ++i) {
      const WaitingRoom& room = config_.waiting_rooms[i];
      const std::string place = absl::StrFormat("waiting_room[%d]", i);
      CheckDistinct(report_, names, "the waiting room", room.name, place + ".name");
      CheckRoom(room, place);
      CheckRoutesOf(room, all, place + ".routes");
    }
    for (size_t i = 0; i < config_.routes.size(); ++i) {
      CheckRoute(config_.routes[i], absl::StrFormat("route[%d]", i));
    }
    Events();
  }

 private:
  void CheckRoom(const WaitingRoom& room, const std::string& place) {
    constexpr std::array<int, 4> kStatuses = {200, 202, 429, 503};
    if (std::find(kStatuses.begin(), kStatuses.end(), room.status) == kStatuses.end()) {
      report_.WrongAt(place + ".status",
                      absl::StrFormat("%d is no status of a waiting page; it may be 200, 202, 429 "
                                      "or 503",
                                      room.status));
    }
    if (!room.page_file.name.empty() && room.page_file.content.empty()) {
      report_.WrongAt(place + ".page_file", "the file is empty, and so would be the page");
    }
    CheckSecrets(report_, room.key_file, {kShortestTicketKey, kMostTicketKeys, "tickets"},
                 place + ".key_file");
    if (room.fleet && room.key_file.name.empty()) {
      report_.WrongAt(place + ".scope",
                      "a fleet reads each other's tickets; write key_file, with the same keys on "
                      "all machines");
    }
    const bool has_event =
        std::any_of(config_.events.begin(), config_.events.end(),
                    [&](const Event& event) { return event.waiting_room == room.name; });
    if (room.when == "event" && !has_event) {
      report_.WrongAt(place + ".when",
                      "no [[event]] has this waiting_room, so nobody would ever wait; write one, "
                      "or another when");
    }
    WholeSeconds(place + ".session", room.session);
    WholeSeconds(place + ".grace", room.grace);
    for (size_t i = 0; i < room.bypass.size(); ++i) {
      CheckBypass(room.bypass[i], absl::StrFormat("%s.bypass[%d]", place, i));
    }
  }

  // Tickets and the calendar count in them.
  void WholeSeconds(const std::string& place, Duration time) {
    if (time % 1s == 0s) return;
    report_.WrongAt(place,
                    absl::StrFormat("%s is not a whole number of seconds; leave the rest out",
                                    FormatDuration(time)));
  }

  void CheckBypass(const Bypass& bypass, const std::string& place) {
    const bool path = report_.Written(place + ".path");
    const bool prefix = report_.Written(place + ".path_prefix");
    if (path && prefix) {
      report_.WrongAt(place + ".path_prefix",
                      "a bypass has path or path_prefix, not both; leave one out");
    }
    if (path || prefix || !bypass.match.method.empty() || !bypass.match.header.empty() ||
        !bypass.address.empty()) {
      return;
    }
    report_.WrongAt(place,
                    "a bypass without a condition is for everybody; write path, path_prefix, "
                    "method, header or address");
  }

  // Each of the room's routes is there, has a pool, and is in no other room.
  void CheckRoutesOf(const WaitingRoom& room, Seen& all, const std::string& place) {
    const std::vector<std::string_view> names = NamesOf(config_.routes);
    for (const std::string& name : room.routes) {
      if (name == "*") {
        const auto [before, is_new] = all.try_emplace(name, room.name);
        if (is_new) continue;
        report_.WrongAt(place,
                        absl::StrFormat("\"*\" is said by the waiting room %s already; only one "
                                        "can have all that name no other",
                                        Quote(before->second)));
        continue;
      }
      CheckExists(report_, "route", name, names, place);
      for (const Route& route : config_.routes) {
        if (route.name != name) continue;
        if (route.waiting_room != room.name && !room.name.empty()) {
          report_.WrongAt(place, absl::StrFormat("the route %s is in the waiting room %s; a route "
                                                 "can be in one only",
                                                 Quote(name), Quote(route.waiting_room)));
        } else if (route.pool.empty()) {
          report_.WrongAt(place,
                          absl::StrFormat("the route %s asks no pool, so there is nothing to wait "
                                          "for",
                                          Quote(name)));
        }
      }
    }
  }

  void CheckRoute(const Route& route, const std::string& place) {
    if (report_.Written(place + ".waiting_room")) {
      CheckExists(report_, "waiting room", route.waiting_room, rooms_, place + ".waiting_room");
      if (!report_.Written(place + ".pool")) {
        report_.WrongAt(place + ".waiting_room", "waiting_room needs a pool; this route asks none");
      }
    }
    if (!route.ends_session) return;
    const std::string key = place + ".ends_session";
    if (route.waiting_room.empty()) {
      report_.WrongAt(key, "ends_session needs waiting_room, where the session is");
    }
    const std::vector<std::string>& methods = route.match.method;
    const bool only_reads =
        std::all_of(methods.begin(), methods.end(),
                    [](std::string_view method) { return method == "GET" || method == "HEAD"; });
    if (!methods.empty() && only_reads) {
      report_.WrongAt(key, "ends_session is not for GET and HEAD, and this route has nothing else");
    }
  }

  void Events() {
    Seen names;
    for (size_t i = 0; i < config_.events.size(); ++i) {
      const Event& event = config_.events[i];
      const std::string place = absl::StrFormat("event[%d]", i);
      CheckDistinct(report_, names, "the event", event.name, place + ".name");
      CheckExists(report_, "waiting room", event.waiting_room, rooms_, place + ".waiting_room");
      CheckEvent(event, place);
      for (size_t j = 0; j < i; ++j) CheckApart(event, config_.events[j], place);
    }
  }

  // Whether both of its moments could be read, and are in order.
  static bool HasTimes(const Event& event) {
    return event.start != Time() && event.start < event.end;
  }

  void CheckApart(const Event& event, const Event& other, const std::string& place) {
    if (event.waiting_room != other.waiting_room || !HasTimes(event) || !HasTimes(other)) return;
    const auto opens = [](const Event& e) { return e.start - e.prequeue; };
    if (opens(event) >= other.end || opens(other) >= event.end) return;
    const auto words = [&](const Event& e) {
      return absl::StrFormat("from %s%s to %s", FormatTime(e.start),
                             e.prequeue == Duration(0)
                                 ? ""
                                 : absl::StrFormat(" (prequeue %s)", FormatDuration(e.prequeue)),
                             FormatTime(e.end));
    };
    report_.WrongAt(place + ".start",
                    absl::StrFormat("this event, %s, overlaps %s, %s; in one waiting room there is "
                                    "one at a time",
                                    words(event), Quote(other.name), words(other)));
  }

  void CheckEvent(const Event& event, const std::string& place) {
    if (event.start != Time() && event.end != Time() && event.start >= event.end) {
      report_.WrongAt(place + ".end",
                      absl::StrFormat("it ends %s, not after its start, %s", FormatTime(event.end),
                                      FormatTime(event.start)));
    }
    WholeSeconds(place + ".prequeue", event.prequeue);
    if (event.raffle && event.prequeue == Duration(0)) {
      report_.WrongAt(place + ".raffle",
                      "a raffle is among those who gathered before start, and nobody can; write "
                      "prequeue = \"30min\"");
    }
    Seen limits;
    const std::vector<std::string_view> names = NamesOf(config_.limits);
    for (const std::string& limit : event.limits) {
      CheckExists(report_, "limit", limit, names, place + ".limits");
      if (!limits.try_emplace(limit).second) {
        report_.WrongAt(place + ".limits", absl::StrFormat("%s is there twice", Quote(limit)));
      }
    }
    if (!event.hook.empty() && !event.hook.front().starts_with('/')) {
      report_.WrongAt(place + ".hook",
                      absl::StrFormat("%s is no absolute path; write where the program is, such as "
                                      "\"/usr/local/bin/prescale\"",
                                      Quote(event.hook.front())));
    }
    for (const std::string_view name : {"hook_before", "hook_timeout"}) {
      const std::string key = absl::StrFormat("%s.%s", place, name);
      if (report_.Written(place + ".hook") || !report_.Written(key)) continue;
      report_.WrongAt(key, absl::StrFormat("%s belongs to hook, which is not there", name));
    }
  }

  const Config& config_;
  Report& report_;
  const std::vector<std::string_view> rooms_;
};

}  // namespace

void ValidateRooms(const Config& config, Report& report) { RoomValidator(config, report).Run(); }

}  // namespace sluice::conf
