#include "balancer/breaker.h"

#include <algorithm>

#include "balancer/slow_start.h"

namespace sluice::balancer {

Duration Breaker::RetryAfter(TimePoint now) const {
  const Duration left{asks_again_ns_.load(std::memory_order_relaxed) - Nanos(now)};
  return std::max<Duration>(left, std::chrono::seconds(1));
}

std::optional<Breaker::State> Breaker::Tick(const BreakerSpec* spec, const Counts& since,
                                            TimePoint now) {
  if (spec != nullptr) MoveWindow(spec->window, now);
  ever_.requests += since.requests;
  ever_.errors += since.errors;
  const State next = spec == nullptr ? State::kClosed : Next(*spec, now);
  if (next != state_) {
    Enter(next, spec == nullptr ? BreakerSpec{} : *spec, now);
    return next;
  }
  if (state_ == State::kHalfOpen) {
    const double part = static_cast<double>((now - since_).count()) /
                        static_cast<double>(std::max<int64_t>(spec->ramp.count(), 1));
    const auto grown = static_cast<uint32_t>(std::clamp(part, 0.0, 1.0) * (kWhole - kFirstShare));
    // One short of all: that is said by closing.
    share_.store(std::min(kFirstShare + grown, kWhole - 1), std::memory_order_relaxed);
  }
  return std::nullopt;
}

Breaker::Counts Breaker::InWindow() const {
  const Counts& begin = marks_[oldest_];
  return {.requests = ever_.requests - begin.requests, .errors = ever_.errors - begin.errors};
}

void Breaker::MoveWindow(Duration window, TimePoint now) {
  const Duration step = std::max<Duration>(window / kSteps, Duration(1));
  if (now < stepped_ || now - stepped_ >= 2 * window) return BeginWindow(now);
  while (now - stepped_ >= step) {
    stepped_ += step;
    marks_[oldest_] = ever_;
    oldest_ = (oldest_ + 1) % kSteps;
  }
}

void Breaker::BeginWindow(TimePoint now) {
  marks_.fill(ever_);
  stepped_ = now;
}

bool Breaker::Failing(const BreakerSpec& spec, uint64_t least) const {
  const Counts seen = InWindow();
  return seen.requests >= std::max<uint64_t>(least, 1) &&
         seen.errors * 100 >= seen.requests * spec.error_percent;
}

Breaker::State Breaker::Next(const BreakerSpec& spec, TimePoint now) const {
  switch (state_) {
    case State::kClosed:
      return Failing(spec, spec.min_requests) ? State::kOpen : State::kClosed;
    case State::kOpen:
      return now - since_ >= spec.open ? State::kHalfOpen : State::kOpen;
    case State::kHalfOpen:
      if (Failing(spec, std::min<uint64_t>(spec.min_requests, kLeastTrial))) return State::kOpen;
      return now - since_ >= spec.ramp ? State::kClosed : State::kHalfOpen;
  }
  return State::kClosed;
}

void Breaker::Enter(State state, const BreakerSpec& spec, TimePoint now) {
  if (state == State::kOpen) {
    ++opened_;
    evidence_ = InWindow();
    asks_again_ns_.store(Nanos(now + spec.open), std::memory_order_relaxed);
  }
  state_ = state;
  since_ = now;
  // Each state is judged by what happened in it.
  BeginWindow(now);
  share_.store(state == State::kClosed     ? kWhole
               : state == State::kHalfOpen ? kFirstShare
                                           : 0,
               std::memory_order_relaxed);
}

}  // namespace sluice::balancer
