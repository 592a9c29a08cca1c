// Maglev: requests of the same key go to the same host while there is room (maglev_table.h). A host
// that holds more than PickerSpec::hash_load_percent of its share of the pool's requests is passed
// over, and the key goes on to a host that depends on the key alone, so that a popular key spreads
// over few hosts and not over all (V. Mirrokni et al., Consistent Hashing with Bounded Loads,
// 2018). Requests without a key are drawn by weight.
//
// Cost: a look-up, and the sum of the pool's requests: of up to kSumAlways hosts on every pick, of
// more once in a millisecond, in which the bound is that old. A table is built when the members
// change: the tier in use, or a host opened or closed.
#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "balancer/maglev_table.h"
#include "balancer/picker.h"
#include "balancer/roster.h"

namespace sluice::balancer {
namespace {

constexpr size_t kSumAlways = 32;
constexpr Duration kBetweenSums = std::chrono::milliseconds(1);
constexpr size_t kMostSteps = 128;
constexpr double kRounding = 1e-6;

class Maglev final : public Picker {
 public:
  Maglev(const PickerSpec& spec, HostView hosts)
      : roster_(spec, std::move(hosts)),
        load_(std::max(spec.hash_load_percent, 100u) / 100.0),
        table_(roster_.hosts(), {}) {}

  std::optional<HostIndex> Pick(const PickInput& in, absl::BitGenRef rng) override {
    if (roster_.Look(in.now)) Arrange();
    if (!in.key || table_.size() == 0) return roster_.Any(in, rng);
    Sum(in.now);
    for (size_t step = 0; step < kMostSteps; ++step) {
      const HostIndex host = table_.At(*in.key, step);
      if (roster_.Usable(host, in) && HasRoom(host)) return host;
    }
    return roster_.Least(in, rng, [this](HostIndex host) {
      return (roster_.hosts().active(host) + roster_.doubt(host)) / roster_.size(host);
    });
  }

 private:
  void Arrange() {
    const std::span<const HostIndex> members = roster_.members();
    if (std::equal(members.begin(), members.end(), placed_.begin(), placed_.end())) return;
    placed_.assign(members.begin(), members.end());
    table_ = MaglevTable(roster_.hosts(), placed_);
  }

  void Sum(TimePoint now) {
    const Duration since = now - summed_;
    if (placed_.size() > kSumAlways && since >= Duration::zero() && since < kBetweenSums) return;
    summed_ = now;
    active_ = 0;
    for (const HostIndex host : placed_) active_ += roster_.hosts().active(host);
  }

  // For one more, which counts in the sum too: so an idle host of an idle pool has room. Failures
  // count as requests, or the keys of a host that fails would all stay with it.
  bool HasRoom(HostIndex host) const {
    const double share = roster_.size(host) / static_cast<double>(placed_.size());
    const double most = std::ceil(load_ * (static_cast<double>(active_) + 1) * share);
    return roster_.hosts().active(host) + 1 + roster_.doubt(host) <= most + kRounding;
  }

  Roster roster_;
  const double load_;
  std::vector<HostIndex> placed_;  // the members of the table
  MaglevTable table_;
  TimePoint summed_{};
  uint64_t active_ = 0;
};

}  // namespace

std::unique_ptr<Picker> MakeMaglev(const PickerSpec& spec, HostView hosts) {
  return std::make_unique<Maglev>(spec, std::move(hosts));
}

}  // namespace sluice::balancer
