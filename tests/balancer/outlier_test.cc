#include "balancer/outlier.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "balancer/outcome.h"
#include "balancer/overload.h"

namespace sluice::balancer {
namespace {

using namespace std::chrono_literals;

// A pool of four, and of these one at a time in focus.
class OutlierTest : public testing::Test {
 protected:
  static HostView Hosts(size_t count) {
    std::vector<Host> hosts;
    for (size_t i = 0; i < count; ++i) hosts.push_back({.stats = std::make_shared<HostStats>()});
    return HostView(std::move(hosts));
  }
  RestChange Fail() { return outlier_.OnFailure(host_, false, now_); }
  RestChange Succeed() { return outlier_.OnSuccess(host_, now_); }
  // As the exchange reports one.
  RestChange TimeOut(HostIndex host) {
    Record(hosts_.stats(host), {.result = Result::kTimedOut, .latency = 1s}, now_);
    return outlier_.OnFailure(hosts_.stats(host), true, now_);
  }
  void FailIntoRest() {
    ASSERT_EQ(Fail(), RestChange::kNone);
    ASSERT_EQ(Fail(), RestChange::kNone);
    ASSERT_EQ(Fail(), RestChange::kBegan);
  }
  void SitOut() { now_ += RestLeft(host_, now_); }

  const HostView hosts_ = Hosts(4);
  HostStats& host_ = hosts_.stats(0);
  const Outlier outlier_{{.failures = 3, .rest = 2s, .rest_max = 60s}, hosts_};
  TimePoint now_{1h};
};

TEST_F(OutlierTest, ThreeFailuresInARowBeginARest) {
  FailIntoRest();
  EXPECT_TRUE(host_.Resting(now_));
  EXPECT_EQ(RestLeft(host_, now_), 2s);
  EXPECT_FALSE(host_.Resting(now_ + 2s));
}

TEST_F(OutlierTest, ASuccessBetweenStartsTheCountAgain) {
  Fail(), Fail();
  EXPECT_EQ(Succeed(), RestChange::kNone);
  Fail(), Fail();
  EXPECT_FALSE(host_.Resting(now_));
  EXPECT_EQ(Fail(), RestChange::kBegan);
}

TEST_F(OutlierTest, OneFailureAfterTheRestDoublesItUpToTheMost) {
  FailIntoRest();
  for (const Duration expected : {4s, 8s, 16s, 32s, 60s, 60s}) {
    SitOut();
    ASSERT_EQ(Fail(), RestChange::kBegan);
    EXPECT_EQ(RestLeft(host_, now_), expected);
  }
}

TEST_F(OutlierTest, ASuccessAfterTheRestForgetsEverything) {
  FailIntoRest();
  SitOut();
  Fail();
  SitOut();
  EXPECT_EQ(Succeed(), RestChange::kEnded);
  EXPECT_EQ(Succeed(), RestChange::kNone);
  FailIntoRest();
  EXPECT_EQ(RestLeft(host_, now_), 2s);
}

TEST_F(OutlierTest, WhatArrivesDuringTheRestChangesNothing) {
  FailIntoRest();
  now_ += 1s;
  for (int i = 0; i < 100; ++i) EXPECT_EQ(Fail(), RestChange::kNone);
  EXPECT_EQ(Succeed(), RestChange::kNone);
  EXPECT_EQ(RestLeft(host_, now_), 1s);
  SitOut();
  ASSERT_EQ(Fail(), RestChange::kBegan);
  EXPECT_EQ(RestLeft(host_, now_), 4s);
}

TEST_F(OutlierTest, ZeroFailuresMeansNever) {
  const Outlier never({.failures = 0}, hosts_);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(never.OnFailure(host_, false, now_), RestChange::kNone);
  EXPECT_FALSE(host_.Resting(now_));
}

TEST_F(OutlierTest, TheThousandthRestIsAsLongAsTheMost) {
  EXPECT_EQ(outlier_.RestLength(1000), 60s);
  EXPECT_EQ(Outlier({.rest = 90s, .rest_max = 60s}).RestLength(1), 60s);
}

TEST_F(OutlierTest, AtMostHalfOfThePoolRestsAtATime) {
  int began = 0;
  for (int round = 0; round < 10; ++round) {
    for (HostIndex host = 0; host < 4; ++host) {
      began += outlier_.OnFailure(hosts_.stats(host), false, now_) == RestChange::kBegan ? 1 : 0;
    }
  }
  EXPECT_EQ(began, 2);
  now_ += 2s;
  began = 0;
  for (HostIndex host = 0; host < 4; ++host) {
    for (int i = 0; i < 3; ++i) {
      began += outlier_.OnFailure(hosts_.stats(host), false, now_) == RestChange::kBegan ? 1 : 0;
    }
  }
  EXPECT_EQ(began, 2) << "there is room again when these rests end";
}

TEST_F(OutlierTest, ServersThatTheChecksTookDownCount) {
  hosts_.stats(2).down = true;
  hosts_.stats(3).down = true;
  for (int i = 0; i < 9; ++i) EXPECT_EQ(Fail(), RestChange::kNone);
}

TEST_F(OutlierTest, TheOnlyServerNeverRests) {
  const HostView alone = Hosts(1);
  const Outlier outlier({}, alone);
  for (int i = 0; i < 9; ++i) {
    EXPECT_EQ(outlier.OnFailure(alone.stats(0), false, now_), RestChange::kNone);
  }
}

TEST_F(OutlierTest, OneThatTimesOutWhileTheOthersAnswerRests) {
  TimeOut(0), TimeOut(0);
  EXPECT_EQ(TimeOut(0), RestChange::kBegan);
  EXPECT_EQ(ShareLeft(host_, now_), kWhole);
}

TEST_F(OutlierTest, TimeoutsThatAllHaveShrinkSharesAndEjectNobody) {
  for (int round = 0; round < 12; ++round, now_ += 1s) {
    for (HostIndex host = 0; host < 4; ++host) ASSERT_NE(TimeOut(host), RestChange::kBegan);
  }
  for (HostIndex host = 0; host < 4; ++host) {
    EXPECT_LT(ShareLeft(hosts_.stats(host), now_), kWhole);
  }
}

TEST_F(OutlierTest, AClockThatStepsBackNeitherBeginsNorEndsARest) {
  FailIntoRest();
  now_ -= 1h;
  EXPECT_TRUE(host_.Resting(now_));
  EXPECT_EQ(Fail(), RestChange::kNone);
  EXPECT_EQ(Succeed(), RestChange::kNone);
  now_ += 1h + 2s;
  EXPECT_EQ(Succeed(), RestChange::kEnded);
}

TEST_F(OutlierTest, OfManyWorkersOneIsToldThatTheRestBegan) {
  for (int round = 0; round < 200; ++round) {
    std::atomic<int> told{0};
    std::vector<std::thread> workers;
    for (int worker = 0; worker < 4; ++worker) {
      workers.emplace_back([&] {
        for (int i = 0; i < 3; ++i) told += Fail() == RestChange::kBegan ? 1 : 0;
      });
    }
    for (std::thread& worker : workers) worker.join();
    ASSERT_EQ(told, 1);
    SitOut();
    ASSERT_EQ(Succeed(), RestChange::kEnded);
  }
}

}  // namespace
}  // namespace sluice::balancer
