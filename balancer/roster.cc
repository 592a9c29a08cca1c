#include "balancer/roster.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "balancer/overload.h"
#include "balancer/slow_start.h"

namespace sluice::balancer {
namespace {

// Ten milliseconds are one answer of a quick server: nothing that a look shows changes faster.
// 50 us a host keep the looks at a large pool below a thousandth of a worker's time.
constexpr Duration kBetweenLooks = std::chrono::milliseconds(10);
constexpr Duration kPerHost = std::chrono::microseconds(50);

// A host is trusted by the fourth power of its share of successes: at 10 % failures it must be 1.5
// times as fast as the others to be preferred, at 30 % four times, at 100 % a thousand times.
// Failures fade while it is left alone, so that it is tried again.
constexpr double kFadeNs = 2e9;
constexpr double kLeastTrust = 1e-3;

constexpr int kDraws = 4;

double Whole(uint32_t share) { return static_cast<double>(share) / kWhole; }

double Trust(const HostStats& host, Duration idle, TimePoint now) {
  const double failing = Whole(host.failing.load(std::memory_order_relaxed));
  double trust = Whole(ShareLeft(host, now));
  if (failing > 0) {
    const double success = 1 - failing * std::exp(-static_cast<double>(idle.count()) / kFadeNs);
    trust *= success * success * success * success;
  }
  return std::max(trust, kLeastTrust);
}

}  // namespace

InUse InUse::Of(const HostView& hosts, uint32_t panic_percent, TimePoint now) {
  constexpr uint32_t kNone = std::numeric_limits<uint32_t>::max();
  uint32_t open_tier = kNone;
  uint32_t usable_tier = kNone;
  for (HostIndex host = 0; host < hosts.size(); ++host) {
    if (!hosts.Open(host)) continue;
    const uint32_t tier = hosts.tier(host);
    const bool away = hosts.Away(host, now);
    open_tier = std::min(open_tier, tier);
    if (!away) usable_tier = std::min(usable_tier, tier);
  }
  const uint32_t tier = usable_tier == kNone ? open_tier : usable_tier;
  uint64_t open = 0;
  uint64_t usable = 0;
  for (HostIndex host = 0; host < hosts.size(); ++host) {
    if (!hosts.Open(host) || hosts.tier(host) != tier) continue;
    ++open;
    usable += hosts.Away(host, now) ? 0 : 1;
  }
  return {.tier = tier, .panic = usable == 0 || usable * 100 < uint64_t{panic_percent} * open};
}

Roster::Roster(const PickerSpec& spec, HostView hosts)
    : hosts_(std::move(hosts)),
      spec_(spec),
      between_looks_(kBetweenLooks + kPerHost * hosts_.size()),
      seen_(hosts_.size()) {}

Duration Roster::Idle(HostIndex host, TimePoint now) const {
  const HostStats& stats = hosts_.stats(host);
  const int64_t settled = stats.settled_at_ns.load(std::memory_order_relaxed);
  if (settled == 0 || stats.waiting.load(std::memory_order_relaxed) != 0) return Duration::zero();
  return Duration(std::max<int64_t>(Nanos(now) - settled, 0));
}

void Roster::LookAtAll(TimePoint now) {
  looked_ = now;
  in_use_ = InUse::Of(hosts_, spec_.panic_percent, now);
  members_.clear();
  for (HostIndex host = 0; host < hosts_.size(); ++host) {
    if (hosts_.Open(host) && hosts_.tier(host) == in_use_.tier) members_.push_back(host);
  }
  ends_.clear();
  uint64_t end = 0;
  double sum = 0;
  for (const HostIndex host : members_) {
    const HostStats& stats = hosts_.stats(host);
    Seen& seen = seen_[host];
    seen.size = hosts_.weight(host) * Whole(Ramp(stats, spec_.slow_start, now));
    seen.trust = Trust(stats, Idle(host, now), now);
    seen.weight = std::max(static_cast<uint64_t>(seen.size * seen.trust * kWhole), uint64_t{1});
    ends_.push_back(end += seen.weight);
    sum += seen.size;
  }
  const double mean = sum / std::max(static_cast<double>(members_.size()), 1.0);
  for (const HostIndex host : members_) seen_[host].size /= mean;
  Guide();
}

// As many parts as members: where weights are equal a guide is the answer, and with any weights the
// steps from it are one on average.
void Roster::Guide() {
  guides_.clear();
  if (members_.empty()) return;
  const auto parts = static_cast<double>(members_.size());
  parts_per_weight_ = parts / static_cast<double>(ends_.back());
  uint32_t place = 0;
  for (size_t part = 0; part < members_.size(); ++part) {
    while (static_cast<double>(ends_[place]) * parts_per_weight_ < static_cast<double>(part)) {
      ++place;
    }
    guides_.push_back(place);
  }
}

HostIndex Roster::At(uint64_t point) const {
  const auto part = static_cast<size_t>(static_cast<double>(point) * parts_per_weight_);
  size_t place = guides_[std::min(part, guides_.size() - 1)];
  // Both ways: the parts are rounded.
  while (place > 0 && ends_[place - 1] > point) --place;
  while (ends_[place] <= point) ++place;
  return members_[place];
}

HostIndex Roster::DrawOther(HostIndex first, absl::BitGenRef rng) const {
  const uint64_t others = ends_.back() - weight(first);
  if (others == 0) return first;
  // Exact at once: points behind the share of `first` are moved past it.
  const size_t place = static_cast<size_t>(
      std::lower_bound(members_.begin(), members_.end(), first) - members_.begin());
  const uint64_t begin = ends_[place] - weight(first);
  const uint64_t point = absl::Uniform<uint64_t>(rng, 0, others);
  return At(point < begin ? point : point + weight(first));
}

std::optional<HostIndex> Roster::Any(const PickInput& in, absl::BitGenRef rng) const {
  for (int draw = 0; draw < kDraws && !members_.empty(); ++draw) {
    const HostIndex host = Draw(rng);
    if (Usable(host, in)) return host;
  }
  // The least of exponential draws, each over a weight, falls on a host by its weight.
  return Least(in, rng, [&](HostIndex host) {
    return absl::Exponential(rng, static_cast<double>(hosts_.weight(host)));
  });
}

}  // namespace sluice::balancer
