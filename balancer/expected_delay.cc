// Expected delay: the host whose answer is expected soonest. What an operator gets who chose
// nothing: in bench/balance it is the best of all on every farm, or within a tenth of it.
//
// A host's answer takes its mean service time, times one more for every `room_` requests in flight
// on it. What a server can do at once is not known and need not be: `room_` is half as much again
// as the pool's hosts hold on average. So a server three times slower is passed over until the
// others hold three times the usual, and equal servers are kept equally long queues (join the
// shortest queue, over all workers).
//
// Three things are added to that:
// - Service times within half of the best are taken as equal. The mean of 64 answers differs that
//   much by chance alone, and who follows chance starves one of two equal servers.
// - A host that owes answers and has given none for longer than usual is stalled, and from what
//   passed so far as much again is to be expected. One stall of 300 ms then costs those it finds in
//   flight, and not all that would have been sent behind them.
// - The service time of a host that is left alone fades towards the best, with a time of two
//   seconds, so that it gets a request now and then and is found out when it has recovered.
//
// Failures make a host dearer by the inverse of its trust (roster.h).
// Cost: up to kAll hosts all are compared, above that the best of five drawn by weight.
#include <algorithm>
#include <array>
#include <cmath>
#include <utility>
#include <vector>

#include "balancer/picker.h"
#include "balancer/roster.h"

namespace sluice::balancer {
namespace {

constexpr size_t kAll = 12;
constexpr int kDraws = 5;
constexpr double kRoomOverMean = 1.5;
constexpr double kAlike = 1.5;
constexpr double kFadeNs = 2e9;
constexpr double kSmoothNs = 1e9;  // of the mean in flight
// Between two answers of n servers passes an n-th of the service time; four times as long has a
// chance of one in fifty, and is not yet a stall when one service time has not passed.
constexpr double kUsualGaps = 4;
constexpr double kNever = 1e18;
// What a request counts for that is yet to be sent, at most: enough to share an idle pool by
// weight, too little to prefer a busy host to an idle one often.
constexpr double kNextRequest = 0.3;

// Exponential deviates by 256 equal chances, mean 1: the least of such, each over a weight, falls
// on a host by its weight.
std::array<float, 256> MakeDeviates() {
  std::array<float, 256> deviates;
  for (size_t i = 0; i < deviates.size(); ++i) {
    deviates[i] = static_cast<float>(-std::log((static_cast<double>(i) + 0.5) / 256));
  }
  return deviates;
}

class ExpectedDelay final : public Picker {
 public:
  ExpectedDelay(const PickerSpec& spec, HostView hosts)
      : roster_(spec, std::move(hosts)), terms_(roster_.hosts().size()) {
    for (HostIndex host = 0; host < terms_.size(); ++host) {
      terms_[host].stats = &roster_.hosts().stats(host);
    }
  }

  std::optional<HostIndex> Pick(const PickInput& in, absl::BitGenRef rng) override {
    if (roster_.Look(in.now)) Estimate(in.now);
    const std::optional<HostIndex> best =
        roster_.members().size() <= kAll ? BestOfAll(in, rng) : BestOfDraws(in, rng);
    if (best) return best;
    return roster_.Least(in, rng, [&](HostIndex host) { return Delay(host, 0, in.now); });
  }

 private:
  // Of a host, as of the last look.
  struct Terms {
    const HostStats* stats = nullptr;
    double price = 1;          // of an answer when nothing is in flight
    double per_request = 1;    // and what each in flight adds, as a part of it
    double usual_ns = kNever;  // service time: shorter silences mean nothing
  };

  std::optional<HostIndex> BestOfAll(const PickInput& in, absl::BitGenRef rng) const {
    static const std::array<float, 256> kDeviates = MakeDeviates();
    std::optional<HostIndex> best;
    double best_delay = 0;
    uint64_t chance = 0;
    int left = 0;
    for (const HostIndex host : roster_.members()) {
      if (left-- == 0) {
        chance = absl::Uniform<uint64_t>(rng);
        left = 7;
      }
      const double next = kNextRequest * kDeviates[chance & 255];
      chance >>= 8;
      const double delay = Delay(host, next, in.now);
      if ((best && delay >= best_delay) || !roster_.Usable(host, in)) continue;
      best = host;
      best_delay = delay;
    }
    return best;
  }

