// Smooth weighted round robin: every pick gives each host its weight in credit, takes the host with
// the most and charges it the sum of what was given. A host of weight 2 beside two of weight 1
// comes a b a c, not a a b c.
//
// Each worker has its own credits, so over N workers a host may be picked up to N times in a row;
// shared credits would cost every pick a contended cache line.
// Cost: linear in hosts (BM_Pick); thousands of hosts call for another strategy.
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/random/distributions.h"
#include "balancer/picker.h"
#include "balancer/roster.h"

namespace sluice::balancer {
namespace {

class RoundRobin final : public Picker {
 public:
  RoundRobin(const PickerSpec& spec, HostView hosts)
      : roster_(spec, std::move(hosts)), credit_(roster_.hosts().size(), 0) {}

  std::optional<HostIndex> Pick(const PickInput& in, absl::BitGenRef rng) override {
    roster_.Look(in.now);
    if (!turned_) Turn(in.now, rng);
    const std::optional<HostIndex> host = Next(in);
    if (host) return host;
    return roster_.Least(in, rng,
                         [this](HostIndex left) { return -static_cast<double>(credit_[left]); });
  }

 private:
  std::optional<HostIndex> Next(const PickInput& in) {
    std::optional<HostIndex> best;
    int64_t given = 0;
    for (const HostIndex host : roster_.members()) {
      if (!roster_.Usable(host, in)) continue;
      const auto weight = static_cast<int64_t>(roster_.weight(host));
      credit_[host] += weight;
      given += weight;
      if (!best || credit_[host] > credit_[*best]) best = host;
    }
    if (best) credit_[*best] -= given;
    return best;
  }

  // Starts at a random place of the cycle, or the pickers of all workers would send their first
  // request after a reload to the same host.
  void Turn(TimePoint now, absl::BitGenRef rng) {
    turned_ = true;
    const uint64_t places = roster_.members().size();
    for (uint64_t steps = places < 2 ? 0 : absl::Uniform<uint64_t>(rng, 0, places); steps > 0;
         --steps) {
      Next({.now = now});
    }
  }

  Roster roster_;
  std::vector<int64_t> credit_;
  bool turned_ = false;
};

}  // namespace

std::unique_ptr<Picker> MakeRoundRobin(const PickerSpec& spec, HostView hosts) {
  return std::make_unique<RoundRobin>(spec, std::move(hosts));
}

}  // namespace sluice::balancer
