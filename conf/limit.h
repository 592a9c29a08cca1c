// The part of Config that says how much may pass: limits, and what of them a route names. See
// config.h, which includes this.
#ifndef SLUICE_CONF_LIMIT_H_
#define SLUICE_CONF_LIMIT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "conf/tls.h"
#include "ratelimit/spec.h"

namespace sluice::conf {

// Whoever goes on after being refused so often is shut out for a while.
struct LimitBan {
  // Refusals of one key.
  std::optional<ratelimit::Rate> after = ratelimit::Rate{.count = 100, .per = 1min};
  Duration time = 10min;
  Duration longest = 24h;  // doubled for who comes back, up to this

  bool operator==(const LimitBan&) const = default;
};

struct Limit {
  std::string name = {};
  std::vector<std::string> key = {"client_ip"};  // parts; none: all requests together
  // One of these two.
  std::optional<ratelimit::Rate> rate = std::nullopt;
  uint32_t concurrency = 0;        // requests at once
  uint32_t burst = 0;              // of the rate; 0: as many as it counts
  std::string charge = "request";  // or "server_time": the rate counts milliseconds
  std::string action = "reject";   // "delay", "tag", "close"
  Duration max_delay = 1s;
  bool dry_run = false;
  std::string missing = "pass";          // a part of the key: "share", "reject"
  std::vector<std::string> routes = {};  // beside those that name it; "*": all, and what has none
  std::vector<std::string> exempt = {};  // addresses and ranges
  uint32_t ipv4_prefix = 32;
  uint32_t ipv6_prefix = 64;
  uint32_t keys = 65536;              // that may owe something at once
  std::string scope = "machine";      // or "fleet": all that share the [store]
  std::string when_silent = "share";  // the store: "open", "closed"
  std::string headers = "refused";    // "always", "never"
  bool log = false;                   // a line in the access log for each that is refused
  std::optional<LimitBan> ban = std::nullopt;

  ratelimit::RateSpec Spec() const {
    return {.rate = *rate, .burst = burst == 0 ? rate->count : burst};
  }
  bool operator==(const Limit&) const = default;
};

// Tokens (JSON Web Tokens of HS256) by whose claims clients can be told apart.
struct Jwt {
  File secret;  // one a line: a token is good when one of them signed it
  Duration leeway = 60s;
  std::string issuer;
  std::string audience;
  bool must_end = false;
  std::string header = "authorization";
  std::string cookie;
};

// One of the limits of a route.
struct RouteLimit {
  std::string name;
  uint32_t cost = 1;  // of a request there
};

}  // namespace sluice::conf

#endif  // SLUICE_CONF_LIMIT_H_
