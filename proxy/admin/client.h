// One request to the admin API of a running sluice, for `sluice ctl`: connects, asks, reads the
// answer to its end, and leaves.
//
// Threads: any; blocks, kPatience at most for each step. An answer has kMostBytes at most.
#ifndef SLUICE_PROXY_ADMIN_CLIENT_H_
#define SLUICE_PROXY_ADMIN_CLIENT_H_

#include <chrono>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "proxy/base/address.h"

namespace sluice::admin {

struct Ask {
  std::string_view path;
  std::string_view order;  // JSON to POST; empty: a GET
  std::string_view token;  // empty: none
};

struct Reply {
  int status = 0;
  std::string body;
};

inline constexpr std::chrono::seconds kPatience{10};
inline constexpr size_t kMostBytes = 64u << 20;

// kUnavailable: nobody answers there.
absl::StatusOr<Reply> Send(const Address& to, const Ask& ask);

}  // namespace sluice::admin

#endif  // SLUICE_PROXY_ADMIN_CLIENT_H_
