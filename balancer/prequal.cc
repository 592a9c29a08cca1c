// Prequal: of five hosts drawn by weight those that hold more requests than five sixths of the pool
// do are hot. Among the others the one with the lowest latency; when all are hot, the one with the
// fewest requests (B. Wydrowski et al., Load is not what you should balance, NSDI 2024).
//
// There many balancers share the servers and must ask them by probes; here all requests pass
// through, so our own counters are as good as answered probes and cost nothing.
// Cost: five draws.
#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "balancer/picker.h"
#include "balancer/roster.h"

namespace sluice::balancer {
namespace {

constexpr int kProbes = 5;
constexpr double kHotQuantile = 0.84;  // as in the paper; 0.6 to 0.9 do about as well
// Latencies of hosts left alone fade, so that they are tried again.
constexpr double kFadeNs = 10e9;

class Prequal final : public Picker {
 public:
  Prequal(const PickerSpec& spec, HostView hosts) : roster_(spec, std::move(hosts)) {}

  std::optional<HostIndex> Pick(const PickInput& in, absl::BitGenRef rng) override {
    if (roster_.Look(in.now)) FindHot();
    std::optional<HostIndex> best;
    Cost best_cost;
    for (int probe = 0; probe < kProbes && !roster_.members().empty(); ++probe) {
      const HostIndex host = roster_.Draw(rng);
      if (!roster_.Usable(host, in)) continue;
      const Cost cost = CostOf(host, in.now);
      if (best && !(cost < best_cost)) continue;
      best = host;
      best_cost = cost;
    }
    if (best) return best;
    return roster_.Least(in, rng, [this](HostIndex host) { return InFlight(host); });
  }

 private:
  // A cold host is better than any hot one.
  using Cost = std::pair<bool, double>;

  double InFlight(HostIndex host) const {
    return (roster_.hosts().active(host) + roster_.doubt(host)) / roster_.size(host);
  }

  Cost CostOf(HostIndex host, TimePoint now) const {
    const double in_flight = InFlight(host);
    if (in_flight > hot_above_) return {true, in_flight};
    const HostStats& stats = roster_.hosts().stats(host);
    const double idle_ns = static_cast<double>(roster_.Idle(host, now).count());
    return {false, stats.service_us.load(std::memory_order_relaxed) * kFadeNs /
                       (kFadeNs + idle_ns) / roster_.trust(host)};
  }

  void FindHot() {
    in_flight_.clear();
    for (const HostIndex host : roster_.members()) in_flight_.push_back(InFlight(host));
    if (in_flight_.empty()) return;
    const auto at =
        in_flight_.begin() +
        static_cast<std::ptrdiff_t>(static_cast<double>(in_flight_.size() - 1) * kHotQuantile);
    std::nth_element(in_flight_.begin(), at, in_flight_.end());
    // What one request more or less decides is chance.
    hot_above_ = std::max(*at, 1.0);
  }

  Roster roster_;
  std::vector<double> in_flight_;
  double hot_above_ = 1;
};

}  // namespace

std::unique_ptr<Picker> MakePrequal(const PickerSpec& spec, HostView hosts) {
  return std::make_unique<Prequal>(spec, std::move(hosts));
}

}  // namespace sluice::balancer
