// How many second tries a pool may have, and when they begin.
#include "proxy/upstream/hedge.h"

#include <gtest/gtest.h>

namespace sluice::upstream {
namespace {

int TakeAll(HedgeBudget& budget) {
  int taken = 0;
  while (budget.Take()) ++taken;
  return taken;
}

TEST(HedgeBudget, AHundredRequestsEarnWhatThePercentileLeaves) {
  HedgeBudget budget;
  EXPECT_FALSE(budget.Take()) << "nothing is earned yet";
  for (int request = 0; request < 100; ++request) budget.Earn(95);
  EXPECT_EQ(TakeAll(budget), 5);
  for (int request = 0; request < 100; ++request) budget.Earn(99);
  EXPECT_EQ(TakeAll(budget), 1);
}

TEST(HedgeBudget, AQuietHourSavesUpForFewOnly) {
  HedgeBudget budget;
  for (int request = 0; request < 100'000; ++request) budget.Earn(50);
  EXPECT_EQ(TakeAll(budget), 20);
}

TEST(HedgeBudget, WhenAllAreSlowNoMoreThanItsShareIsSentTwice) {
  HedgeBudget budget;
  int twice = 0;
  for (int request = 0; request < 10'000; ++request) {
    budget.Earn(95);
    twice += budget.Take();
  }
  EXPECT_EQ(twice, 500);
}

}  // namespace
}  // namespace sluice::upstream
