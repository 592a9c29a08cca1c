// Rooms: the waiting rooms with those who wait and are inside, their pace, and what operators have
// said of them, in JSON and for Prometheus; and orders about rooms.
//
// Threads: the supervisor's. ParseRoomOrder() is pure. Cost: a room's mutex once each.
#ifndef SLUICE_PROXY_ADMIN_ROOMS_H_
#define SLUICE_PROXY_ADMIN_ROOMS_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "proxy/admin/json.h"
#include "proxy/server/room_overlay.h"
#include "proxy/server/supervisor.h"

namespace sluice::admin {

// {"rooms": [{"room": "sale", "mode": "overload", "state": "open", "waiting": 812, …}], "events":
// [{"event": "friday", …}], "state_dir": {"path": "/var/lib/sluice", "on_disk": true, "written":
// 60, "failed": 0}}. Paces are visitors a second; "estimate_error" a part of the waits that were
// announced. Of a room that is shared "fleet" has what all machines have together.
Json RoomsJson(const server::Supervisor& supervisor);
// {"room": "sale", "change": "paused", "who": …}, as in "changes" of a room and in /changes.
Json ChangeJson(const server::RoomChange& change);
std::string Rooms(const server::Supervisor& supervisor);

std::string RoomMetrics(const server::Supervisor& supervisor);

// {"do": "pace", "room": "sale", "value": "600/min", "for": "30m", "reason": "…"}. The value is of
// pace a rate or "auto", of max_active a number or "auto", of release a number, of message a text.
absl::StatusOr<server::RoomOrder> ParseRoomOrder(std::string_view json);

}  // namespace sluice::admin

#endif  // SLUICE_PROXY_ADMIN_ROOMS_H_
