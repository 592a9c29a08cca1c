// Least request by two choices: draws two different hosts, each with a chance in proportion to its
// weight, and takes the one with fewer active requests per weight. Two choices keep the longest
// queue close to the shortest, and unlike "the least of all" they do not send every worker to the
// same host at the same moment (M. Mitzenmacher, The Power of Two Choices, 2001).
//
// Drawing by weight keeps an idle pool's traffic in proportion to the weights; comparing per weight
// keeps a busy one's.
// Cost: logarithmic in hosts. Only when both draws cannot be used are all hosts looked at.
#include <utility>

#include "balancer/picker.h"
#include "balancer/roster.h"

namespace sluice::balancer {
namespace {

class LeastRequest final : public Picker {
 public:
  LeastRequest(const PickerSpec& spec, HostView hosts) : roster_(spec, std::move(hosts)) {}

  std::optional<HostIndex> Pick(const PickInput& in, absl::BitGenRef rng) override {
    roster_.Look(in.now);
    return roster_.LesserOfTwo(in, rng, [this](HostIndex host) {
      return (roster_.hosts().active(host) + roster_.doubt(host)) / roster_.size(host);
    });
  }

 private:
  Roster roster_;
};

}  // namespace

std::unique_ptr<Picker> MakeLeastRequest(const PickerSpec& spec, HostView hosts) {
  return std::make_unique<LeastRequest>(spec, std::move(hosts));
}

}  // namespace sluice::balancer
