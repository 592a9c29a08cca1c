// Sale: the course of one flash sale. Shoppers arrive by chance (Poisson), first the usual few,
// then a crowd for a while, then the usual few again until nobody of the crowd is left in the shop,
// or `most_after` has passed. A sale that was announced has some who come early: they gather before
// it begins. Keeps what happened by the second, and every shopper's outcome.
//
// Arrivals and thinking are drawn from the seed: with the same one, shoppers of every proxy come at
// the same moments.
//
// Threads: the loop's; the storefront may run on another.
#ifndef SLUICE_PROXY_DEMO_SALE_H_
#define SLUICE_PROXY_DEMO_SALE_H_

#include <array>
#include <cstdint>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "proxy/base/time.h"
#include "proxy/demo/alarm.h"
#include "proxy/demo/crowd.h"
#include "proxy/demo/line_order.h"
#include "proxy/demo/random.h"
#include "proxy/demo/storefront.h"
#include "proxy/net/loop.h"
#include "proxy/net/timer.h"

namespace sluice::demo {

struct SaleOptions {
  double calm_rate = 20;    // shoppers a second, before and after
  double gather_rate = 0;   // while they gather
  double spike_rate = 450;  // while the sale lasts
  Duration calm = std::chrono::seconds(10);
  Duration gather{};  // before the sale; 0: nobody knows of it
  Duration spike = std::chrono::seconds(20);
  Duration most_after = std::chrono::seconds(60);  // for the line to empty
  CrowdOptions crowd;
};

enum class SalePhase : uint8_t { kCalm, kGather, kSpike, kAfter, kOver };

// One second, or a little less at a change of phase. Counts are of that second, the rest as it was
// at its end.
struct SaleSecond {
  double at_s = 0;  // its end, from the beginning of the spike
  SalePhase phase = SalePhase::kCalm;
  uint64_t came = 0, bought = 0, gave_up = 0, pages = 0, errors = 0, told = 0;
  uint64_t made = 0;  // pages, by the servers; those beyond `pages` were made for nobody
  uint64_t crashes = 0;
  uint64_t inside = 0;           // shoppers, of whatever wave
  uint64_t asking = 0;           // of those, with a request under way
  uint64_t waiting = 0;          // of those, in line before the shop
  uint64_t let_in = 0;           // from there
  uint64_t let_in_after_ms = 0;  // since they came, all together
  uint64_t shop_waiting = 0, shop_working = 0;
  uint64_t down = 0;  // servers
};

// Of those who came before the sale began, halves by when they came: when they saw the shop on
// average, from the beginning of the sale.
struct Gathered {
  uint64_t shoppers = 0;  // that saw it
  Duration early{}, late{};
};

// What the sale comes to. The shoppers are those of the spike and of before it, without bots; a
// shopper may have been affected by several causes.
struct SaleFigures {
  uint64_t shoppers = 0, bought = 0, affected = 0;
  uint64_t gave_up = 0, saw_error = 0, waited = 0;
  uint64_t unfinished = 0;  // still inside at the end; counted in the causes as far as they go
  uint64_t lost_place = 0;  // of all waves
  uint64_t kept_out = 0;    // there was no room for them here: the figures are worth nothing
  uint64_t wasted = 0;      // pages that the servers made and no shopper saw
  uint64_t crashes = 0;
  LineOrder line;  // but for those who gathered: lots may decide about them
  Gathered gathered;
  // From 5 s after the spike begins until the last of its shoppers is gone.
  double window_s = 0;
  uint64_t purchases = 0;  // in the window, of whoever
  // What 99 of 100 pages of each step took at most, before the spike and from then on.
  std::array<Duration, kSteps> rest_p99{}, sale_p99{};
  Duration most_late{};  // an arrival came so long after it was due: the machine was busy
};

class Sale {
 public:
  static constexpr uint8_t kCalmWave = 0, kSpikeWave = 1, kGatherWave = 2;
  static constexpr Duration kSettle = std::chrono::seconds(5);

  // `on_second` is called about every second, from the loop, for the last time once phase() is
  // kOver. It must not destroy the sale. REQUIRES: loop and storefront outlive it.
  Sale(net::Loop& loop, const Storefront& shop, const SaleOptions& options,
       absl::AnyInvocable<void(const SaleSecond&)> on_second);

  SalePhase phase() const { return phase_; }
  const std::vector<SaleSecond>& seconds() const { return seconds_; }
  const CrowdCounts& counts() const { return crowd_.counts(); }
  // Complete once the phase is kOver.
  SaleFigures Figures();

 private:
  double Rate() const;
  uint8_t Wave() const;
  uint64_t CrowdInside() const { return crowd_.inside(kSpikeWave) + crowd_.inside(kGatherWave); }
  void BeginSpike();
  Gathered MeasureGathered() const;
  Duration DrawGap();
  void OnArrival();
  void OnPhaseEnd();
  void OnSecond();
  void EndSecond();
  SaleSecond Totals();

  net::Loop& loop_;
  const Storefront& shop_;
  const SaleOptions options_;
  absl::AnyInvocable<void(const SaleSecond&)> on_second_;
  SalePhase phase_ = SalePhase::kCalm;
  TimePoint spike_begins_{};
  TimePoint over_{};
  TimePoint next_arrival_{};
  Duration most_late_{};
  std::array<size_t, kSteps> pages_at_rest_{};  // seen before the spike
  std::vector<SaleSecond> seconds_;
  SaleSecond totals_;  // of the seconds so far
  Alarms alarms_;
  Random random_;
  Crowd crowd_;
  BoundAlarm<Sale, &Sale::OnArrival> arrival_{this};
  BoundAlarm<Sale, &Sale::OnPhaseEnd> phase_end_{this};
  net::Ticker ticker_;
};

}  // namespace sluice::demo

#endif  // SLUICE_PROXY_DEMO_SALE_H_
