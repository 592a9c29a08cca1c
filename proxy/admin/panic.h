// The panic switch in JSON and for Prometheus, and orders about it.
//
// Threads: the supervisor's. ParsePanicOrder() is pure.
#ifndef SLUICE_PROXY_ADMIN_PANIC_H_
#define SLUICE_PROXY_ADMIN_PANIC_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "proxy/server/panic.h"
#include "proxy/server/supervisor.h"

namespace sluice::admin {

// {"panic": false}, or {"panic": true, "keep": ["critical"], "who": …, "ends_in_s": 540.2, …}
std::string PanicText(const server::Supervisor& supervisor);

std::string PanicMetrics(const server::Supervisor& supervisor);

// {"do": "on", "keep": ["critical", "high"], "for": "10min", "reason": "…"}, {"do": "off"}
absl::StatusOr<server::PanicOrder> ParsePanicOrder(std::string_view json);

}  // namespace sluice::admin

#endif  // SLUICE_PROXY_ADMIN_PANIC_H_