  std::optional<HostIndex> BestOfDraws(const PickInput& in, absl::BitGenRef rng) const {
    std::optional<HostIndex> best;
    double best_delay = 0;
    for (int draw = 0; draw < kDraws; ++draw) {
      const HostIndex host = roster_.Draw(rng);
      const double delay = Delay(host, 0, in.now);
      if ((best && delay >= best_delay) || !roster_.Usable(host, in)) continue;
      best = host;
      best_delay = delay;
    }
    return best;
  }

  double Delay(HostIndex host, double next, TimePoint now) const {
    const Terms& terms = terms_[host];
    const HostStats& stats = *terms.stats;
    const double active = stats.active.load(std::memory_order_relaxed);
    const double delay = terms.price * (1 + (active + next) * terms.per_request);
    const uint32_t waiting = stats.waiting.load(std::memory_order_relaxed);
    if (waiting == 0) return delay;
    const int64_t since = std::max(stats.busy_since_ns.load(std::memory_order_relaxed),
                                   stats.settled_at_ns.load(std::memory_order_relaxed));
    const auto quiet_ns = static_cast<double>(Nanos(now) - since);
    return quiet_ns <= terms.usual_ns ? delay : delay + Stall(terms, waiting, quiet_ns);
  }

  // What a silence of `quiet_ns` adds.
  static double Stall(const Terms& terms, uint32_t waiting, double quiet_ns) {
    const double at_work = std::min(static_cast<double>(waiting), 1 / terms.per_request);
    const double usual_ns = terms.usual_ns * std::max(1.0, kUsualGaps / at_work);
    return std::max(quiet_ns - usual_ns, 0.0);
  }

  void Estimate(TimePoint now) {
    const HostView& hosts = roster_.hosts();
    double active = 0;
    double best_us = 0;
    for (const HostIndex host : roster_.members()) {
      active += hosts.active(host);
      const double us = hosts.stats(host).service_us.load(std::memory_order_relaxed);
      if (us > 0 && (best_us == 0 || us < best_us)) best_us = us;
    }
    const double mean = active / std::max(static_cast<double>(roster_.members().size()), 1.0);
    const double passed_ns = static_cast<double>((now - estimated_).count());
    mean_active_ += (mean - mean_active_) * std::clamp(passed_ns / kSmoothNs, 0.0, 1.0);
    estimated_ = now;
    const double room = std::max(1.0, kRoomOverMean * mean_active_);
    const double best_ns = std::max(best_us, 1.0) * 1e3;
    for (const HostIndex host : roster_.members()) {
      const double service_ns = Service(host, best_ns, now);
      terms_[host].usual_ns = best_us == 0 ? kNever : service_ns;
      terms_[host].price = service_ns / roster_.trust(host);
      terms_[host].per_request = 1 / (room * roster_.size(host));
    }
  }

  // In nanoseconds.
  double Service(HostIndex host, double best_ns, TimePoint now) const {
    const double us = roster_.hosts().stats(host).service_us.load(std::memory_order_relaxed);
    if (us == 0) return best_ns;
    const auto idle_ns = static_cast<double>(roster_.Idle(host, now).count());
    const double ns = best_ns + (us * 1e3 - best_ns) * std::exp(-idle_ns / kFadeNs);
    return ns < kAlike * best_ns ? best_ns : ns;
  }

  Roster roster_;
  std::vector<Terms> terms_;  // by host
  double mean_active_ = 0;
  TimePoint estimated_{};
};

}  // namespace

std::unique_ptr<Picker> MakeExpectedDelay(const PickerSpec& spec, HostView hosts) {
  return std::make_unique<ExpectedDelay>(spec, std::move(hosts));
}

}  // namespace sluice::balancer
