#include "balancer/breaker.h"

#include <gtest/gtest.h>

#include <optional>
#include <random>

#include "balancer/slow_start.h"

namespace sluice::balancer {
namespace {

using namespace std::chrono_literals;
using State = Breaker::State;

class BreakerTest : public testing::Test {
 protected:
  // A tick of 100 ms in which so many tries ended, so many of them badly. The new state, if it is.
  std::optional<State> Tick(uint64_t requests, uint64_t errors) {
    return breaker_.Tick(&spec_, {.requests = requests, .errors = errors}, now_ += 100ms);
  }
  void Ticks(Duration time, uint64_t requests, uint64_t errors) {
    for (const TimePoint end = now_ + time; now_ < end;) Tick(requests, errors);
  }
  double Admitted() {
    int admitted = 0;
    for (int i = 0; i < 20000; ++i) admitted += breaker_.Admits(rng_) ? 1 : 0;
    return admitted / 20000.0;
  }

  BreakerSpec spec_{
      .error_percent = 50, .min_requests = 100, .window = 10s, .open = 5s, .ramp = 10s};
  Breaker breaker_;
  TimePoint now_{1h};
  std::mt19937_64 rng_{20261127};
};

TEST_F(BreakerTest, ClosedItLetsAllIn) {
  Ticks(30s, 10, 4);
  EXPECT_EQ(breaker_.state(), State::kClosed);
  EXPECT_EQ(Admitted(), 1);
  EXPECT_EQ(breaker_.refused(), 0u);
}

TEST_F(BreakerTest, HalfOfTheTriesFailingOpensItWithTheEvidence) {
  Ticks(2s, 10, 0);
  for (int i = 0; i < 19; ++i) ASSERT_EQ(Tick(10, 10), std::nullopt);
  EXPECT_EQ(Tick(10, 10), State::kOpen);
  EXPECT_EQ(Admitted(), 0);
  EXPECT_EQ(breaker_.refused(), 20000u);
  EXPECT_EQ(breaker_.RetryAfter(now_), 5s);
  EXPECT_EQ(breaker_.RetryAfter(now_ + 4500ms), 1s) << "never less than a second";
  EXPECT_EQ(breaker_.evidence().errors, 200u);
  EXPECT_EQ(breaker_.opened(), 1u);
}

TEST_F(BreakerTest, AFewFailuresProveNothing) {
  EXPECT_EQ(Tick(99, 99), std::nullopt);
  EXPECT_EQ(Tick(1, 1), State::kOpen);
}

TEST_F(BreakerTest, WhatIsOlderThanTheWindowDoesNotCount) {
  Ticks(10s, 100, 0);
  EXPECT_EQ(breaker_.state(), State::kClosed);
  now_ += 10s;
  Ticks(300ms, 40, 40);
  EXPECT_EQ(breaker_.state(), State::kOpen) << "10,000 successes 10 s ago";
}

TEST_F(BreakerTest, HalfOpenItLetsATenthInAndThenMoreUntilItCloses) {
  Tick(100, 100);
  Ticks(4900ms, 0, 0);
  ASSERT_EQ(breaker_.state(), State::kOpen);
  EXPECT_EQ(Tick(0, 0), State::kHalfOpen);
  EXPECT_NEAR(Admitted(), 0.1, 0.01);
  Ticks(5s, 5, 0);
  EXPECT_NEAR(Admitted(), 0.55, 0.02);
  Ticks(4900ms, 5, 0);
  ASSERT_EQ(breaker_.state(), State::kHalfOpen);
  EXPECT_EQ(Tick(5, 0), State::kClosed);
  EXPECT_EQ(Admitted(), 1);
}

TEST_F(BreakerTest, ItOpensAgainWhenTheTrialFails) {
  Tick(100, 100);
  Ticks(5s, 0, 0);
  ASSERT_EQ(breaker_.state(), State::kHalfOpen);
  EXPECT_EQ(Tick(9, 9), std::nullopt) << "too few to tell";
  EXPECT_EQ(Tick(1, 0), State::kOpen);
  EXPECT_EQ(breaker_.opened(), 2u);
  EXPECT_EQ(breaker_.RetryAfter(now_), 5s);
}

TEST_F(BreakerTest, WhatFailedBeforeItOpenedIsNotHeldAgainstTheTrial) {
  spec_.open = 1s;  // far less than the window
  Tick(100, 100);
  Ticks(1s, 0, 0);
  ASSERT_EQ(breaker_.state(), State::kHalfOpen);
  Ticks(2s, 2, 0);
  EXPECT_EQ(breaker_.state(), State::kHalfOpen);
}

TEST_F(BreakerTest, WithoutRequestsItClosesToo) {
  Tick(100, 100);
  Ticks(5s, 0, 0);
  Ticks(10s, 0, 0);
  EXPECT_EQ(breaker_.state(), State::kClosed);
}

TEST_F(BreakerTest, TakenOutOfTheConfigurationItIsClosedAtOnce) {
  Tick(100, 100);
  EXPECT_EQ(breaker_.Tick(nullptr, {}, now_ += 100ms), State::kClosed);
  EXPECT_EQ(Admitted(), 1);
}

TEST_F(BreakerTest, AnotherConfigurationForgetsNothing) {
  Tick(90, 90);
  spec_ = {.error_percent = 90, .min_requests = 95};
  EXPECT_EQ(Tick(5, 5), State::kOpen);
}

TEST_F(BreakerTest, ClocksThatJumpNeitherOpenItNorHoldItForever) {
  Tick(90, 90);
  now_ -= 1h;
  EXPECT_EQ(Tick(10, 0), std::nullopt);
  now_ += 100h;
  EXPECT_EQ(Tick(10, 0), std::nullopt);
  ASSERT_EQ(Tick(300, 300), State::kOpen);
  now_ += 100h;
  EXPECT_EQ(Tick(0, 0), State::kHalfOpen);
  EXPECT_NEAR(Admitted(), 0.1, 0.01);
}

TEST_F(BreakerTest, ZeroRequestsAreNoFailure) {
  spec_ = {.error_percent = 0, .min_requests = 0};
  EXPECT_EQ(Tick(0, 0), std::nullopt);
}

}  // namespace
}  // namespace sluice::balancer
