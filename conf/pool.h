// The part of Config that says which servers there are and how they are used. See config.h, which
// includes this.
#ifndef SLUICE_CONF_POOL_H_
#define SLUICE_CONF_POOL_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "balancer/spec.h"
#include "conf/health.h"
#include "conf/tls.h"

namespace sluice::conf {

struct Server {
  std::string address;  // "10.0.0.11:8000", "[::1]:8000", "shop.internal:8000",
                        // "unix:/run/app.sock", "srv:_http._tcp.shop.internal"
  uint32_t weight = 1;
  bool backup = false;       // gets requests only while no other server can
  uint32_t concurrency = 0;  // as Pool::concurrency; 0: the pool's
  bool listed = false;       // by servers_file, not written here
};

// When a request is tried at another server, and how often.
struct Retry {
  std::vector<std::string> on = {"connect", "reset", "timeout"};  // and statuses: "503"
  balancer::RetryBudgetSpec budget;  // keys: retry.budget_percent, retry.budget_least
  Duration backoff = 25ms;
  Duration try_timeout = 0s;  // 0: head_timeout alone
};

// A second try while the first still runs.
struct Hedge {
  uint32_t percentile = 0;  // of the pool's times to an answer; 0: none
  Duration least = 5ms;     // and never sooner
};

// A cookie that keeps a session at a server.
struct Sticky {
  std::string cookie = "sluice_server";
  File secret = {};       // none: made at the start of the process
  Duration max_age = 0s;  // 0: until the browser is closed
  std::string path = "/";
  std::string same_site = "lax";  // "lax", "strict", "none"
  std::string secure = "auto";    // "auto": when the client came by https; "always", "never"
  bool http_only = true;
};

struct Pool {
  std::string name;
  std::vector<Server> servers;
  File servers_file = {};          // more of them, in `servers` too (server_list.h)
  balancer::PickerSpec picker;     // keys: strategy, slow_start, panic_percent
  std::string hash = "client_ip";  // maglev: "client_ip", "path", "header:X-User", "cookie:id", …
  std::optional<Sticky> sticky = std::nullopt;
  balancer::OutlierSpec outlier;  // keys: outlier.failures, outlier.rest, outlier.rest_max, ...
  balancer::SweepSpec sweep;      // keys: outlier.min_requests and those behind it
  std::optional<HealthCheck> health = std::nullopt;
  std::optional<balancer::BreakerSpec> breaker = std::nullopt;
  std::string protocol = "http1";  // "http1", "h2": HTTP/2 and nothing else; "auto": by ALPN
  std::optional<ServerTls> tls = std::nullopt;
  std::string host = "client";  // Host sent: "client", "server", or a literal value
  Duration connect_timeout = 1s;
  Duration head_timeout = 30s;  // from the request's last byte to the response head's last
  Duration idle_timeout = 60s;  // between two reads of a body
  Duration total_timeout = 0s;  // 0: none
  Duration tunnel_idle_timeout = 10min;
  // Kept connections per server and worker: a descriptor and 1 KiB each here, and at a server that
  // gives each connection a process, a process for max_idle_time.
  uint32_t max_idle = 1024;
  Duration max_idle_time = 55s;  // below the servers' own keep-alive timeout
  Duration max_age = 1h;         // of one connection
  uint32_t tries = 3;            // servers tried for one request, the first included
  Retry retry = {};
  Hedge hedge = {};
  // Requests at once at each server; 0: as many as come; none: "auto".
  std::optional<uint32_t> concurrency = std::nullopt;
  Duration stream_after = 5s;       // auto: what takes longer holds no place
  uint32_t queue = 4096;            // requests that wait for a server
  uint64_t queue_bytes = 64 << 20;  // of their bodies
  Duration queue_timeout = 10s;     // and how long each waits
  Duration cancel_hold = 30s;       // what a request that was given up may keep its place
  uint32_t max_connections = 0;     // to each server, idle ones included; 0: no limit
  uint64_t max_head = 32 << 10;
  bool nodelay = true;
  Duration tcp_keepalive = 60s;  // 0: off
};

}  // namespace sluice::conf

#endif  // SLUICE_CONF_POOL_H_
