// Roster: the part of a picker that all strategies share. Which hosts may be picked now (the tier
// in use, rests, the panic rule), what weighs how much (slow start, overload, failures), a draw by
// these weights, and the last resort when what was drawn cannot be used.
//
// It looks at all hosts every few milliseconds and keeps what it saw, so that a pick reads only the
// hosts it compares. Whether a host rests, was tried or is closed is read on every pick.
//
// Threads: one per picker, so one per worker and pool. Cost: a draw is a few reads, however many
// hosts; a look at all and the last resort are linear, the look no more than a thousandth of a
// worker's time.
#ifndef SLUICE_BALANCER_ROSTER_H_
#define SLUICE_BALANCER_ROSTER_H_

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "absl/random/bit_gen_ref.h"
#include "absl/random/distributions.h"
#include "balancer/picker.h"
#include "balancer/slow_start.h"

namespace sluice::balancer {

// Which hosts the rules let in: the lowest tier of which a host can be used, without those that are
// away, unless so many are that the judge is more likely wrong than they
// (PickerSpec::panic_percent).
struct InUse {
  uint32_t tier = 0;
  bool panic = true;

  // Linear in hosts.
  static InUse Of(const HostView& hosts, uint32_t panic_percent, TimePoint now);
  bool Takes(const HostView& hosts, HostIndex host, TimePoint now) const {
    return hosts.Open(host) && hosts.tier(host) == tier && (panic || !hosts.Away(host, now));
  }
};

class Roster {
 public:
  Roster(const PickerSpec& spec, HostView hosts);

  const HostView& hosts() const { return hosts_; }

  // To be called first in every pick. True when it looked at all hosts.
  bool Look(TimePoint now) {
    const Duration since = now - looked_;
    return since >= between_looks_ || since < Duration::zero() ? LookAtAll(now), true : false;
  }

  // As of the last look. The hosts of the tier in use, those that rest included.
  std::span<const HostIndex> members() const { return members_; }
  // Its weight after slow start, overload and failures, in 1/65536; never 0.
  uint64_t weight(HostIndex host) const { return seen_[host].weight; }
  // The weight of a host over that of the mean member, before trust.
  double size(HostIndex host) const { return seen_[host].size; }
  // 1: answers; towards 0 as it refuses and fails. Its inverse is what a host must be faster by.
  double trust(HostIndex host) const { return seen_[host].trust; }
  // What its failures count for beside requests in flight: none while it is trusted. A server that
  // fails in a millisecond never has any in flight, and would draw all to itself.
  double doubt(HostIndex host) const { return 1 / seen_[host].trust - 1; }
  // How long before `now` it last had anything to do.
  Duration Idle(HostIndex host, TimePoint now) const;

  // Of a member.
  bool Usable(HostIndex host, const PickInput& in) const {
    const HostStats& stats = hosts_.stats(host);
    return !in.WasTried(host) && stats.Ready() && (in_use_.panic || !stats.Away(in.now)) &&
           !Full(stats, spec_.slow_start, in.now);
  }

  // A member with a chance by its weight; maybe not usable. REQUIRES: members.
  HostIndex Draw(absl::BitGenRef rng) const {
    return At(absl::Uniform<uint64_t>(rng, 0, ends_.back()));
  }
  // The same among all but `first`, which is returned when it is alone.
  HostIndex DrawOther(HostIndex first, absl::BitGenRef rng) const;

  // A usable host with a chance by its weight; the last resort when four draws find none.
  std::optional<HostIndex> Any(const PickInput& in, absl::BitGenRef rng) const;

  // Two choices: the one of less cost of two members, each drawn by weight; on a tie the first,
  // which keeps an idle pool at its weights. The last resort when neither can be used.
  template <typename Cost>
  std::optional<HostIndex> LesserOfTwo(const PickInput& in, absl::BitGenRef rng, Cost cost) const;

  // The last resort. Of all hosts that are left (the untried and open ones; those in use before
  // those that rest, and lower tiers before higher) the one of least cost, beginning at a random
  // place so that ties do not gather on one. Nothing when none is left, or those that come first
  // are full: a request waits for them rather than go to one that rests.
  template <typename Cost>
  std::optional<HostIndex> Least(const PickInput& in, absl::BitGenRef rng, Cost cost) const;

 private:
  struct Seen {
    uint64_t weight = 0;
    double size = 1;
    double trust = 1;
  };

  void LookAtAll(TimePoint now);
  void Guide();
  HostIndex At(uint64_t point) const;
  // Smaller is better; the panic rule has already had its say.
  uint64_t Rank(HostIndex host, TimePoint now) const {
    const bool away = !in_use_.panic && hosts_.Away(host, now);
    return (uint64_t{away} << 32) + hosts_.tier(host);
  }

  const HostView hosts_;
  const PickerSpec spec_;
  const Duration between_looks_;
  TimePoint looked_{Duration::min() / 2};  // long before any time, and still safe to subtract
  InUse in_use_;
  std::vector<HostIndex> members_;
  std::vector<uint64_t> ends_;    // running sums of the members' weights
  std::vector<uint32_t> guides_;  // where in ends_ the k-th part of all weight begins
  double parts_per_weight_ = 0;
  std::vector<Seen> seen_;  // by host
};

template <typename Cost>
std::optional<HostIndex> Roster::LesserOfTwo(const PickInput& in, absl::BitGenRef rng,
                                             Cost cost) const {
  if (members_.empty()) return std::nullopt;
  const HostIndex first = Draw(rng);
  const HostIndex second = DrawOther(first, rng);
  const bool first_usable = Usable(first, in);
  if (second != first && Usable(second, in) && (!first_usable || cost(second) < cost(first))) {
    return second;
  }
  return first_usable ? first : Least(in, rng, cost);
}

template <typename Cost>
std::optional<HostIndex> Roster::Least(const PickInput& in, absl::BitGenRef rng, Cost cost) const {
  const HostIndex count = hosts_.size();
  const HostIndex begin = count == 0 ? 0 : absl::Uniform<HostIndex>(rng, 0, count);
  std::optional<HostIndex> best;
  uint64_t best_rank = std::numeric_limits<uint64_t>::max();
  double best_cost = 0;
  for (HostIndex step = 0; step < count; ++step) {
    const HostIndex host = (begin + step) % count;
    if (in.WasTried(host) || !hosts_.Open(host)) continue;
    const uint64_t rank = Rank(host, in.now);
    if (rank > best_rank) continue;
    if (rank < best_rank) best.reset();
    best_rank = rank;
    if (Full(hosts_.stats(host), spec_.slow_start, in.now)) continue;
    const double its_cost = cost(host);
    if (best && its_cost >= best_cost) continue;
    best = host;
    best_cost = its_cost;
  }
  return best;
}

}  // namespace sluice::balancer

#endif  // SLUICE_BALANCER_ROSTER_H_
