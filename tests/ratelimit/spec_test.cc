#include "ratelimit/spec.h"

#include <gtest/gtest.h>

#include <limits>

namespace sluice::ratelimit {
namespace {

using namespace std::chrono_literals;
constexpr uint64_t kMost = std::numeric_limits<uint64_t>::max();

TEST(Spec, WhatAShopWouldWriteIsFine) {
  for (const RateSpec& spec : {RateSpec{{20, 1s}, 40}, RateSpec{{100, 1min}, 1},
                               RateSpec{{5, 24h}, 5}, RateSpec{{1'000'000, 1s}, 100'000}}) {
    EXPECT_EQ(spec.Validate(), "");
    EXPECT_EQ((KeyedSpec{.limit = spec}.Validate()), "");
  }
}

TEST(Spec, WhatCouldNotBeKeptIsRefused) {
  EXPECT_NE((Rate{0, 1s}.Validate()), "");
  EXPECT_NE((Rate{1, 0s}.Validate()), "");
  EXPECT_NE((Rate{1, -1s}.Validate()), "");
  EXPECT_NE((Rate{1, kLongestPeriod + 1ns}.Validate()), "");
  EXPECT_NE((Rate{1'000'000'001, 1s}.Validate()), "");
  EXPECT_NE((Rate{kMost, 1s}.Validate()), "");
  EXPECT_NE((RateSpec{{1, 1s}, 0}.Validate()), "");
  EXPECT_NE((RateSpec{{1, 1s}, kMost}.Validate()), "");
  EXPECT_NE((RateSpec{{1, kLongestPeriod}, 11}.Validate()), "");
  EXPECT_NE((KeyedSpec{.limit = {}, .keys = 0}.Validate()), "");
  EXPECT_NE((KeyedSpec{.limit = {}, .keys = kMost}.Validate()), "");
}

TEST(Spec, BansHaveBoundsToo) {
  EXPECT_EQ(HammeringSpec{}.Validate(), "");
  EXPECT_EQ((HammeringSpec{.ban = kShortestBan, .longest = kLongestBan}.Validate()), "");
  EXPECT_EQ((HammeringSpec{.ban = 1h, .longest = 1h}.Validate()), "");
  EXPECT_NE((HammeringSpec{.ban = kShortestBan - 1ns}.Validate()), "");
  EXPECT_NE((HammeringSpec{.longest = kLongestBan + 1ns}.Validate()), "");
  EXPECT_NE((HammeringSpec{.ban = 2h, .longest = 1h}.Validate()), "");
  EXPECT_NE((HammeringSpec{.refusals = 0}.Validate()), "");
  EXPECT_NE((HammeringSpec{.within = 0s}.Validate()), "");
  EXPECT_NE((HammeringSpec{.keys = 0}.Validate()), "");
}

TEST(Spec, TheBoundsThemselvesAreFine) {
  EXPECT_EQ((Rate{1'000'000'000, 1s}.Validate()), "");
  EXPECT_EQ((RateSpec{{1, kLongestPeriod}, 10}.Validate()), "");
}

}  // namespace
}  // namespace sluice::ratelimit
