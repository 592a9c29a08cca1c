// Failure: what went wrong with an exchange, whose doing it was, and whether trying again may help.
// Retries, passive health, metrics and the log all read this one value instead of guessing.
#ifndef SLUICE_PROXY_BASE_FAILURE_H_
#define SLUICE_PROXY_BASE_FAILURE_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice {

enum class Side : uint8_t { kDownstream, kUpstream, kSluice };

// Every cause has one name in the log (`end` of a record) and one in /metrics (label `cause`).
enum class Cause : uint8_t {
  kNone,
  kConnectRefused,  // refused, unreachable, no route: nothing was sent
  kConnectTimeout,  // no connection within connect_timeout
  kTlsFailed,       // no TLS with the server: nothing was sent
  kReset,           // the peer reset or closed before the message was complete
  kHeadTimeout,     // no response head within head_timeout
  kIdleTimeout,     // nothing for idle_timeout in the middle of a body
  kTotalTimeout,    // the exchange's total_timeout
  kTooSlow,         // a client below min_body_rate
  kMalformed,       // not HTTP, or HTTP that two parsers could read differently
  kTooLarge,        // a head or body above its limit
  kDenied,          // the client's address is not let in
  kNoServer,        // the pool has no server to try
  kLimit,           // one of our own limits: descriptors, buffers
  kBreaker,         // the pool's circuit breaker is open
  kOverLimit,       // more than a [[limit]] lets pass
  kWaitingRoom,     // it was not its turn yet
  kClientLeft,      // the client closed or reset
  kShutdown,        // the shutdown deadline ended it
};

std::string_view CauseName(Cause cause);  // "connect_refused", ...

struct Failure {
  Side side = Side::kSluice;
  Cause cause = Cause::kNone;
  // Not a byte of the request has reached the peer: any method may go to another connection.
  bool nothing_sent = false;
  // A byte of an answer had come from the peer.
  bool answer_begun = false;
  std::string why;  // for people
};

}  // namespace sluice

#endif  // SLUICE_PROXY_BASE_FAILURE_H_
