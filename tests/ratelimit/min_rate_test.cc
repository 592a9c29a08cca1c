#include "ratelimit/min_rate.h"

#include <gtest/gtest.h>

namespace sluice::ratelimit {
namespace {

using namespace std::chrono_literals;

TEST(MinRate, APeerAtTheRateIsNeverTooSlow) {
  MinRate rate(500, 10s);
  for (int second = 0; second < 1000; ++second) ASSERT_TRUE(rate.Note(500, 1s));
}

TEST(MinRate, SilenceIsForgivenForTheGraceAndNotLonger) {
  MinRate rate(500, 10s);
  for (int second = 0; second < 10; ++second) EXPECT_TRUE(rate.Note(0, 1s)) << second;
  EXPECT_FALSE(rate.Note(0, 1s));
}

TEST(MinRate, AQuickStartBuysNoMoreThanTheGrace) {
  MinRate rate(500, 10s);
  EXPECT_TRUE(rate.Note(1'000'000'000, 1s));
  EXPECT_TRUE(rate.Note(0, 10s));
  EXPECT_FALSE(rate.Note(0, 1s));
}

TEST(MinRate, ATrickleUsesTheGraceUp) {
  MinRate rate(500, 10s);
  int seconds = 0;
  while (rate.Note(250, 1s)) ++seconds;
  EXPECT_EQ(seconds, 20);  // half the rate: the grace lasts twice as long
}

TEST(MinRate, RateZeroCallsNothingTooSlow) {
  MinRate rate(0, 0s);
  EXPECT_TRUE(rate.Note(0, 1h));
}

}  // namespace
}  // namespace sluice::ratelimit
