// Overload is not death: a server that says 429, or 503 with Retry-After, works and has too much to
// do. Its share shrinks by three tenths, at most ten times a second however many answers say so,
// down to a thirty-second; from the last such answer (or the moment it asked for) it grows back by
// a tenth of its whole share a second. So it settles where it has as much as it can do.
//
// Pure arithmetic, any thread; of two workers that shrink at once one wins, and that is enough.
#ifndef SLUICE_BALANCER_OVERLOAD_H_
#define SLUICE_BALANCER_OVERLOAD_H_

#include "balancer/host.h"

namespace sluice::balancer {

inline constexpr uint32_t kLeastShare = kWhole / 32;
// Longest Retry-After that is believed: it is meant for clients, who may be told to come back
// tomorrow.
inline constexpr Duration kMostRetryAfter = std::chrono::seconds(10);

void Shrink(HostStats& host, Duration retry_after, TimePoint now);

// What is left of the host's share, in 1/65536: kLeastShare to kWhole.
uint32_t ShareLeft(const HostStats& host, TimePoint now);

}  // namespace sluice::balancer

#endif  // SLUICE_BALANCER_OVERLOAD_H_
