// Metrics: everything sluice counts, for Prometheus. Labels are names from the configuration and
// addresses of servers, never anything a client sends, so the number of series is bounded.
//
// Threads: the supervisor's.
#ifndef SLUICE_PROXY_ADMIN_METRICS_H_
#define SLUICE_PROXY_ADMIN_METRICS_H_

#include <string>

#include "proxy/server/supervisor.h"

namespace sluice::admin {

std::string Metrics(const server::Supervisor& supervisor);

}  // namespace sluice::admin

#endif  // SLUICE_PROXY_ADMIN_METRICS_H_
