// Least request by two choices: draws two different hosts, each with a chance in proportion to its
// weight, and takes the one with fewer active requests per weight. Two choices keep the longest
// queue close to the shortest, and unlike "the least of all" they do not send every worker to the
// same host at the same moment (M. Mitzenmacher, The Power of Two Choices, 2001).
//
// Drawing by weight keeps an idle pool's traffic in proportion to the weights; comparing per weight
// keeps a busy one's.
// Cost: logarithmic in hosts. Only when both draws cannot be used are all hosts looked at.
#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/random/distributions.h"
#include "balancer/picker.h"

namespace sluice::balancer {
namespace {

class LeastRequest final : public Picker {
 public:
  explicit LeastRequest(HostView hosts) : hosts_(std::move(hosts)) {
    uint64_t sum = 0;
    ends_.reserve(hosts_.size());
    for (HostIndex host = 0; host < hosts_.size(); ++host) {
      ends_.push_back(sum += hosts_.weight(host));
    }
  }

  std::optional<HostIndex> Pick(const PickInput& in, absl::BitGenRef rng) override {
    const uint64_t total = ends_.empty() ? 0 : ends_.back();
    if (total == 0) return std::nullopt;
    const HostIndex first = At(absl::Uniform<uint64_t>(rng, 0, total));
    const uint64_t others = total - hosts_.weight(first);
    const HostIndex second = others == 0 ? first : Other(first, rng, others);
    const bool first_usable = Usable(first, in);
    if (second != first && Usable(second, in) && (!first_usable || LessLoaded(second, first))) {
      return second;
    }
    if (first_usable) return first;
    const std::optional<HostIndex> any = LeastOf(in, first, /*resting_too=*/false);
    return any ? any : LeastOf(in, first, /*resting_too=*/true);
  }

 private:
  HostIndex At(uint64_t point) const {
    return static_cast<HostIndex>(std::upper_bound(ends_.begin(), ends_.end(), point) -
                                  ends_.begin());
  }

  // A draw from all but `first`, exact at once: points behind its share are moved past it.
  HostIndex Other(HostIndex first, absl::BitGenRef rng, uint64_t others) const {
    const uint64_t point = absl::Uniform<uint64_t>(rng, 0, others);
    const uint64_t begin = ends_[first] - hosts_.weight(first);
    return At(point < begin ? point : point + hosts_.weight(first));
  }

  bool Usable(HostIndex host, const PickInput& in) const {
    return !in.WasTried(host) && !hosts_.Resting(host, in.now);
  }

  // On a tie the host drawn first stays, which keeps an idle pool at its weights.
  bool LessLoaded(HostIndex a, HostIndex b) const {
    return uint64_t{hosts_.active(a)} * hosts_.weight(b) <
           uint64_t{hosts_.active(b)} * hosts_.weight(a);
  }

  // The least loaded of all, beginning at a random place so that ties do not gather on one host.
  std::optional<HostIndex> LeastOf(const PickInput& in, HostIndex begin, bool resting_too) const {
    std::optional<HostIndex> best;
    for (HostIndex step = 0; step < hosts_.size(); ++step) {
      const HostIndex host = (begin + step) % hosts_.size();
      if (hosts_.weight(host) == 0 || in.WasTried(host)) continue;
      if (!resting_too && hosts_.Resting(host, in.now)) continue;
      if (!best || LessLoaded(host, *best)) best = host;
    }
    return best;
  }

  const HostView hosts_;
  std::vector<uint64_t> ends_;  // running sums of the weights
};

}  // namespace

std::unique_ptr<Picker> MakeLeastRequest(const PickerSpec&, HostView hosts) {
  return std::make_unique<LeastRequest>(std::move(hosts));
}

}  // namespace sluice::balancer
