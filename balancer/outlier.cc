#include "balancer/outlier.h"

#include <algorithm>

#include "balancer/overload.h"
#include "balancer/slow_start.h"

namespace sluice::balancer {

RestChange Outlier::OnSuccess(HostStats& host, TimePoint now) const {
  // Both are zero on a healthy host, and then nothing is written to the shared line.
  const bool rested = host.rests.load(std::memory_order_relaxed) != 0;
  const bool failed = host.failures.load(std::memory_order_relaxed) != 0;
  if ((!rested && !failed) || host.Resting(now)) return RestChange::kNone;
  if (failed) host.failures.store(0, std::memory_order_relaxed);
  if (!rested) return RestChange::kNone;
  // The exchange tells one of several workers that it was the first.
  return host.rests.exchange(0, std::memory_order_relaxed) != 0 ? RestChange::kEnded
                                                                : RestChange::kNone;
}

RestChange Outlier::OnFailure(HostStats& host, bool timed_out, TimePoint now) const {
  if (spec_.failures == 0 || host.Resting(now)) return RestChange::kNone;
  const bool on_probation = host.rests.load(std::memory_order_relaxed) != 0;
  const uint32_t in_a_row = host.failures.fetch_add(1, std::memory_order_relaxed) + 1;
  if (!on_probation && in_a_row < spec_.failures) return RestChange::kNone;
  const bool overload = timed_out && OthersFailToo(host);
  if (!overload && PlacesToRest(hosts_, spec_.max_ejected_percent, now) > 0) {
    return BeginRest(host, now);
  }
  if (overload) Shrink(host, Duration::zero(), now);
  // The next failures have to make the case again.
  host.failures.store(0, std::memory_order_relaxed);
  return RestChange::kNone;
}

bool Outlier::OthersFailToo(const HostStats& host) const {
  uint64_t failing = 0;
  uint64_t others = 0;
  for (HostIndex other = 0; other < hosts_.size(); ++other) {
    if (&hosts_.stats(other) == &host || !hosts_.Open(other)) continue;
    failing += hosts_.stats(other).failing.load(std::memory_order_relaxed);
    ++others;
  }
  return failing > 0 && failing * 2 >= others * host.failing.load(std::memory_order_relaxed);
}

RestChange Outlier::BeginRest(HostStats& host, TimePoint now) const {
  int64_t until = host.rest_until_ns.load(std::memory_order_relaxed);
  const int64_t now_ns = now.time_since_epoch().count();
  if (now_ns < until) return RestChange::kNone;  // another worker was first
  const uint32_t nth = host.rests.load(std::memory_order_relaxed) + 1;
  if (!host.rest_until_ns.compare_exchange_strong(until, now_ns + RestLength(nth).count(),
                                                  std::memory_order_relaxed)) {
    return RestChange::kNone;
  }
  host.rests.store(nth, std::memory_order_relaxed);
  BeginSlowStart(host, now + RestLength(nth));
  host.failures.store(0, std::memory_order_relaxed);
  return RestChange::kBegan;
}

Duration Outlier::RestLength(uint32_t n) const {
  Duration length = spec_.rest;
  // By doubling and stopping rather than shifting: n is unbounded, the length is not.
  for (uint32_t i = 1; i < n && length < spec_.rest_max; ++i) length *= 2;
  return std::min(length, spec_.rest_max);
}

size_t PlacesToRest(const HostView& hosts, uint32_t max_percent, TimePoint now) {
  size_t open = 0;
  size_t away = 0;
  for (HostIndex host = 0; host < hosts.size(); ++host) {
    if (!hosts.Open(host)) continue;
    ++open;
    away += hosts.Away(host, now) ? 1 : 0;
  }
  if (open < 2 || max_percent == 0) return 0;
  const size_t most = std::clamp<size_t>(open * std::min(max_percent, 100u) / 100, 1, open - 1);
  return most - std::min(away, most);
}

Duration RestLeft(const HostStats& host, TimePoint now) {
  const Duration left{host.rest_until_ns.load(std::memory_order_relaxed) -
                      now.time_since_epoch().count()};
  return std::max(left, Duration::zero());
}

}  // namespace sluice::balancer
