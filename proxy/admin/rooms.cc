#include "proxy/admin/rooms.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <iterator>
#include <memory>
#include <optional>
#include <vector>

#include "absl/strings/str_format.h"
#include "conf/schema.h"
#include "conf/syntax.h"
#include "conf/units.h"
#include "proxy/admin/events.h"
#include "proxy/admin/exposition.h"

namespace sluice::admin {
namespace {

using Deed = server::RoomOrder::Deed;
using Counts = admission::Room::Rule::Counts;

// What became of visitors, from the first page on.
struct End {
  std::string_view name;
  uint64_t Counts::*count;
};
constexpr std::array<End, 7> kEnds = {{{"given", &Counts::given},
                                       {"straight", &Counts::straight},
                                       {"entered", &Counts::entered},
                                       {"lapsed", &Counts::lapsed},
                                       {"left", &Counts::left},
                                       {"ended", &Counts::ended},
                                       {"refused", &Counts::refused}}};

// One room as it is at this moment.
struct Row {
  const conf::WaitingRoom& file;
  server::RoomInForce in_force;
  const conf::Event* event;
  std::shared_ptr<const admission::Room> room;
  Counts counts;
  std::optional<admission::RoomSync::Standing> fleet;  // of a room that is shared
};

std::vector<Row> All(const server::Supervisor& supervisor) {
  std::vector<Row> rows;
  if (supervisor.view() == nullptr) return rows;
  const conf::Config& config = *supervisor.view()->config;
  const WallTime wall = std::chrono::system_clock::now();
  for (const conf::WaitingRoom& file : config.waiting_rooms) {
    const conf::Event* const event = server::Rooms::EventOf(config, file.name, wall);
    std::shared_ptr<const admission::Room> room = supervisor.rooms().Find(file.name);
    if (room == nullptr) continue;
    const Counts counts = room->counts();
    rows.push_back({file, supervisor.rooms().InForce(file, event), event, std::move(room), counts,
                    supervisor.fleet().rooms().Find(file.name)});
  }
  return rows;
}

std::string_view StateOf(const Row& row) {
  if (!server::Rooms::IsThere(row.in_force.spec, row.event)) return "off";
  if (row.room->gathers_until()) return "gathers";
  if (row.in_force.paused) return "paused";
  if (row.room->barred()) return "without store";
  return row.in_force.spec.when == "always" ? "all wait" : "open";
}

Json EventJson(const Row& row) {
  if (row.event == nullptr) return nullptr;
  return {{"event", row.event->name},
          {"phase", row.room->gathers_until() ? "prequeue" : "begun"},
          {"start", conf::FormatTime(row.event->start)},
          {"end", conf::FormatTime(row.event->end)}};
}

// Null for a room of this machine alone.
Json FleetJson(const Row& row) {
  if (!row.fleet) return nullptr;
  return {{"store", row.fleet->known ? "answers" : "silent"},
          {"instances", row.fleet->instances},
          {"waiting", row.fleet->waiting + row.counts.waiting},
          {"active", row.fleet->active + row.counts.active},
          {"unreadable", row.fleet->unreadable}};
}

Json RoomJson(const Row& row, const server::Supervisor& supervisor) {
  const conf::WaitingRoom& spec = row.in_force.spec;
  Json faults = Json::object();
  for (size_t i = 1; i < ratelimit::kTicketFaults; ++i) {
    const auto fault = static_cast<ratelimit::TicketFault>(i);
    faults[std::string(ratelimit::TicketFaultName(fault))] = row.room->faults(fault);
  }
  Json changes = Json::array();
  for (const server::RoomChange& change : supervisor.rooms().overlay().changes()) {
    if (change.order.room == spec.name) changes.push_back(ChangeJson(change));
  }
  Json json = {{"room", spec.name},
               {"mode", row.file.when},
               {"state", StateOf(row)},
               {"waiting", row.counts.waiting},
               {"called", row.counts.called},
               {"active", row.counts.active},
               {"released", row.counts.released}};
  for (const End& end : kEnds) json[std::string(end.name)] = row.counts.*end.count;
  json["entries_per_s"] = Rounded(row.counts.pace);
  json["drain_per_s"] = Rounded(row.counts.drain);
  json["estimate_error"] = Rounded(row.counts.error);
  json["pace"] = spec.pace ? conf::FormatRate(*spec.pace) : "auto";
  json["max_active"] = spec.max_active ? Json(*spec.max_active) : Json("auto");
  json["closed"] = row.room->closed();
  json["scope"] = row.file.fleet ? "fleet" : "machine";
  json["fleet"] = FleetJson(row);
  json["message"] = spec.message;
  json["event"] = EventJson(row);
  json["ticket_faults"] = std::move(faults);
  json["changes"] = std::move(changes);
  return json;
}

// Of rooms that are shared with other machines.
void AddFleet(const std::vector<Row>& rows, Exposition& out) {
  const auto each = [&](std::string_view name, std::string_view help, auto value) {
    out.Family(name, "gauge", help);
    for (const Row& row : rows) {
      if (row.fleet) out.Sample({{"room", row.file.name}}, value(row));
    }
  };
  each("sluice_waiting_room_fleet_known",
       "1 while the store tells of the other machines; 0: this one goes on by itself.",
       [](const Row& row) { return uint64_t{row.fleet->known}; });
  each("sluice_waiting_room_fleet_instances", "Machines that share the room.",
       [](const Row& row) { return uint64_t{row.fleet->instances}; });
  each("sluice_waiting_room_fleet_waiting", "Visitors in line at all of them.",
       [](const Row& row) { return row.fleet->waiting + row.counts.waiting; });
  each("sluice_waiting_room_fleet_active", "Visitors inside, at all of them.",
       [](const Row& row) { return row.fleet->active + row.counts.active; });
  out.Family("sluice_waiting_room_fleet_unreadable_total", "counter",
             "What was in the store in place of a word of another machine.");
  for (const Row& row : rows) {
    if (row.fleet) out.Sample({{"room", row.file.name}}, row.fleet->unreadable);
  }
}

absl::Status ReadDuration(std::string_view text, Duration& lasts) {
  const absl::StatusOr<std::chrono::nanoseconds> parsed = conf::ParseDuration(text);
  if (!parsed.ok() || *parsed <= Duration::zero() || *parsed > server::kLongestChange) {
    return Wrong(
        absl::StrFormat("for: '%s' is no time such as \"30min\", of a year at most", text));
  }
  lasts = *parsed;
  return absl::OkStatus();
}

// A number of visitors, as max_active may have them.
absl::Status ReadVisitors(const Json& value, uint64_t& visitors) {
  const conf::Bounds bounds = *conf::BoundsOf(*conf::FindKey("waiting_room.max_active"));
  if (!value.is_number_unsigned() || value.get<uint64_t>() < bounds.least ||
      value.get<uint64_t>() > bounds.most) {
    return Wrong(
        absl::StrFormat("value is a number of visitors, %d to %d", bounds.least, bounds.most));
  }
  visitors = value.get<uint64_t>();
  return absl::OkStatus();
}

absl::Status ReadValue(const Json& value, server::RoomOrder& order) {
  if (order.deed == Deed::kRelease) return ReadVisitors(value, order.visitors);
  const bool automatic = value == "auto" && order.deed != Deed::kMessage;
  if (automatic) return absl::OkStatus();
  if (order.deed == Deed::kMaxActive) {
    uint64_t most = 0;
    absl::Status status = ReadVisitors(value, most);
    order.max_active = static_cast<uint32_t>(most);
    return status;
  }
  std::string text;
  if (absl::Status status = ReadText(value, "value", text); !status.ok()) return status;
  if (order.deed == Deed::kMessage) {
    if (const std::string wrong = conf::CheckMessage(text); !wrong.empty()) {
      return Wrong("value " + wrong);
    }
    order.message = text;
    return absl::OkStatus();
  }
  const absl::StatusOr<ratelimit::Rate> pace = conf::ParseRate(text);
  if (!pace.ok()) return Wrong("value " + std::string(pace.status().message()));
  order.pace = *pace;
  return absl::OkStatus();
}

absl::Status ReadKey(const std::string& key, const Json& value, server::RoomOrder& order) {
  constexpr std::string_view kKeys[] = {"do", "room", "value", "for", "reason"};
  if (key == "value") return absl::OkStatus();  // what it is depends on the deed
  if (std::find(std::begin(kKeys), std::end(kKeys), key) == std::end(kKeys)) {
    return UnknownKey(key, kKeys);
  }
  if (key == "do") {
    size_t which = 0;
    absl::Status status = ReadChoice(value, key, server::kRoomDeeds, which);
    order.deed = static_cast<Deed>(which);
    return status;
  }
  std::string text;
  if (absl::Status status = ReadText(value, key, text); !status.ok()) return status;
  if (key == "for") return ReadDuration(text, order.lasts);
  (key == "room" ? order.room : order.reason) = text;
  return absl::OkStatus();
}

bool TakesValue(Deed deed) {
  return deed == Deed::kPace || deed == Deed::kMaxActive || deed == Deed::kMessage ||
         deed == Deed::kRelease;
}

}  // namespace

Json ChangeJson(const server::RoomChange& change) {
  Json json = {{"room", change.order.room},        {"change", change.order.What()},
               {"who", change.author.who},         {"from", change.author.from},
               {"when", Date(change.author.when)}, {"reason", change.order.reason}};
  if (change.timed()) {
    json["ends_in_s"] = Seconds(change.until - std::chrono::steady_clock::now());
  }
  return json;
}

Json RoomsJson(const server::Supervisor& supervisor) {
  Json rooms = Json::array();
  for (const Row& row : All(supervisor)) rooms.push_back(RoomJson(row, supervisor));
  Json json = {{"rooms", std::move(rooms)}, {"events", EventsJson(supervisor)}};
  if (const server::StateDir* const state = supervisor.state_dir()) {
    json["state_dir"] = {{"path", state->path()},
                         {"on_disk", state->on_disk()},
                         {"written", state->written()},
                         {"failed", state->failed()}};
  }
  return json;
}

std::string Rooms(const server::Supervisor& supervisor) { return ToText(RoomsJson(supervisor)); }

std::string RoomMetrics(const server::Supervisor& supervisor) {
  const std::vector<Row> rows = All(supervisor);
  Exposition out;
  const auto each = [&](std::string_view name, std::string_view help, auto value) {
    out.Family(name, "gauge", help);
    for (const Row& row : rows) out.Sample({{"room", row.file.name}}, value(row));
  };
  each("sluice_waiting_room_waiting", "Visitors in line.",
       [](const Row& row) { return row.counts.waiting; });
  each("sluice_waiting_room_called", "Of these, who may come in at their next visit.",
       [](const Row& row) { return row.counts.called; });
  each("sluice_waiting_room_active", "Visitors inside, of those that had to wait or are counted.",
       [](const Row& row) { return row.counts.active; });
  each("sluice_waiting_room_pace", "Visitors that come in, a second.",
       [](const Row& row) { return row.counts.pace; });
  each("sluice_waiting_room_drain",
       "Visitors by which the line is expected to get shorter, a second.",
       [](const Row& row) { return row.counts.drain; });
  each("sluice_waiting_room_estimate_error",
       "By which part of the wait that was announced it was another, lately.",
       [](const Row& row) { return row.counts.error; });
  each("sluice_waiting_room_released", "Visitors released by an order and not in yet.",
       [](const Row& row) { return row.counts.released; });
  each("sluice_waiting_room_closed",
       "1 while nobody is let in, by operators or for want of the fleet's store.",
       [](const Row& row) { return uint64_t{row.room->closed()}; });
  each("sluice_waiting_room_gathers", "1 while visitors gather for an event that is to begin.",
       [](const Row& row) { return uint64_t{row.room->gathers_until().has_value()}; });
  out.Family("sluice_waiting_room_visitors_total", "counter",
             "Visitors that were given a place, came in (of these: straight), lapsed inside, left "
             "the line, were done, or found the room full.");
  for (const Row& row : rows) {
    for (const End& end : kEnds) {
      out.Sample({{"room", row.file.name}, {"end", end.name}}, row.counts.*end.count);
    }
  }
  AddFleet(rows, out);
  out.Family("sluice_waiting_room_ticket_faults_total", "counter",
             "Requests at a room without a good ticket, by why.");
  for (const Row& row : rows) {
    for (size_t i = 1; i < ratelimit::kTicketFaults; ++i) {
      const auto fault = static_cast<ratelimit::TicketFault>(i);
      out.Sample({{"room", row.file.name}, {"fault", ratelimit::TicketFaultName(fault)}},
                 row.room->faults(fault));
    }
  }
  const server::StateDir* const state = supervisor.state_dir();
  if (state == nullptr) return out.Take();
  out.Family("sluice_state_on_disk", "gauge",
             "0 while what outlives the process is in memory only.");
  out.Sample({}, uint64_t{state->on_disk()});
  out.Family("sluice_state_writes_total", "counter", "Files of [state] dir written, by result.");
  out.Sample({{"result", "written"}}, state->written());
  out.Sample({{"result", "failed"}}, state->failed());
  return out.Take();
}

absl::StatusOr<server::RoomOrder> ParseRoomOrder(std::string_view json) {
  const absl::StatusOr<Json> parsed = ParseObject(json, "{\"do\": \"pause\", \"room\": …}");
  if (!parsed.ok()) return parsed.status();
  server::RoomOrder order;
  for (const auto& [key, value] : parsed->items()) {
    if (absl::Status status = ReadKey(key, value, order); !status.ok()) return status;
  }
  if (absl::Status status = HasAll(*parsed, {"do", "room"}); !status.ok()) return status;
  const std::string deed(server::kRoomDeeds[static_cast<size_t>(order.deed)]);
  const bool takes = TakesValue(order.deed);
  if (takes != parsed->contains("value")) {
    return Wrong(takes ? "value is missing: " + deed + " what?" : deed + " takes no value");
  }
  if (!server::Lasts(order.deed) && parsed->contains("for")) {
    return Wrong(deed + " is not for a time");
  }
  if (takes) {
    if (absl::Status status = ReadValue((*parsed)["value"], order); !status.ok()) return status;
  }
  return order;
}

}  // namespace sluice::admin
