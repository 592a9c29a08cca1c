#include "balancer/health.h"

#include <algorithm>

#include "absl/random/distributions.h"
#include "balancer/slow_start.h"

namespace sluice::balancer {

HealthChange Health::OnCheck(bool passed, HostStats& host, TimePoint now) {
  if (passed == up_) {
    against_ = 0;
    return HealthChange::kNone;
  }
  const uint32_t needed = std::max(up_ ? spec_.fall : spec_.rise, 1u);
  if (++against_ < needed) return HealthChange::kNone;
  against_ = 0;
  up_ = passed;
  // The ramp first: who sees the host up sees that it is new.
  if (up_) BeginSlowStart(host, now);
  host.down.store(!up_, std::memory_order_release);
  return up_ ? HealthChange::kCameUp : HealthChange::kWentDown;
}

Duration Health::UntilNext(absl::BitGenRef rng) const {
  const bool calm = up_ && against_ == 0;
  const Duration interval = calm ? spec_.interval : std::min(spec_.fast_interval, spec_.interval);
  const double jitter = std::min(spec_.jitter_percent, 100u) / 100.0;
  const double part = absl::Uniform<double>(rng, 1 - jitter, 1 + jitter);
  return Duration(static_cast<int64_t>(static_cast<double>(interval.count()) * part));
}

}  // namespace sluice::balancer
