// Orders as JSON: {"pool": "web", "server": "10.0.0.11:8000", "do": "drain", "reason": "…"}.
// Strict: what is unknown, missing or of another type is an error that says where.
//
// Threads: any. Pure.
#ifndef SLUICE_PROXY_ADMIN_ORDER_H_
#define SLUICE_PROXY_ADMIN_ORDER_H_

#include <string_view>

#include "absl/status/statusor.h"
#include "proxy/server/overlay.h"

namespace sluice::admin {

absl::StatusOr<server::Order> ParseOrder(std::string_view json);
std::string FormatOrder(const server::Order& order);

}  // namespace sluice::admin

#endif  // SLUICE_PROXY_ADMIN_ORDER_H_
