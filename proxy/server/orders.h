// Orders: all that operators have changed about a running sluice, together: the layers over servers
// (overlay.h), limits (limit_overlay.h) and waiting rooms (room_overlay.h), and the panic switch;
// and how they are kept on disk through a restart, in the file "orders" of the state directory. A
// line is one of them,
//
//   room do=pause room=sale who=root%20(uid%200) from=… when=… until=… reason=…
//
// its values escaped, its times milliseconds since 1970, for the clock that deadlines go by begins
// anew with each boot. Bans are not among them: a key is known by a secret of the process.
//
// Threads: any; pure. Cost: some 1 KiB of text for each.
#ifndef SLUICE_PROXY_SERVER_ORDERS_H_
#define SLUICE_PROXY_SERVER_ORDERS_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/base/time.h"
#include "proxy/server/limit_overlay.h"
#include "proxy/server/overlay.h"
#include "proxy/server/panic.h"
#include "proxy/server/room_overlay.h"

namespace sluice::server {

// Each as its layer has it, in the order in which they were made.
struct Orders {
  std::vector<Change> servers;
  std::vector<LimitChange> limits;  // what lasts, then what is on top of it for a time
  std::vector<RoomChange> rooms;
  std::optional<PanicState> panic;

  size_t size() const {
    return servers.size() + limits.size() + rooms.size() + (panic.has_value() ? 1 : 0);
  }
};

// One moment by both clocks.
struct Moment {
  TimePoint now;
  WallTime wall;
};

std::string FormatOrders(const Orders& orders, Moment at);

struct ParsedOrders {
  Orders orders;       // also such as have ended meanwhile
  size_t damaged = 0;  // lines that are none of these, or say what may not be said
};
ParsedOrders ParseOrders(std::string_view text, Moment at);

}  // namespace sluice::server

#endif  // SLUICE_PROXY_SERVER_ORDERS_H_
