// Random: a draw by weight. Knows nothing of load, so queues grow by chance alone; what it has over
// round robin is that many proxies in front of the same servers do not march in step.
// Cost: logarithmic in hosts.
#include <utility>

#include "balancer/picker.h"
#include "balancer/roster.h"

namespace sluice::balancer {
namespace {

class Random final : public Picker {
 public:
  Random(const PickerSpec& spec, HostView hosts) : roster_(spec, std::move(hosts)) {}

  std::optional<HostIndex> Pick(const PickInput& in, absl::BitGenRef rng) override {
    roster_.Look(in.now);
    return roster_.Any(in, rng);
  }

 private:
  Roster roster_;
};

}  // namespace

std::unique_ptr<Picker> MakeRandom(const PickerSpec& spec, HostView hosts) {
  return std::make_unique<Random>(spec, std::move(hosts));
}

}  // namespace sluice::balancer
