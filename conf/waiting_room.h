// The part of Config that says who waits where, and when a sale is: waiting rooms, events, and what
// is kept of them through a restart. See config.h, which includes this.
#ifndef SLUICE_CONF_WAITING_ROOM_H_
#define SLUICE_CONF_WAITING_ROOM_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "conf/match.h"
#include "conf/tls.h"
#include "ratelimit/spec.h"

namespace sluice::conf {

// A moment of the calendar, UTC; from 1970 to 2200, so that it and a day around it can be told in
// nanoseconds, too.
using Time = std::chrono::sys_seconds;

// What is kept on disk.
struct State {
  std::string dir = "/var/lib/sluice";  // "off": nothing is

  bool operator==(const State&) const = default;
};

// Requests that pass a room as if it were not there: those for which all of this is true.
struct Bypass {
  Match match = {};                       // path or path_prefix, method, header
  std::vector<std::string> address = {};  // of the client: addresses and ranges; empty: any
};

struct WaitingRoom {
  std::string name = {};  // in the cookie's name, too
  // Beside the routes that name it; "*": all with a pool that name none. Once loaded each of these
  // routes names it itself.
  std::vector<std::string> routes = {};
  std::string when = "overload";  // "always", "event", "off"
  // Visitors inside at once; none: "auto".
  std::optional<uint32_t> max_active = std::nullopt;
  // Visitors let in; none: "auto".
  std::optional<ratelimit::Rate> pace = std::nullopt;
  Duration session = 10min;        // without a request for so long a place inside lapses
  Duration grace = 5min;           // a place in line, after its visitor should have come back
  bool random_order = false;       // key: order = "fifo" | "random"
  uint32_t max_waiting = 1000000;  // beyond: told to come back, without a ticket
  uint32_t poll_budget = 500;      // visits per second that the line makes, all together
  // Of the requests that bring one ticket.
  std::optional<ratelimit::Rate> visitor_rate = ratelimit::Rate{.count = 20};
  int status = 200;  // of the page: 200, 202, 429 or 503
  File page_file = {};
  std::vector<File> text_files = {};
  std::string message = {};  // on the page
  File key_file = {};        // signs tickets; one a line, the first signs, all are good
  bool fleet = false;        // key: scope = "machine" | "fleet": all that share the [store]
  bool fail_closed = false;  // key: fail = "open" | "closed"; the store is silent
  std::vector<Bypass> bypass = {};
};
inline constexpr size_t kShortestTicketKey = 32;  // bytes
inline constexpr size_t kMostTicketKeys = 8;

// A sale that was announced. Events of one room do not overlap, from prequeue to end.
struct Event {
  std::string name = {};
  Time start = {};
  Time end = {};
  std::string waiting_room = {};
  Duration prequeue = 0s;                // before start, in which visitors gather
  bool raffle = false;                   // those get places by lot
  std::vector<std::string> limits = {};  // on the room's routes, from prequeue to end
  // In place of the room's; the outer none: the room's, the inner one: "auto".
  std::optional<std::optional<uint32_t>> max_active = std::nullopt;
  std::optional<std::optional<ratelimit::Rate>> pace = std::nullopt;
  std::vector<std::string> hook = {};  // a program and its arguments
  Duration hook_before = 20min;        // so long before start it is run
  Duration hook_timeout = 1min;        // then it is ended
};

}  // namespace sluice::conf

#endif  // SLUICE_CONF_WAITING_ROOM_H_
