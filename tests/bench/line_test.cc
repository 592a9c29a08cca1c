#include "bench/load/steady/line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>

namespace sluice::load {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

constexpr TimePoint kStart{1h};
constexpr auto kNobody = std::nullopt;

// A thousand turns a second: request k is due k milliseconds after the start.
class LineTest : public testing::Test {
 protected:
  void Make(uint64_t requests, uint32_t connections, uint64_t warmup = 0) {
    line_ = std::make_unique<Line>(
        Schedule{.start = kStart, .rate = 1000, .requests = requests, .warmup = warmup},
        connections);
    for (uint32_t connection = 0; connection < connections; ++connection) {
      line_->Open(connection, kStart);
    }
  }
  std::optional<uint32_t> NextAt(Duration time) { return line_->Next(kStart + time); }
  void AnswerAt(Duration time, uint32_t connection = 0, bool good = true) {
    line_->Answer(connection, kStart + time, kStart + time, good);
  }
  Line::Tally& tally() { return line_->tally(); }

  std::unique_ptr<Line> line_;
};

TEST(ScheduleTest, TurnsAreFixedBeforehandAndDoNotDrift) {
  const Schedule schedule{.start = kStart, .rate = 30'000, .requests = 1'000'000'000};
  EXPECT_EQ(schedule.At(0), kStart);
  EXPECT_EQ(schedule.At(30'000), kStart + 1s);
  EXPECT_EQ(schedule.At(30'000ULL * 3600), kStart + 1h);
}

TEST_F(LineTest, NobodySendsBeforeItsTurn) {
  Make(/*requests=*/2, /*connections=*/2);
  EXPECT_EQ(line_->wake(), kStart);
  EXPECT_EQ(NextAt(0ms), 0u);
  EXPECT_EQ(line_->wake(), kStart + 1ms);
  EXPECT_EQ(NextAt(1ms - 1ns), kNobody);
  EXPECT_EQ(NextAt(1ms), 1u);
}

TEST_F(LineTest, ConnectionsAreUsedInTurnEvenWhenOneWouldDo) {
  Make(/*requests=*/4, /*connections=*/3);
  for (const uint32_t request : {0u, 1u, 2u, 3u}) {
    ASSERT_EQ(NextAt(request * 1ms), request % 3);
    AnswerAt(request * 1ms + 100us, request % 3);
  }
  EXPECT_TRUE(line_->done());
}

TEST_F(LineTest, AStallOfTheServerShowsInTheLatenciesOfTheRequestsWhoseTurnCameDuringIt) {
  Make(/*requests=*/6, /*connections=*/1);
  NextAt(0ms);
  // The server answers at once but for a stall of 4 ms: requests 1, 2, 3 come due meanwhile.
  AnswerAt(4ms);
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(NextAt(4ms), 0u);
    AnswerAt(4ms);
  }
  EXPECT_EQ(NextAt(4ms), kNobody);
  EXPECT_EQ(NextAt(5ms), 0u);
  AnswerAt(5ms);
  EXPECT_THAT(tally().latencies, ElementsAre(4ms, 3ms, 2ms, 1ms, 0ms, 0ms));
  EXPECT_EQ(tally().completed, 6u);
  EXPECT_TRUE(line_->done());
}

TEST_F(LineTest, WhoeverWaitsLongestIsSentFirst) {
  Make(/*requests=*/4, /*connections=*/2);
  NextAt(0ms);
  NextAt(1ms);
  EXPECT_EQ(NextAt(3ms), kNobody);
  EXPECT_EQ(line_->wake(), TimePoint::max());
  AnswerAt(10ms, /*connection=*/1);
  EXPECT_EQ(NextAt(10ms), 1u);  // request 2
  AnswerAt(20ms, /*connection=*/0);
  EXPECT_EQ(NextAt(20ms), 0u);  // request 3
  AnswerAt(21ms, /*connection=*/0);
  AnswerAt(22ms, /*connection=*/1);
  EXPECT_THAT(tally().latencies, ElementsAre(9ms, 20ms, 18ms, 20ms));
}

TEST_F(LineTest, WaitingForTheServerIsNoLagOfTheGenerator) {
  Make(/*requests=*/2, /*connections=*/1);
  NextAt(0ms);
  AnswerAt(50ms);
  NextAt(50ms);
  EXPECT_THAT(tally().lags, ElementsAre(0ms, 0ms));
}

TEST_F(LineTest, SendingLateWhileAConnectionIsFreeIsLag) {
  Make(/*requests=*/3, /*connections=*/2);
  NextAt(2ms);
  NextAt(2ms);
  // The answer lay there for 3 ms before it was read: a connection could have been free earlier.
  line_->Answer(0, /*since=*/kStart + 5ms, /*now=*/kStart + 8ms, true);
  NextAt(8ms);
  EXPECT_THAT(tally().lags, ElementsAre(2ms, 1ms, 3ms));
}

TEST_F(LineTest, ALostConnectionMakesItsRequestAnErrorAndIsNotUsedUntilItIsOpenAgain) {
  Make(/*requests=*/3, /*connections=*/1);
  NextAt(0ms);
  line_->Lose(0, kStart + 5ms);
  EXPECT_EQ(NextAt(6ms), kNobody);
  line_->Open(0, kStart + 7ms);
  EXPECT_EQ(NextAt(7ms), 0u);
  AnswerAt(8ms);
  EXPECT_EQ(tally().errors, 1u);
  EXPECT_EQ(tally().completed, 1u);
  EXPECT_THAT(tally().latencies, ElementsAre(5ms, 7ms));
}

TEST_F(LineTest, AnIdleConnectionMayGoWithoutAnError) {
  Make(/*requests=*/1, /*connections=*/2);
  line_->Lose(0, kStart);
  EXPECT_EQ(NextAt(0ms), 1u);
  AnswerAt(1ms, /*connection=*/1);
  EXPECT_EQ(tally().errors, 0u);
  EXPECT_TRUE(line_->done());
}

TEST_F(LineTest, ABadAnswerIsAnErrorAndHasALatency) {
  Make(/*requests=*/1, /*connections=*/1);
  NextAt(0ms);
  AnswerAt(3ms, 0, /*good=*/false);
  EXPECT_EQ(tally().errors, 1u);
  EXPECT_EQ(tally().completed, 0u);
  EXPECT_THAT(tally().latencies, ElementsAre(3ms));
}

TEST_F(LineTest, WhatIsNotAnsweredAtTheEndIsAnErrorWithItsLatencySoFar) {
  Make(/*requests=*/4, /*connections=*/2);
  NextAt(0ms);
  NextAt(1ms);
  AnswerAt(2ms, /*connection=*/0);
  NextAt(2ms);
  line_->GiveUp(kStart + 10ms);
  EXPECT_TRUE(line_->done());
  EXPECT_EQ(tally().completed, 1u);
  EXPECT_EQ(tally().errors, 3u);
  std::sort(tally().latencies.begin(), tally().latencies.end());
  EXPECT_THAT(tally().latencies, ElementsAre(2ms, 7ms, 8ms, 9ms));
  EXPECT_EQ(tally().took, 10ms);
}

TEST_F(LineTest, TheWarmUpIsSentButNotCounted) {
  Make(/*requests=*/5, /*connections=*/1, /*warmup=*/2);
  for (int request = 0; request < 5; ++request) {
    ASSERT_EQ(NextAt(request * 1ms), 0u);
    AnswerAt(request * 1ms + 100us, 0, /*good=*/request != 1);
  }
  EXPECT_EQ(tally().completed, 3u);
  EXPECT_EQ(tally().errors, 0u);
  EXPECT_EQ(tally().lags.size(), 3u);
  EXPECT_THAT(tally().latencies, ElementsAre(100us, 100us, 100us));
  EXPECT_EQ(tally().took, 2100us);
}

TEST_F(LineTest, NothingIsAllocatedWhileItRuns) {
  Make(/*requests=*/1000, /*connections=*/1);
  const Duration* const latencies = tally().latencies.data();
  const Duration* const lags = tally().lags.data();
  for (int request = 0; request < 1000; ++request) {
    NextAt(request * 1ms);
    AnswerAt(request * 1ms);
  }
  EXPECT_EQ(tally().latencies.data(), latencies);
  EXPECT_EQ(tally().lags.data(), lags);
}

TEST(ScheduleTest, SendsEachRequestAtItsOwnTimeWhereThereIsOne) {
  const auto arrivals =
      std::make_shared<const std::vector<Duration>>(std::vector<Duration>{3ms, 4ms, 40ms});
  const Schedule schedule{.start = kStart, .rate = 1000, .requests = 3, .arrivals = arrivals};
  Line line(schedule, 3);
  line.Open(0, kStart);
  line.Open(1, kStart);
  line.Open(2, kStart);
  EXPECT_EQ(line.Next(kStart + 2ms), kNobody);
  EXPECT_EQ(line.Next(kStart + 4ms), 0u);
  EXPECT_EQ(line.Next(kStart + 4ms), 1u);
  EXPECT_EQ(line.RequestOf(1), 1u);
  EXPECT_EQ(line.wake(), kStart + 40ms);
}

}  // namespace
}  // namespace sluice::load
