#include "ratelimit/gcra.h"

#include <algorithm>
#include <bit>

namespace sluice::ratelimit {
namespace {

using Wide = unsigned __int128;

// Twice as many ticks, and a debt on top, still fit in 64 bits.
constexpr uint64_t kLatest = uint64_t{1} << 62;

uint64_t HighHalf(uint64_t a, uint64_t b) { return static_cast<uint64_t>((Wide{a} * b) >> 64); }

uint64_t NanosOf(TimePoint now) {
  const int64_t nanos = now.time_since_epoch().count();
  return nanos < 0 ? 0 : std::min(static_cast<uint64_t>(nanos), kLatest);
}

}  // namespace

Gcra::Gcra(const RateSpec& spec) {
  const auto per =
      static_cast<uint64_t>(std::clamp(spec.rate.per, Duration(1), kLongestPeriod).count());
  const uint64_t count = std::clamp(spec.rate.count, uint64_t{1}, per);
  // The least with count * 2^shift >= per.
  shift_ = static_cast<unsigned>(std::bit_width((per - 1) / count));
  const uint64_t ticks_per_period = count << shift_;  // below 2 * per
  more_ = static_cast<uint64_t>((Wide{ticks_per_period - per} << 64) / per);
  less_ = static_cast<uint64_t>((Wide{ticks_per_period - per} << 64) / ticks_per_period);
  const uint64_t longest = FromNanos(static_cast<uint64_t>(kLongestDebt.count()));
  burst_ = std::clamp(spec.burst, uint64_t{1}, longest >> shift_);
  most_ = burst_ << shift_;
  slack_ = FromNanos(static_cast<uint64_t>(kSlack.count()));
}

uint64_t Gcra::FromNanos(uint64_t nanos) const { return nanos + HighHalf(nanos, more_); }

uint64_t Gcra::Ticks(TimePoint now) const { return FromNanos(NanosOf(now)); }

uint64_t Gcra::Debt(uint64_t owed_until, uint64_t now) const {
  const uint64_t debt = owed_until > now ? owed_until - now : 0;
  return debt > most_ + slack_ ? 0 : debt;
}

Gcra::Step Gcra::Try(uint64_t owed_until, uint64_t now, uint64_t cost) const {
  const uint64_t price = Price(cost);
  uint64_t debt = owed_until > now ? owed_until - now : 0;
  if (debt > most_ + slack_) debt = most_ - price;
  const bool allowed = cost == 0 || (cost <= burst_ && debt + price <= most_);
  return {allowed, now + debt + price, debt};
}

Duration Gcra::Until(uint64_t ticks, TimePoint now) const {
  // The multiplications may be off by one or two, the comparisons are not.
  uint64_t nanos = ticks - HighHalf(ticks, less_);
  while (nanos > 0 && FromNanos(nanos - 1) >= ticks) --nanos;
  while (FromNanos(nanos) < ticks) ++nanos;
  return Duration(static_cast<int64_t>(nanos - std::min(nanos, NanosOf(now))));
}

Verdict Gcra::Tell(const Step& step, TimePoint now, uint64_t cost) const {
  const uint64_t price = Price(cost);
  const uint64_t paid_by = step.allowed ? step.owed_until : step.owed_until - price;
  const uint64_t debt = step.allowed ? step.debt + price : step.debt;
  Verdict verdict;
  verdict.allowed = step.allowed;
  verdict.remaining = debt > most_ ? 0 : (most_ - debt) >> shift_;
  verdict.reset = Until(paid_by, now);
  if (!step.allowed) {
    verdict.retry_after = cost > burst_ ? kNever : Until(step.owed_until - most_, now);
  }
  return verdict;
}

Verdict Gcra::Peek(const Cell& cell, TimePoint now, uint64_t cost) const {
  const uint64_t ticks = Ticks(now);
  return Tell(Try(cell.load(std::memory_order_acquire), ticks, cost), now, cost);
}

Verdict Gcra::Charge(Cell& cell, TimePoint now, uint64_t cost) const {
  const uint64_t ticks = Ticks(now);
  uint64_t owed_until = cell.load(std::memory_order_acquire);
  for (;;) {
    const Step step = Try(owed_until, ticks, cost);
    if (!step.allowed || cost == 0) return Tell(step, now, cost);
    // A lone cell guards nothing but itself; in a table it is also what tells that the slot has
    // changed hands (keyed_gate.cc), hence the order.
    if (cell.compare_exchange_weak(owed_until, step.owed_until, std::memory_order_acq_rel,
                                   std::memory_order_acquire)) {
      return Tell(step, now, cost);
    }
  }
}

void Gcra::Refund(Cell& cell, uint64_t cost) const {
  const uint64_t price = Price(cost);
  uint64_t owed_until = cell.load(std::memory_order_acquire);
  while (!cell.compare_exchange_weak(owed_until, owed_until - std::min(owed_until, price),
                                     std::memory_order_acq_rel, std::memory_order_acquire)) {
  }
}

}  // namespace sluice::ratelimit
