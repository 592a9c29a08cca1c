#include "balancer/outlier_sweep.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>

#include "balancer/outcome.h"
#include "balancer/slow_start.h"

namespace sluice::balancer {
namespace {

using namespace std::chrono_literals;
using Reason = Ejection::Reason;

class OutlierSweepTest : public testing::Test {
 protected:
  void Pool(size_t count, const SweepSpec& spec = {}) {
    std::vector<Host> hosts;
    for (size_t i = 0; i < count; ++i) hosts.push_back({.stats = std::make_shared<HostStats>()});
    hosts_ = HostView(std::move(hosts));
    sweep_.Adopt(spec, kRests, hosts_, now_);
  }
  // `requests` to each host, of which those named fail so many of a hundred.
  void Serve(int requests, const std::map<HostIndex, int>& failing_percent,
             Result how = Result::kFailed) {
    for (HostIndex host = 0; host < hosts_.size(); ++host) {
      const auto found = failing_percent.find(host);
      const int percent = found == failing_percent.end() ? 0 : found->second;
      for (int i = 0; i < requests; ++i) {
        const bool fails = (i + 1) * percent / 100 > i * percent / 100;
        Record(hosts_.stats(host), {.result = fails ? how : Result::kAnswered, .latency = 10ms},
               now_);
      }
    }
    now_ += 100ms;
  }
  std::vector<Ejection> Sweep() { return sweep_.Sweep(now_); }

