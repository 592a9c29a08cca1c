// Slow start: a server that is new, or comes back from a rest or a failed check, is given a tenth
// of its share and then more with every moment until PickerSpec::slow_start has passed. What it may
// hold at once grows along, because a cold cache is overrun by requests in flight, not by weight.
//
// Pure arithmetic, any thread. HostStats::ramp_from_ns says when it began; whoever adds a server to
// a running pool, or sees one come back, sets it. At the start of the proxy nobody does: when all
// servers are new there is nobody to take the rest of the load.
#ifndef SLUICE_BALANCER_SLOW_START_H_
#define SLUICE_BALANCER_SLOW_START_H_

#include <algorithm>
#include <cstdint>

#include "balancer/host.h"

namespace sluice::balancer {

// Small enough to be gentle, large enough that a server of weight 1 gets some of it at all.
inline constexpr uint32_t kFirstShare = kWhole / 10;

inline void BeginSlowStart(HostStats& host, TimePoint now) {
  host.ramp_from_ns.store(Nanos(now), std::memory_order_relaxed);
}

// Of its share, in 1/65536, from kFirstShare to kWhole.
inline uint32_t Ramp(const HostStats& host, Duration slow_start, TimePoint now) {
  const int64_t from = host.ramp_from_ns.load(std::memory_order_relaxed);
  const int64_t passed = std::max<int64_t>(Nanos(now) - from, 0);
  if (from == 0 || passed >= slow_start.count()) return kWhole;
  const double part = static_cast<double>(passed) / static_cast<double>(slow_start.count());
  return kFirstShare + static_cast<uint32_t>(part * (kWhole - kFirstShare));
}

// What of `limit` requests at once a host at `ramp` may hold; always one, or it would never warm.
inline uint32_t RampedLimit(uint32_t limit, uint32_t ramp) {
  const uint64_t part = uint64_t{limit} * ramp / kWhole;
  return limit == 0 ? 0 : std::max(static_cast<uint32_t>(part), 1u);
}

// The requests that a host may hold now; 0: as many as come.
inline uint32_t LimitNow(const HostStats& host, Duration slow_start, TimePoint now) {
  const uint32_t limit = host.limit.load(std::memory_order_relaxed);
  // What is found from its answers has its own slow start.
  if (limit == 0 || host.adaptive.load(std::memory_order_relaxed)) return limit;
  return RampedLimit(limit, Ramp(host, slow_start, now));
}

inline bool Full(const HostStats& host, Duration slow_start, TimePoint now) {
  const uint32_t limit = LimitNow(host, slow_start, now);
  return limit != 0 && host.active.load(std::memory_order_relaxed) >= limit;
}

}  // namespace sluice::balancer

#endif  // SLUICE_BALANCER_SLOW_START_H_
