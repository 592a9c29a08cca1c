#include "balancer/outlier.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace sluice::balancer {
namespace {

using namespace std::chrono_literals;

class OutlierTest : public testing::Test {
 protected:
  RestChange Fail() { return outlier_.OnFailure(host_, now_); }
  RestChange Succeed() { return outlier_.OnSuccess(host_, now_); }
  void FailIntoRest() {
    ASSERT_EQ(Fail(), RestChange::kNone);
    ASSERT_EQ(Fail(), RestChange::kNone);
    ASSERT_EQ(Fail(), RestChange::kBegan);
  }
  void SitOut() { now_ += RestLeft(host_, now_); }

  const Outlier outlier_{{.failures = 3, .rest = 2s, .rest_max = 60s}};
  HostStats host_;
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
  const Outlier never({.failures = 0});
  for (int i = 0; i < 100; ++i) EXPECT_EQ(never.OnFailure(host_, now_), RestChange::kNone);
  EXPECT_FALSE(host_.Resting(now_));
}

TEST_F(OutlierTest, TheThousandthRestIsAsLongAsTheMost) {
  EXPECT_EQ(outlier_.RestLength(1000), 60s);
  EXPECT_EQ(Outlier({.rest = 90s, .rest_max = 60s}).RestLength(1), 60s);
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
