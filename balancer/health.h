// Health: what the results of one server's checks come to. It takes `fall` failures in a row to go
// down and `rise` passes in a row to come up, and while it is down or about to go, checks come
// faster: a dead server is known dead after interval + (fall - 1) * fast_interval, and a healed one
// is used again after rise * fast_interval.
//
// Pure arithmetic for the one thread that probes. It lives beside the HostStats and outlives views,
// so that a reload forgets no result.
#ifndef SLUICE_BALANCER_HEALTH_H_
#define SLUICE_BALANCER_HEALTH_H_

#include <cstdint>

#include "absl/random/bit_gen_ref.h"
#include "balancer/host.h"
#include "balancer/spec.h"

namespace sluice::balancer {

enum class HealthChange : uint8_t { kNone, kWentDown, kCameUp };

class Health {
 public:
  // Up until the checks say otherwise: whoever starts the proxy wants it to serve at once.
  explicit Health(const HealthSpec& spec) : spec_(spec) {}
  // Judges by another spec from now on; what is known stays.
  void SetSpec(const HealthSpec& spec) { spec_ = spec; }

  // The result of a check, and what it changed. Sets `host` down or up; one that comes up starts
  // slowly (slow_start.h).
  HealthChange OnCheck(bool passed, HostStats& host, TimePoint now);

  // From the end of one check to the next: the interval with its jitter, so that the checks of many
  // servers and of many proxies do not meet.
  Duration UntilNext(absl::BitGenRef rng) const;

  bool up() const { return up_; }
  // Checks in a row that spoke against the present state; with fall and rise the evidence of a
  // change.
  uint32_t against() const { return against_; }

 private:
  HealthSpec spec_;
  bool up_ = true;
  uint32_t against_ = 0;
};

}  // namespace sluice::balancer

#endif  // SLUICE_BALANCER_HEALTH_H_
