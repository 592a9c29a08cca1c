// Smooth weighted round robin: every pick gives each host its weight in credit, takes the host with
// the most and charges it the sum of what was given. A host of weight 2 beside two of weight 1
// comes a b a c, not a a b c.
//
// Each worker has its own credits, so over N workers a host may be picked up to N times in a row;
// shared credits would cost every pick a contended cache line.
// Cost: linear in hosts (BM_Pick); thousands of hosts call for least_request.
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/random/distributions.h"
#include "balancer/picker.h"

namespace sluice::balancer {
namespace {

class RoundRobin final : public Picker {
 public:
  explicit RoundRobin(HostView hosts) : hosts_(std::move(hosts)), credit_(hosts_.size(), 0) {}

  std::optional<HostIndex> Pick(const PickInput& in, absl::BitGenRef rng) override {
    if (!turned_) Turn(rng);
    std::optional<HostIndex> host = Next(in, /*resting_too=*/false);
    return host ? host : Next(in, /*resting_too=*/true);
  }

 private:
  std::optional<HostIndex> Next(const PickInput& in, bool resting_too) {
    std::optional<HostIndex> best;
    int64_t given = 0;
    for (HostIndex host = 0; host < hosts_.size(); ++host) {
      const uint32_t weight = hosts_.weight(host);
      if (weight == 0 || in.WasTried(host)) continue;
      if (!resting_too && hosts_.Resting(host, in.now)) continue;
      credit_[host] += weight;
      given += weight;
      if (!best || credit_[host] > credit_[*best]) best = host;
    }
    if (best) credit_[*best] -= given;
    return best;
  }

  // Starts at a random place of the cycle, or the pickers of all workers would send their first
  // request after a reload to the same host.
  void Turn(absl::BitGenRef rng) {
    turned_ = true;
    const auto places = static_cast<uint64_t>(hosts_.size());
    for (uint64_t steps = places < 2 ? 0 : absl::Uniform<uint64_t>(rng, 0, places); steps > 0;
         --steps) {
      Next({}, /*resting_too=*/true);
    }
  }

  const HostView hosts_;
  std::vector<int64_t> credit_;
  bool turned_ = false;
};

}  // namespace

std::unique_ptr<Picker> MakeRoundRobin(const PickerSpec&, HostView hosts) {
  return std::make_unique<RoundRobin>(std::move(hosts));
}

}  // namespace sluice::balancer
