#include "balancer/overload.h"

#include <algorithm>

namespace sluice::balancer {
namespace {

constexpr Duration kBetweenShrinks = std::chrono::milliseconds(100);
constexpr int64_t kRegrowthNs = 10'000'000'000;  // from nothing to the whole share

}  // namespace

void Shrink(HostStats& host, Duration retry_after, TimePoint now) {
  int64_t at = host.shrunk_at_ns.load(std::memory_order_relaxed);
  const bool never = host.share.load(std::memory_order_relaxed) == kWhole && at == 0;
  if (!never && Nanos(now) < at + kBetweenShrinks.count()) return;
  const uint64_t left = ShareLeft(host, now);
  const Duration hold = std::clamp(retry_after, Duration::zero(), kMostRetryAfter);
  if (!host.shrunk_at_ns.compare_exchange_strong(at, Nanos(now + hold),
                                                 std::memory_order_relaxed)) {
    return;
  }
  host.share.store(std::max(static_cast<uint32_t>(left * 7 / 10), kLeastShare),
                   std::memory_order_relaxed);
}

uint32_t ShareLeft(const HostStats& host, TimePoint now) {
  const uint32_t share = host.share.load(std::memory_order_relaxed);
  if (share >= kWhole) return kWhole;
  const int64_t passed = std::clamp<int64_t>(
      Nanos(now) - host.shrunk_at_ns.load(std::memory_order_relaxed), 0, kRegrowthNs);
  const auto regrown = static_cast<uint32_t>(passed * int64_t{kWhole} / kRegrowthNs);
  return std::min(share + regrown, kWhole);
}

}  // namespace sluice::balancer