  static constexpr OutlierSpec kRests = {.rest = 2s, .rest_max = 60s};
  TimePoint now_{1h};
  HostView hosts_;
  OutlierSweep sweep_;
};

TEST_F(OutlierSweepTest, OneThatFailsThirtyOfAHundredIsEjectedWithTheEvidence) {
  Pool(4);
  Serve(100, {{2, 30}});
  const std::vector<Ejection> ejected = Sweep();
  ASSERT_EQ(ejected.size(), 1u);
  EXPECT_EQ(ejected[0].host, 2u);
  EXPECT_EQ(ejected[0].reason, Reason::kErrorDeviation);
  EXPECT_EQ(ejected[0].requests, 100u);
  EXPECT_EQ(ejected[0].errors, 30u);
  EXPECT_EQ(ejected[0].others_error_share, 0);
  EXPECT_EQ(ejected[0].over, 100ms);
  EXPECT_EQ(ejected[0].rest, 2s);
  EXPECT_TRUE(hosts_.Away(2, now_));
  EXPECT_FALSE(hosts_.Away(2, now_ + 2s));
  EXPECT_EQ(Ramp(hosts_.stats(2), 10s, now_ + 2s), kFirstShare) << "and comes back slowly";
}

TEST_F(OutlierSweepTest, OneThatFailsMostlyIsEjectedForItsShare) {
  Pool(2);
  Serve(60, {{0, 90}});
  const std::vector<Ejection> ejected = Sweep();
  ASSERT_EQ(ejected.size(), 1u);
  EXPECT_EQ(ejected[0].reason, Reason::kErrorShare);
}

TEST_F(OutlierSweepTest, AFewRequestsProveNothing) {
  Pool(4);
  Serve(49, {{0, 100}});
  EXPECT_TRUE(Sweep().empty());
  Serve(1, {{0, 100}});
  EXPECT_EQ(Sweep().size(), 1u);
}

TEST_F(OutlierSweepTest, WhatAllSufferEjectsNobody) {
  Pool(4);
  Serve(200, {{0, 100}, {1, 100}, {2, 100}, {3, 100}});
  EXPECT_TRUE(Sweep().empty());
  Serve(200, {{0, 45}, {1, 40}, {2, 40}, {3, 35}}, Result::kTimedOut);
  EXPECT_TRUE(Sweep().empty()) << "timeouts of all are an overload";
}

TEST_F(OutlierSweepTest, RefusalsAreNoFailures) {
  Pool(4);
  Serve(200, {{0, 80}}, Result::kOverloaded);
  EXPECT_TRUE(Sweep().empty());
  EXPECT_LT(hosts_.stats(0).share, kWhole) << "they shrink its share";
}

TEST_F(OutlierSweepTest, FivePercentMoreThanTheOthersIsNotWorthAServer) {
  Pool(4);
  Serve(5000, {{0, 6}, {1, 1}, {2, 1}, {3, 1}});
  EXPECT_TRUE(Sweep().empty());
}

TEST_F(OutlierSweepTest, TheOnlyServerIsNeverEjected) {
  Pool(1);
  Serve(500, {{0, 100}});
  EXPECT_TRUE(Sweep().empty());
}

TEST_F(OutlierSweepTest, AtMostHalfOfThePoolGoesTheWorstFirst) {
  Pool(5);
  Serve(400, {{0, 30}, {1, 60}, {2, 40}});
  const std::vector<Ejection> ejected = Sweep();
  ASSERT_EQ(ejected.size(), 2u);
  EXPECT_EQ(ejected[0].host, 1u);
  EXPECT_TRUE(Sweep().empty()) << "those that rest count";
}

TEST_F(OutlierSweepTest, OneTenTimesSlowerIsEjectedAndOneThreeTimesSlowerIsNot) {
  Pool(4);
  Serve(100, {});
  hosts_.stats(1).service_us = 30'000;
  EXPECT_TRUE(Sweep().empty());
  hosts_.stats(1).service_us = 120'000;
  const std::vector<Ejection> ejected = Sweep();
  ASSERT_EQ(ejected.size(), 1u);
  EXPECT_EQ(ejected[0].reason, Reason::kLatency);
  EXPECT_EQ(ejected[0].latency, 120ms);
  EXPECT_EQ(ejected[0].others_latency, 10ms);
}

TEST_F(OutlierSweepTest, WhatTakesAMillisecondInsteadOfATenthIsNoWorse) {
  Pool(4);
  Serve(100, {});
  for (HostIndex host = 0; host < 4; ++host) hosts_.stats(host).service_us = 100;
  hosts_.stats(1).service_us = 1500;
  EXPECT_TRUE(Sweep().empty());
}

TEST_F(OutlierSweepTest, EachEjectionInARowRestsTwiceAsLongAndGoodWindowsAreForgiven) {
  Pool(4);
  for (const Duration expected : {2s, 4s, 8s}) {
    Serve(100, {{0, 50}});
    const std::vector<Ejection> ejected = Sweep();
    ASSERT_EQ(ejected.size(), 1u);
    EXPECT_EQ(ejected[0].rest, expected);
    now_ += expected;
    Sweep();
  }
  for (int window = 0; window < 4; ++window) {
    Serve(100, {});
    now_ += 10s;
    EXPECT_TRUE(Sweep().empty());
  }
  Serve(100, {{0, 50}});
  const std::vector<Ejection> ejected = Sweep();
  ASSERT_EQ(ejected.size(), 1u);
  EXPECT_EQ(ejected[0].nth, 1u);
}

TEST_F(OutlierSweepTest, WhatComesBackDuringTheRestIsNotHeldAgainstIt) {
  Pool(4);
  Serve(100, {{0, 50}});
  ASSERT_EQ(Sweep().size(), 1u);
  Serve(200, {{0, 100}});
  EXPECT_TRUE(Sweep().empty());
  now_ += 2s;
  EXPECT_TRUE(Sweep().empty());
}

TEST_F(OutlierSweepTest, OldSuccessesDoNotExcuseForLongerThanTheWindow) {
  Pool(4);
  Serve(5000, {});
  now_ += 10s;
  EXPECT_TRUE(Sweep().empty());
  Serve(100, {{0, 30}});
  EXPECT_EQ(Sweep().size(), 1u);
}

TEST_F(OutlierSweepTest, AReloadForgetsNeitherCountsNorEjectionsInARow) {
  Pool(4);
  Serve(100, {{0, 50}});
  ASSERT_EQ(Sweep().size(), 1u);
  now_ += 2s;
  Sweep();
  Serve(40, {{0, 50}});
  // The same servers in another order, with one more.
  std::vector<Host> hosts = {{.stats = std::make_shared<HostStats>()}};
  for (const HostIndex host : {3u, 2u, 1u}) {
    hosts.push_back({.stats = hosts_.shared_stats(host)});
  }
  hosts.push_back({.stats = hosts_.shared_stats(0)});
  hosts_ = HostView(std::move(hosts));
  sweep_.Adopt({}, kRests, hosts_, now_);
  Serve(20, {{4, 50}});
  const std::vector<Ejection> ejected = Sweep();
  ASSERT_EQ(ejected.size(), 1u);
  EXPECT_EQ(ejected[0].host, 4u);
  EXPECT_EQ(ejected[0].requests, 60u);
  EXPECT_EQ(ejected[0].nth, 2u);
  EXPECT_EQ(ejected[0].rest, 4s);
}

TEST_F(OutlierSweepTest, AClockThatStepsBackBeginsANewWindow) {
  Pool(4);
  Serve(5000, {});
  now_ -= 1h;
  EXPECT_TRUE(Sweep().empty());
  Serve(100, {{0, 30}});
  EXPECT_EQ(Sweep().size(), 1u) << "the successes before it count no more";
}

}  // namespace
}  // namespace sluice::balancer
