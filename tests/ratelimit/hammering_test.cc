#include "ratelimit/hammering.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace sluice::ratelimit {
namespace {

using namespace std::chrono_literals;

constexpr KeyHash kKey = 0x1234567890abcdef;

// Three refusals at once are forgiven, and one more each 20 s; bans are for 10 min, then 20, 40 and
// an hour.
class HammeringTest : public testing::Test {
 protected:
  // The ban that a key earns which goes on until it is banned.
  Duration Hammer(KeyHash key = kKey) {
    for (int i = 0; i < 100; ++i) {
      if (const Duration ban = hammering_.Refused(key, now_); ban > 0s) return ban;
    }
    return 0s;
  }

  static constexpr HammeringSpec kSpec = {
      .refusals = 3, .within = 1min, .ban = 10min, .longest = 1h, .keys = 1024};
  Hammering hammering_{kSpec};
  TimePoint now_{100h};
};

TEST_F(HammeringTest, WhoIsRefusedAFewTimesIsNotBanned) {
  for (int i = 0; i < 3; ++i) EXPECT_EQ(hammering_.Refused(kKey, now_), 0s);
  EXPECT_EQ(hammering_.Refused(kKey, now_), 10min);
}

TEST_F(HammeringTest, WhoIsRefusedSlowlyNeverIs) {
  for (int i = 0; i < 10'000; ++i, now_ += 20s) EXPECT_EQ(hammering_.Refused(kKey, now_), 0s);
}

TEST_F(HammeringTest, NobodyEscapesWithTwiceAsManyInTheTime) {
  for (int spacing_ms = 0; spacing_ms < 10'000; spacing_ms += 700) {
    Hammering hammering(kSpec);
    bool banned = false;
    for (int i = 0; i < 6; ++i) {
      banned = banned || hammering.Refused(kKey, now_ + i * spacing_ms * 1ms) > 0s;
    }
    EXPECT_TRUE(banned) << spacing_ms;
  }
}

TEST_F(HammeringTest, EachFurtherBanIsTwiceAsLongUpToTheLongest) {
  for (const Duration length : {Duration(10min), Duration(20min), Duration(40min), Duration(1h),
                                Duration(1h), Duration(1h)}) {
    EXPECT_EQ(Hammer(), length);
    now_ += 1min;  // it comes back as soon as the shortest ban could be over
  }
}

TEST_F(HammeringTest, OneBanIsForgottenForEachLongestThatPasses) {
  Hammer();
  now_ += 20min;
  EXPECT_EQ(Hammer(), 20min);
  now_ += 1h;
  EXPECT_EQ(Hammer(), 20min) << "one of the two is forgotten";
  now_ += 3h;
  EXPECT_EQ(Hammer(), 10min);
}

TEST_F(HammeringTest, OthersAreNotToBlame) {
  Hammer();
  EXPECT_EQ(hammering_.Refused(kKey + (uint64_t{1} << 40), now_), 0s);
}

TEST_F(HammeringTest, AClockThatStepsBackMakesNoBanLongerThanTheLongest) {
  for (int i = 0; i < 50; ++i) {
    now_ -= 1h;
    EXPECT_LE(Hammer(), Duration(1h));
  }
  now_ = TimePoint{};
  EXPECT_LE(Hammer(), Duration(1h));
}

TEST_F(HammeringTest, AFloodOfOthersLetsNobodyBeginAnew) {
  Hammer();
  const size_t bytes = hammering_.bytes();
  uint64_t key = 1;
  for (int i = 0; i < 100'000; ++i) {
    key = key * 0x9E3779B97F4A7C15u + 1;
    hammering_.Refused(key, now_);
  }
  EXPECT_EQ(hammering_.bytes(), bytes);
  int more = 0;
  while (hammering_.Refused(kKey, now_) == 0s) ++more;
  EXPECT_LE(more, 1) << "a key forgotten is forgiven one refusal at most";
}

TEST_F(HammeringTest, TheShortestAndTheLongestBansAreFine) {
  Hammering widest({.refusals = 1, .within = 1s, .ban = kShortestBan, .longest = kLongestBan});
  Duration longest{0};
  for (int i = 0; i < 100; ++i) longest = std::max(longest, widest.Refused(kKey, now_));
  EXPECT_EQ(longest, kLongestBan);
  Hammering same({.refusals = 1, .within = 1s, .ban = 1h, .longest = 1h});
  same.Refused(kKey, now_);
  EXPECT_EQ(same.Refused(kKey, now_), 1h);
}

}  // namespace
}  // namespace sluice::ratelimit
