// Metrics: everything sluice counts, for Prometheus. Labels are names from the configuration and
// addresses of servers, never anything a client sends, so the number of series is bounded.
//
// Threads: the supervisor's.
#ifndef SLUICE_PROXY_ADMIN_METRICS_H_
#define SLUICE_PROXY_ADMIN_METRICS_H_

#include <string>

#include "proxy/admin/access.h"
#include "proxy/server/supervisor.h"

namespace sluice::admin {

std::string Metrics(const server::Supervisor& supervisor);
// Of the admin API itself: what was changed and refused, and how many changes are in force.
std::string AdminMetrics(const Tally& tally, size_t changes);

}  // namespace sluice::admin

#endif  // SLUICE_PROXY_ADMIN_METRICS_H_
