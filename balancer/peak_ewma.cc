// Peak EWMA by two choices: the host with the lower product of its recent latency and the requests
// it would then hold. The latency jumps to every higher answer at once and sinks towards lower ones
// over ten seconds (outcome.cc), so that one slow answer drives a host's traffic away before there
// are two. While a host gets none its latency sinks too, or it would never be tried again.
//
// As Finagle and Envoy do it, for those who know it from there; expected_delay looks at the same
// things and does better (bench/balance).
// Cost: as least_request.
#include <utility>

#include "balancer/picker.h"
#include "balancer/roster.h"

namespace sluice::balancer {
namespace {

constexpr double kMemoryNs = 10e9;

class PeakEwma final : public Picker {
 public:
  PeakEwma(const PickerSpec& spec, HostView hosts) : roster_(spec, std::move(hosts)) {}

  std::optional<HostIndex> Pick(const PickInput& in, absl::BitGenRef rng) override {
    roster_.Look(in.now);
    return roster_.LesserOfTwo(in, rng, [&](HostIndex host) { return Cost(host, in.now); });
  }

 private:
  double Cost(HostIndex host, TimePoint now) const {
    const HostStats& stats = roster_.hosts().stats(host);
    const auto idle_ns = static_cast<double>(roster_.Idle(host, now).count());
    const double peak_us = stats.peak_us.load(std::memory_order_relaxed);
    const double active = stats.active.load(std::memory_order_relaxed);
    return peak_us * kMemoryNs / (kMemoryNs + idle_ns) * (1 + active / roster_.size(host)) /
           roster_.trust(host);
  }

  Roster roster_;
};

}  // namespace

std::unique_ptr<Picker> MakePeakEwma(const PickerSpec& spec, HostView hosts) {
  return std::make_unique<PeakEwma>(spec, std::move(hosts));
}

}  // namespace sluice::balancer
