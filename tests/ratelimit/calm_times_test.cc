#include "ratelimit/calm_times.h"

#include <gtest/gtest.h>

namespace sluice::ratelimit {
namespace {

using namespace std::chrono_literals;

TEST(CalmTimesTest, NothingIsKnownBeforeFourAnswers) {
  CalmTimes times;
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(times.Of(1), 0ns);
    EXPECT_EQ(times.Add(1, 80ms, {}), 0);
  }
  EXPECT_NEAR(static_cast<double>(times.Of(1).count()), 80e6, 1e6);
  EXPECT_NEAR(times.Add(1, 80ms, {}), 1, 0.01);
}

TEST(CalmTimesTest, EachKindHasItsOwn) {
  CalmTimes times;
  for (int i = 0; i < 10; ++i) {
    times.Add(1, 10ms, {});
    times.Add(2, 500ms, {});
  }
  EXPECT_NEAR(times.Add(1, 25ms, {}), 1.75, 0.05);
  EXPECT_NEAR(times.Add(2, 500ms, {}), 1, 0.01);
}

TEST(CalmTimesTest, AKindFirstSeenInACrowdIsKnownWithoutTheCrowd) {
  CalmTimes times;
  for (int i = 0; i < 40; ++i) times.Add(3, 240ms, {.crowding = 3});
  EXPECT_NEAR(static_cast<double>(times.Of(3).count()), 80e6, 8e6);
}

TEST(CalmTimesTest, ACrowdDoesNotBecomeTheUsual) {
  CalmTimes times;
  for (int i = 0; i < 100; ++i) times.Add(4, 80ms, {});
  for (int i = 0; i < 100'000; ++i) times.Add(4, 800ms, {.crowding = 1, .at_rest = false});
  EXPECT_NEAR(static_cast<double>(times.Of(4).count()), 80e6, 5e6);
}

TEST(CalmTimesTest, InCalmItIsFollowed) {
  CalmTimes times;
  for (int i = 0; i < 100; ++i) times.Add(5, 80ms, {});
  for (int i = 0; i < 5000; ++i) times.Add(5, 120ms, {.at_rest = true});
  EXPECT_NEAR(static_cast<double>(times.Of(5).count()), 120e6, 5e6);
}

TEST(CalmTimesTest, WaitsOfAMillisecondAreNoCrowd) {
  CalmTimes times;
  for (int i = 0; i < 10; ++i) times.Add(6, 200us, {});
  EXPECT_LT(times.Add(6, 1ms, {}), 1.2);
}

TEST(CalmTimesTest, OneAnswerCountsForAtMostEightAndNoTimeIsNegative) {
  CalmTimes times;
  for (int i = 0; i < 10; ++i) times.Add(7, 10ms, {});
  EXPECT_EQ(times.Add(7, 1h, {}), 8);
  EXPECT_GT(times.Add(7, -5ms, {}), 0);
}

}  // namespace
}  // namespace sluice::ratelimit
