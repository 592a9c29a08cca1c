// The part of Config that says how the servers of a pool are checked. See pool.h, which includes
// this.
#ifndef SLUICE_CONF_HEALTH_H_
#define SLUICE_CONF_HEALTH_H_

#include <cstdint>
#include <string>
#include <vector>

#include "balancer/spec.h"
#include "conf/tls.h"

namespace sluice::conf {

// Active health checks. Without a path a connection is enough, with the TLS handshake where the
// pool speaks TLS.
struct HealthCheck {
  std::string path;  // with its query
  std::string host;  // Host sent; empty: the server's name as written
  std::string method = "GET";
  std::vector<std::string> expect_status = {"200-399"};  // units.h, StatusRange
  std::string expect_body;                               // occurs in the first 64 KiB
  Duration timeout = 1s;                                 // of the whole check
  uint32_t port = 0;                                     // 0: the server's
  balancer::HealthSpec timing;                           // keys: interval, jitter, fall, ...
};

}  // namespace sluice::conf

#endif  // SLUICE_CONF_HEALTH_H_
