#include "balancer/health.h"

#include <gtest/gtest.h>

#include <random>

#include "balancer/slow_start.h"

namespace sluice::balancer {
namespace {

using namespace std::chrono_literals;

class HealthTest : public testing::Test {
 protected:
  HealthChange Check(bool passed) { return health_.OnCheck(passed, host_, now_ += 2s); }
  HealthChange Pass() { return Check(true); }
  HealthChange Fail() { return Check(false); }
  void TakeDown() {
    Fail(), Fail();
    ASSERT_EQ(Fail(), HealthChange::kWentDown);
  }

  Health health_{HealthSpec{}};
  HostStats host_;
  TimePoint now_{1h};
  std::mt19937_64 rng_{1};
};

TEST_F(HealthTest, ItIsUpBeforeTheFirstCheck) {
  EXPECT_TRUE(health_.up());
  EXPECT_EQ(Pass(), HealthChange::kNone);
}

TEST_F(HealthTest, ThreeFailuresInARowTakeItDown) {
  Fail(), Fail();
  EXPECT_EQ(health_.against(), 2u);
  EXPECT_FALSE(host_.Away(now_));
  EXPECT_EQ(Fail(), HealthChange::kWentDown);
  EXPECT_TRUE(host_.Away(now_));
  EXPECT_EQ(Fail(), HealthChange::kNone) << "it is down once";
}

TEST_F(HealthTest, APassBetweenStartsTheCountAgain) {
  for (int i = 0; i < 10; ++i) {
    Fail(), Fail();
    EXPECT_EQ(Pass(), HealthChange::kNone);
  }
  EXPECT_TRUE(health_.up());
}

TEST_F(HealthTest, TwoPassesInARowBringItBackSlowly) {
  TakeDown();
  Pass(), Fail(), Pass();
  EXPECT_TRUE(host_.Away(now_));
  EXPECT_EQ(Pass(), HealthChange::kCameUp);
  EXPECT_FALSE(host_.Away(now_));
  EXPECT_EQ(Ramp(host_, 10s, now_), kFirstShare);
}

TEST_F(HealthTest, ChecksComeFasterWhileItFailsOrIsDown) {
  const auto next = [this] { return health_.UntilNext(rng_); };
  EXPECT_GE(next(), 1800ms);
  EXPECT_LE(next(), 2200ms);
  Fail();
  EXPECT_LE(next(), 550ms);
  Fail(), Fail();
  EXPECT_LE(next(), 550ms);
  Pass(), Pass();
  EXPECT_GE(next(), 1800ms);
}

TEST_F(HealthTest, JitterSpreadsTheChecksOverItsWidth) {
  Duration least = 1h;
  Duration most = 0s;
  for (int i = 0; i < 1000; ++i) {
    least = std::min(least, health_.UntilNext(rng_));
    most = std::max(most, health_.UntilNext(rng_));
  }
  EXPECT_LT(least, 1820ms);
  EXPECT_GT(most, 2180ms);
}

TEST_F(HealthTest, ZeroCountsAsOne) {
  Health strict({.fall = 0, .rise = 0});
  EXPECT_EQ(strict.OnCheck(false, host_, now_), HealthChange::kWentDown);
  EXPECT_EQ(strict.OnCheck(true, host_, now_), HealthChange::kCameUp);
}

TEST_F(HealthTest, ANewSpecJudgesWithWhatIsKnown) {
  Fail(), Fail();
  health_.SetSpec({.interval = 10s, .fall = 5});
  EXPECT_EQ(Fail(), HealthChange::kNone);
  EXPECT_EQ(Fail(), HealthChange::kNone);
  EXPECT_EQ(Fail(), HealthChange::kWentDown);
}

TEST_F(HealthTest, AClockThatStepsBackDoesNotLengthenTheSlowStart) {
  TakeDown();
  Pass(), Pass();
  EXPECT_EQ(Ramp(host_, 10s, now_ - 1h), kFirstShare) << "no less than the first share";
  EXPECT_EQ(Ramp(host_, 10s, now_ + 1h), kWhole);
}

}  // namespace
}  // namespace sluice::balancer
