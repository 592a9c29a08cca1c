// Events: the sales that the configuration announces, and what became of their hooks, in JSON and
// for Prometheus.
//
// Threads: the supervisor's.
#ifndef SLUICE_PROXY_ADMIN_EVENTS_H_
#define SLUICE_PROXY_ADMIN_EVENTS_H_

#include <string>

#include "proxy/admin/json.h"
#include "proxy/server/supervisor.h"

namespace sluice::admin {

// [{"event": "friday", "room": "sale", "phase": "ahead", "start": …, "end": …, "hook": {"state":
// "waits", "due": …, …}}]. The phase is "ahead", "prequeue", "begun" or "over"; "hook" null where
// there is none, its state "waits", "missed", or an outcome (server/hooks.h).
Json EventsJson(const server::Supervisor& supervisor);

std::string EventMetrics(const server::Supervisor& supervisor);

}  // namespace sluice::admin

#endif  // SLUICE_PROXY_ADMIN_EVENTS_H_
