#include "ratelimit/quota_lease.h"

#include <algorithm>
#include <cmath>

namespace sluice::ratelimit {
namespace {

// Three of them still fit in 64 bits with their sign; 73 years.
constexpr int64_t kFar = int64_t{1} << 61;
// A time that steps back by less is a clock's doing, see gcra.h.
constexpr int64_t kSlackNs = 60'000'000'000;
// What a part of the rate is told by.
constexpr double kRecentNs = 1e9;

int64_t NanosOf(TimePoint now) {
  return std::clamp<int64_t>(now.time_since_epoch().count(), 0, kFar);
}

int64_t ToNs(double ns) {
  return ns >= static_cast<double>(kFar) ? kFar : std::llround(std::ceil(ns));
}

uint32_t Sum(uint64_t a, uint64_t b) {
  return static_cast<uint32_t>(std::min(a + b, QuotaLease::kMostTokens));
}

}  // namespace

QuotaLease::QuotaLease(const RateSpec& spec) {
  const auto per =
      static_cast<double>(std::clamp(spec.rate.per, Duration(1), kLongestPeriod).count());
  interval_ns_ = std::max(per / static_cast<double>(std::max<uint64_t>(spec.rate.count, 1)), 1.0);
  const double reserve = std::ceil(static_cast<double>(kSyncReserve.count()) / interval_ns_);
  capacity_ =
      std::clamp(std::max(spec.burst, static_cast<uint64_t>(reserve)), uint64_t{1}, kMostTokens);
  window_ns_ = Price(capacity_, 1);
}

double QuotaLease::ShareOf(const Cell& cell, Standing standing) const {
  const double even = 1.0 / std::max<uint32_t>(standing.instances, 1);
  return standing.silent ? std::max(even, static_cast<double>(cell.part)) : even;
}

int64_t QuotaLease::Price(uint64_t tokens, double share) const {
  return ToNs(static_cast<double>(tokens) * interval_ns_ / share);
}

int64_t QuotaLease::DebtNs(const Cell& cell, int64_t now, Standing standing) const {
  const int64_t debt = std::max<int64_t>(cell.owed_until - now, 0);
  // The store tells of two windows and a little; one costly request on a share takes `instances`.
  const double most = static_cast<double>(window_ns_) * (standing.instances + 3.0) + kSlackNs;
  return static_cast<double>(debt) > most ? window_ns_ : debt;
}

uint64_t QuotaLease::Debt(const Cell& cell, TimePoint now, Standing standing) const {
  const auto debt = static_cast<double>(DebtNs(cell, NanosOf(now), standing));
  return static_cast<uint64_t>(std::ceil(debt * ShareOf(cell, standing) / interval_ns_));
}

QuotaLease::Step QuotaLease::Try(const Cell& cell, int64_t now, uint64_t cost,
                                 Standing standing) const {
  Step step{.owed_until = cell.owed_until};
  step.leased = static_cast<uint32_t>(std::min<uint64_t>(cost, cell.lease));
  if (cost == step.leased) return step;
  const int64_t debt = DebtNs(cell, now, standing);
  const int64_t price = Price(cost - step.leased, ShareOf(cell, standing));
  // Who owes nothing may always have one request, be the share ever so small.
  step.wait = std::max<int64_t>(debt + price - std::max(window_ns_, price), 0);
  step.allowed = cost <= capacity_ && step.wait == 0;
  step.owed_until = now + std::min(debt + price, kFar);
  return step;
}

Verdict QuotaLease::Tell(const Cell& cell, const Step& step, int64_t now, uint64_t cost,
                         Standing standing) const {
  Verdict verdict{.allowed = step.allowed};
  const bool charged = step.allowed && cost > 0;
  const Cell after{.owed_until = charged ? step.owed_until : cell.owed_until};
  const int64_t debt = DebtNs(after, now, standing);
  const double price = interval_ns_ / ShareOf(cell, standing);
  const int64_t room = std::max<int64_t>(window_ns_ - debt, 0);
  auto on_share = static_cast<uint64_t>(static_cast<double>(room) / price);
  if (on_share == 0 && debt == 0) on_share = 1;
  verdict.remaining = cell.lease - (charged ? step.leased : 0) + on_share;
  verdict.reset = Duration(debt);
  if (!step.allowed) verdict.retry_after = cost > capacity_ ? kNever : Duration(step.wait);
  return verdict;
}

void QuotaLease::NoteAsked(Cell& cell, uint64_t cost) const {
  // More than the bucket holds no store could grant; so a flood of refusals ends up writing
  // nothing.
  const uint64_t asked = std::min(cell.asked + std::min(cost, capacity_), capacity_);
  if (asked != cell.asked) cell.asked = static_cast<uint32_t>(asked);
}

Verdict QuotaLease::Charge(Cell& cell, TimePoint now, uint64_t cost, Standing standing) const {
  const int64_t nanos = NanosOf(now);
  const Step step = Try(cell, nanos, cost, standing);
  const Verdict verdict = Tell(cell, step, nanos, cost, standing);
  NoteAsked(cell, cost);
  if (!step.allowed || cost == 0) return verdict;
  cell.lease -= step.leased;
  cell.owed_until = step.owed_until;
  if (!standing.silent) cell.unsaid = Sum(cell.unsaid, cost - step.leased);
  return verdict;
}

Verdict QuotaLease::Peek(Cell& cell, TimePoint now, uint64_t cost, Standing standing) const {
  const int64_t nanos = NanosOf(now);
  const Step step = Try(cell, nanos, cost, standing);
  if (!step.allowed) NoteAsked(cell, cost);
  return Tell(cell, step, nanos, cost, standing);
}

void QuotaLease::Refund(Cell& cell, uint64_t cost, Standing standing) const {
  cost = std::min(cost, capacity_);
  cell.asked -= static_cast<uint32_t>(std::min<uint64_t>(cost, cell.asked));
  // Debt first: a token that was leased, or whose debt is told by now, goes back as a leased one.
  const uint64_t on_share = standing.silent ? cost : std::min<uint64_t>(cost, cell.unsaid);
  if (!standing.silent) cell.unsaid -= static_cast<uint32_t>(on_share);
  cell.owed_until -= std::min(Price(on_share, ShareOf(cell, standing)), cell.owed_until);
  cell.lease = Sum(cell.lease, cost - on_share);
}

QuotaLease::Ask QuotaLease::Begin(Cell& cell, TimePoint now, Standing standing) const {
  Ask ask{.owed = cell.unsaid};
  cell.forecast = cell.asked == 0 ? 0 : std::max(cell.asked, cell.forecast / 2);
  cell.asked = 0;
  cell.unsaid = 0;
  const int64_t room = window_ns_ - DebtNs(cell, NanosOf(now), standing);
  const double on_share = static_cast<double>(room) * ShareOf(cell, standing) / interval_ns_;
  const uint32_t target = on_share < 2.0 * cell.forecast ? cell.forecast : 0;
  if (cell.lease > target) {
    ask.back = cell.lease - target;
    cell.lease = target;
  } else {
    ask.want = target - cell.lease;
  }
  return ask;
}

void QuotaLease::End(Cell& cell, const Ask& ask, const Word& word, TimePoint now,
                     Standing standing) const {
  const int64_t nanos = NanosOf(now);
  const double granted = std::min(word.granted, ask.want);
  cell.lease = Sum(cell.lease, std::min(word.granted, ask.want));
  const auto capacity = static_cast<double>(capacity_);
  const double left =
      std::clamp(static_cast<double>(word.left), -2 * capacity - standing.instances, capacity);
  // What passed since the word was sent the store does not know yet.
  const int64_t owed = ToNs((capacity - left) * interval_ns_) +
                       Price(cell.unsaid, ShareOf(cell, {.instances = standing.instances}));
  cell.owed_until = nanos + std::min(owed, kFar);
  const double since = std::clamp(static_cast<double>(nanos - cell.told_at), 1e6, kRecentNs);
  const double part = (granted + ask.owed - ask.back) * interval_ns_ / since;
  const double mixed = cell.part + (part - cell.part) * since / kRecentNs;
  cell.part = static_cast<float>(std::clamp(mixed, 0.0, 1.0));
  cell.told_at = nanos;
}

void QuotaLease::Lost(Cell& cell, const Ask& ask) { cell.unsaid = Sum(cell.unsaid, ask.owed); }

}  // namespace sluice::ratelimit
