// Servers: the servers of all pools as an operator handles them, and what has been changed about
// them at run time, in JSON. What they answer and how fast is in /status.
//
// Threads: the supervisor's.
#ifndef SLUICE_PROXY_ADMIN_SERVERS_H_
#define SLUICE_PROXY_ADMIN_SERVERS_H_

#include <string>

#include "proxy/server/overlay.h"
#include "proxy/server/supervisor.h"

namespace sluice::admin {

// {"servers": [{"pool": "web", "server": "10.0.0.11:8000", "name": …, "weight": 1, "backup": false,
// "duty": "ready", "state": "up", "active": 3, "connections": 4, "from": "file"}]}
std::string Servers(const server::Supervisor& supervisor);

// {"changes": [{"pool": "web", "server": …, "change": "draining", "who": …, "from": …, "when":
// "2026-11-27T09:00:00Z", "reason": …}]}, in the order in which they were made.
std::string Changes(const server::Supervisor& supervisor);

// What an order that was obeyed is answered with: the order, the servers it was about as they are
// now, and a warning if the pool has none left for new requests.
std::string Done(const server::Supervisor& supervisor, const server::Order& order);

}  // namespace sluice::admin

#endif  // SLUICE_PROXY_ADMIN_SERVERS_H_
