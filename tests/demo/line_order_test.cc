// What shoppers see of a line.
#include "proxy/demo/line_order.h"

#include <gtest/gtest.h>

#include <chrono>

namespace sluice::demo {

namespace {

using namespace std::chrono_literals;

// Who came and saw its first page then; of who waited with the time that it was told.
Outcome Came(Duration at, Duration page, Duration told = {}) {
  Outcome outcome;
  outcome.came = TimePoint(1h) + at;
  outcome.first_page = TimePoint(1h) + page;
  outcome.lined_up = told > Duration::zero();
  outcome.longest_told = told;
  return outcome;
}

}  // namespace

TEST(LineOrder, WhoComesInAsHeCameIsNotOvertaken) {
  const LineOrder line = MeasureLine({Came(2s, 30s, 10s), Came(1s, 20s, 10s), Came(0s, 1s)});
  EXPECT_EQ(line.shoppers, 2u);
  EXPECT_EQ(line.longest, 28s);
  EXPECT_EQ(line.most_overtaken, 0s);
  EXPECT_EQ(line.overtaken, 0u);
}

TEST(LineOrder, WhoWasAwayAsToldMayComeInSoMuchLater) {
  const LineOrder line = MeasureLine({Came(0s, 30s, 10s), Came(1s, 40s, 10s), Came(2s, 20s, 10s)});
  EXPECT_EQ(line.most_overtaken, 20s);
  EXPECT_EQ(line.overtaken, 1u) << "the second one, and not the first by exactly ten";
}

TEST(LineOrder, WhoNeedNotWaitOvertakesToo) {
  EXPECT_EQ(MeasureLine({Came(0s, 30s, 10s), Came(5s, 6s)}).overtaken, 1u);
}

TEST(LineOrder, NeitherBotsNorWhoNeverCameInCount) {
  Outcome bot = Came(5s, 6s);
  bot.bot = true;
  Outcome outside = Came(0s, 0s, 10s);
  outside.first_page = TimePoint();
  const LineOrder line = MeasureLine({Came(0s, 30s, 10s), bot, outside});
  EXPECT_EQ(line.shoppers, 1u);
  EXPECT_EQ(line.most_overtaken, 0s);
}

}  // namespace sluice::demo
