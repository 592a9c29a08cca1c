#include "proxy/demo/sale.h"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <span>
#include <utility>

namespace sluice::demo {

namespace {

double SecondsOf(Duration time) { return static_cast<double>(time.count()) / 1e9; }

Duration P99(std::span<const Duration> times) {
  if (times.empty()) return Duration::zero();
  std::vector<Duration> sorted(times.begin(), times.end());
  const auto at = sorted.begin() + static_cast<std::ptrdiff_t>((sorted.size() - 1) * 99 / 100);
  std::ranges::nth_element(sorted, at);
  return *at;
}

}  // namespace

Sale::Sale(net::Loop& loop, const Storefront& shop, const SaleOptions& options,
           absl::AnyInvocable<void(const SaleSecond&)> on_second)
    : loop_(loop),
      shop_(shop),
      options_(options),
      on_second_(std::move(on_second)),
      spike_begins_(loop.now() + options.calm + options.gather),
      alarms_(loop),
      random_(options.crowd.seed ^ 0xa5a5a5a5a5a5a5a5u),  // not the draws of the crowd again
      crowd_(loop, options.crowd),
      ticker_(loop, std::chrono::seconds(1), [this] { OnSecond(); }) {
  totals_ = Totals();
  alarms_.Arm(phase_end_, options.calm);
  next_arrival_ = loop.now() + DrawGap();
  alarms_.Arm(arrival_, next_arrival_ - loop.now());
}

double Sale::Rate() const {
  switch (phase_) {
    case SalePhase::kGather:
      return options_.gather_rate;
    case SalePhase::kSpike:
      return options_.spike_rate;
    default:
      return options_.calm_rate;
  }
}

uint8_t Sale::Wave() const {
  switch (phase_) {
    case SalePhase::kGather:
      return kGatherWave;
    case SalePhase::kSpike:
      return kSpikeWave;
    default:
      return kCalmWave;
  }
}

Duration Sale::DrawGap() {
  return Duration(static_cast<Duration::rep>(random_.Exponential(1e9 / Rate())));
}

void Sale::OnArrival() {
  const TimePoint now = loop_.now();
  most_late_ = std::max(most_late_, now - next_arrival_);
  while (next_arrival_ <= now) {
    crowd_.Come(Wave());
    next_arrival_ += DrawGap();
  }
  alarms_.Arm(arrival_, next_arrival_ - now);
}

void Sale::OnPhaseEnd() {
  EndSecond();
  const TimePoint now = loop_.now();
  switch (phase_) {
    case SalePhase::kCalm:
      if (options_.gather == Duration::zero()) {
        BeginSpike();
        break;
      }
      phase_ = SalePhase::kGather;
      alarms_.Arm(phase_end_, options_.gather);
      break;
    case SalePhase::kGather:
      BeginSpike();
      break;
    case SalePhase::kSpike:
      phase_ = SalePhase::kAfter;
      alarms_.Arm(phase_end_, options_.most_after);
      break;
    case SalePhase::kAfter:
    case SalePhase::kOver:
      phase_ = SalePhase::kOver;
      over_ = now;
      arrival_.Cancel();
      on_second_(seconds_.back());
      return;
  }
  // The time to the next arrival has no memory: at the new rate it is drawn anew.
  next_arrival_ = now + DrawGap();
  alarms_.Arm(arrival_, next_arrival_ - now);
}

void Sale::BeginSpike() {
  phase_ = SalePhase::kSpike;
  spike_begins_ = loop_.now();
  for (size_t step = 0; step < kSteps; ++step) {
    pages_at_rest_[step] = crowd_.page_times(static_cast<Step>(step)).size();
  }
  alarms_.Arm(phase_end_, options_.spike);
}

void Sale::OnSecond() {
  if (phase_ == SalePhase::kOver) return;
  if (phase_ == SalePhase::kAfter && CrowdInside() == 0) {
    phase_end_.Cancel();
    return OnPhaseEnd();
  }
  EndSecond();
  on_second_(seconds_.back());
}

SaleSecond Sale::Totals() {
  const CrowdCounts& counts = crowd_.counts();
  SaleSecond all;
  all.at_s = SecondsOf(loop_.now() - spike_begins_);
  all.phase = phase_;
  all.came = counts.came;
  all.bought = counts.bought;
  all.gave_up = counts.gave_up;
  all.pages = std::accumulate(counts.pages.begin(), counts.pages.end(), uint64_t{0});
  all.errors = counts.errors;
  all.told = counts.told;
  all.inside = crowd_.inside();
  all.asking = crowd_.asking();
  all.waiting = crowd_.waiting();
  all.let_in = counts.let_in;
  all.let_in_after_ms = static_cast<uint64_t>(counts.let_in_after.count() / 1'000'000);
  for (size_t i = 0; i < shop_.addresses().size(); ++i) {
    const ServerCounts server = shop_.counts(i);
    all.made += server.made;
    all.crashes += server.crashes;
    all.shop_waiting += server.waiting;
    all.shop_working += server.working;
    all.down += server.down ? 1 : 0;
  }
  return all;
}

void Sale::EndSecond() {
  const SaleSecond all = Totals();
  SaleSecond second = all;
  for (const auto part :
       {&SaleSecond::came, &SaleSecond::bought, &SaleSecond::gave_up, &SaleSecond::pages,
        &SaleSecond::errors, &SaleSecond::told, &SaleSecond::made, &SaleSecond::crashes,
        &SaleSecond::let_in, &SaleSecond::let_in_after_ms}) {
    second.*part -= totals_.*part;
  }
  totals_ = all;
  seconds_.push_back(second);
}

Gathered Sale::MeasureGathered() const {
  std::vector<Outcome> all = crowd_.outcomes();
  std::erase_if(all, [](const Outcome& outcome) {
    return outcome.wave != kGatherWave || outcome.bot || outcome.first_page == TimePoint();
  });
  std::ranges::sort(all, {}, &Outcome::came);
  const auto mean = [&](std::span<const Outcome> part) {
    Duration sum{};
    for (const Outcome& outcome : part) sum += outcome.first_page - spike_begins_;
    return part.empty() ? sum : sum / static_cast<Duration::rep>(part.size());
  };
  const std::span<const Outcome> some = all;
  return {.shoppers = all.size(),
          .early = mean(some.first(all.size() / 2)),
          .late = mean(some.subspan(all.size() / 2))};
}

SaleFigures Sale::Figures() {
  SaleFigures figures;
  figures.kept_out = crowd_.counts().kept_out;
  figures.wasted = totals_.made - std::min(totals_.made, totals_.pages);
  figures.crashes = totals_.crashes;
  figures.most_late = most_late_;
  const auto add = [&figures](const Outcome& outcome) {
    if (outcome.bot || outcome.wave == kCalmWave) return;
    ++figures.shoppers;
    figures.bought += outcome.bought ? 1 : 0;
    figures.affected += outcome.affected() ? 1 : 0;
    figures.gave_up += outcome.gave_up ? 1 : 0;
    figures.saw_error += outcome.saw_error ? 1 : 0;
    figures.waited += outcome.waited ? 1 : 0;
    figures.unfinished += outcome.bought || outcome.gave_up ? 0 : 1;
  };
  const TimePoint begin = spike_begins_ + kSettle;
  TimePoint end = begin;
  for (const Outcome& outcome : crowd_.outcomes()) {
    add(outcome);
    if (outcome.wave != kCalmWave) end = std::max(end, outcome.went);
  }
  std::vector<Outcome> all = crowd_.Inside();
  for (const Outcome& outcome : all) add(outcome);
  all.insert(all.end(), crowd_.outcomes().begin(), crowd_.outcomes().end());
  figures.lost_place = static_cast<uint64_t>(std::ranges::count(all, true, &Outcome::lost_place));
  std::erase_if(all, [](const Outcome& outcome) { return outcome.wave == kGatherWave; });
  figures.line = MeasureLine(std::move(all));
  figures.gathered = MeasureGathered();
  if (CrowdInside() > 0) end = over_;
  for (const Outcome& outcome : crowd_.outcomes()) {
    if (outcome.bought && outcome.went >= begin && outcome.went <= end) ++figures.purchases;
  }
  figures.window_s = SecondsOf(end - begin);
  for (size_t step = 0; step < kSteps; ++step) {
    const std::span<const Duration> times = crowd_.page_times(static_cast<Step>(step));
    const size_t rest = phase_ == SalePhase::kCalm ? times.size() : pages_at_rest_[step];
    figures.rest_p99[step] = P99(times.first(rest));
    figures.sale_p99[step] = P99(times.subspan(rest));
  }
  return figures;
}

}  // namespace sluice::demo
