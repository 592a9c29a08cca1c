// What takes from a server's share: slow_start.h and overload.h.
#include <gtest/gtest.h>

#include "balancer/overload.h"
#include "balancer/slow_start.h"

namespace sluice::balancer {
namespace {

using namespace std::chrono_literals;

double Percent(uint32_t share) { return 100.0 * share / kWhole; }

TEST(SlowStart, ClimbsInAStraightLineFromATenthToAll) {
  HostStats host;
  const TimePoint begin{1h};
  BeginSlowStart(host, begin);
  EXPECT_NEAR(Percent(Ramp(host, 10s, begin)), 10, 0.01);
  EXPECT_NEAR(Percent(Ramp(host, 10s, begin + 5s)), 55, 0.01);
  EXPECT_NEAR(Percent(Ramp(host, 10s, begin + 9s)), 91, 0.01);
  EXPECT_EQ(Ramp(host, 10s, begin + 10s), kWhole);
}

TEST(SlowStart, IsOverForAServerThatNeverBeganOneAndWhenItIsOff) {
  HostStats host;
  EXPECT_EQ(Ramp(host, 10s, TimePoint(1s)), kWhole);
  BeginSlowStart(host, TimePoint(1h));
  EXPECT_EQ(Ramp(host, 0s, TimePoint(1h)), kWhole);
}

TEST(SlowStart, AClockThatStepsBackLeavesTheFirstShare) {
  HostStats host;
  BeginSlowStart(host, TimePoint(1h));
  EXPECT_EQ(Ramp(host, 10s, TimePoint(1min)), kFirstShare);
}

TEST(SlowStart, HoldsRequestsAtOnceBackLikeTheShareButNeverAll) {
  EXPECT_EQ(RampedLimit(80, kWhole / 4), 20u);
  EXPECT_EQ(RampedLimit(80, kWhole), 80u);
  EXPECT_EQ(RampedLimit(8, kFirstShare), 1u);
  EXPECT_EQ(RampedLimit(0, kWhole), 0u) << "no limit stays none";
}

class OverloadTest : public testing::Test {
 protected:
  double Share() const { return Percent(ShareLeft(host_, now_)); }

  HostStats host_;
  TimePoint now_{1h};
};

TEST_F(OverloadTest, ABurstOfRefusalsShrinksOnce) {
  for (int i = 0; i < 1000; ++i) Shrink(host_, 0s, now_);
  EXPECT_NEAR(Share(), 70, 0.1);
  now_ += 99ms;
  Shrink(host_, 0s, now_);
  EXPECT_NEAR(Share(), 71, 0.1);
}

TEST_F(OverloadTest, SteadyRefusalsLeaveAThirtySecond) {
  for (int i = 0; i < 100; ++i) Shrink(host_, 0s, now_ += 100ms);
  EXPECT_NEAR(Share(), 100.0 / 32, 0.01);
}

TEST_F(OverloadTest, TheShareGrowsBackInTenSecondsAtMost) {
  for (int i = 0; i < 100; ++i) Shrink(host_, 0s, now_ += 100ms);
  now_ += 5s;
  EXPECT_NEAR(Share(), 53, 1);
  now_ += 5s;
  EXPECT_EQ(Share(), 100);
}

TEST_F(OverloadTest, ItGrowsFromTheMomentTheServerAskedFor) {
  Shrink(host_, 2s, now_);
  now_ += 2s;
  EXPECT_NEAR(Share(), 70, 0.1);
  now_ += 1s;
  EXPECT_NEAR(Share(), 80, 0.1);
}

TEST_F(OverloadTest, NoServerSendsItselfOnHoliday) {
  Shrink(host_, 24h, now_);
  now_ += kMostRetryAfter + 4s;
  EXPECT_EQ(Share(), 100);
  Shrink(host_, -24h, now_);
  EXPECT_NEAR(Share(), 70, 0.1) << "nor into the past";
}

}  // namespace
}  // namespace sluice::balancer
