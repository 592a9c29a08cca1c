// Bans: who is shut out, until when and why, in JSON and for Prometheus; and orders about them.
//
// Threads: the supervisor's. ParseBanOrder() is pure.
#ifndef SLUICE_PROXY_ADMIN_BANS_H_
#define SLUICE_PROXY_ADMIN_BANS_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "proxy/server/supervisor.h"

namespace sluice::admin {

// {"bans": [{"key": "#0123456789abcdef", "who": "client_ip=203.0.113.7", "limit": "per-client",
// "why": …, "ends_in_s": 312.5}], "all": 1}: those that end last first, 1,000 of them at most.
std::string Bans(const server::Supervisor& supervisor);

std::string BanMetrics(const server::Supervisor& supervisor);

// {"do": "ban", "limit": "per-client", "key": "203.0.113.7", "for": "1h", "reason": "…"}, or {"do":
// "lift", …} without a time. "key" has the values of the parts of the limit's key, separated by
// commas, or is a "key" of Bans().
absl::StatusOr<server::BanOrder> ParseBanOrder(std::string_view json);

}  // namespace sluice::admin

#endif  // SLUICE_PROXY_ADMIN_BANS_H_
