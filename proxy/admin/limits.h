// Limits: those that hold, what came of them and who is refused most, in JSON and for Prometheus;
// one key's state; and orders about limits.
//
// Threads: the supervisor's. ParseLimitOrder() is pure.
#ifndef SLUICE_PROXY_ADMIN_LIMITS_H_
#define SLUICE_PROXY_ADMIN_LIMITS_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "proxy/server/limit_overlay.h"
#include "proxy/server/supervisor.h"

namespace sluice::admin {

// {"limits": [{"limit": "per-client", "what": "20/s, burst 40 by client_ip, reject", "routes":
// ["checkout"], "from": "file", "ends": {"passed": 812, …}, "most_refused": [{"key": …, "count":
// …}]}]}
std::string Limits(const server::Supervisor& supervisor);

// What holds at this moment for one key of a limit. `values`: of the parts of the key, in order,
// separated by commas; or the key as "most_refused" has it.
absl::StatusOr<std::string> KeyOfLimit(const server::Supervisor& supervisor, std::string_view limit,
                                       std::string_view values);

std::string LimitMetrics(const server::Supervisor& supervisor);

// {"do": "set", "limit": "per-client", "set": {"rate": "5/s"}, "for": "30m", "reason": "…"}. Under
// "set" are keys of [[limit]], with the values that they have in a file.
absl::StatusOr<server::LimitOrder> ParseLimitOrder(std::string_view json);

}  // namespace sluice::admin

#endif  // SLUICE_PROXY_ADMIN_LIMITS_H_
