#include "proxy/admission/bans.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

namespace sluice::admission {
namespace {

using namespace std::chrono_literals;
using ratelimit::KeyHash;

// As spread as a keyed hash.
KeyHash KeyOf(uint64_t name) {
  uint64_t x = (name + 1) * 0x9E3779B97F4A7C15u;
  x = (x ^ (x >> 32)) * 0xD6E8FEB86659FD93u;
  return x ^ (x >> 32);
}

class BansTest : public testing::Test {
 protected:
  bool Banned(uint64_t name) const { return bans_.Until(KeyOf(name), now_).has_value(); }
  bool Insert(uint64_t name, Duration length, std::string why = "hammering") {
    return bans_.Insert({.key = KeyOf(name),
                         .what = "client_ip=203.0.113." + std::to_string(name),
                         .by = "per-client",
                         .why = std::move(why),
                         .until = now_ + length},
                        now_);
  }

  Bans bans_{1024};
  TimePoint now_{100h};
};

TEST_F(BansTest, NobodyIsBannedAtFirst) {
  EXPECT_FALSE(Banned(0));
  EXPECT_EQ(bans_.Until(0, now_), std::nullopt);
  EXPECT_EQ(bans_.size(), 0u);
}

TEST_F(BansTest, ABanHoldsUntilItsTimeAndForItsKeyOnly) {
  Insert(1, 10min);
  EXPECT_EQ(bans_.Until(KeyOf(1), now_), now_ + 10min);
  EXPECT_FALSE(Banned(2));
  now_ += 10min - 1ns;
  EXPECT_TRUE(Banned(1));
  now_ += 1ns;
  EXPECT_FALSE(Banned(1));
  EXPECT_EQ(bans_.List(10, now_).size(), 0u);
}

TEST_F(BansTest, OfTwoBansOfAKeyTheOneThatEndsLaterHolds) {
  Insert(1, 10min, "first");
  Insert(1, 5min, "second");
  EXPECT_EQ(bans_.Until(KeyOf(1), now_), now_ + 10min);
  EXPECT_EQ(bans_.Get(KeyOf(1), now_)->why, "first");
  Insert(1, 20min, "third");
  EXPECT_EQ(bans_.Until(KeyOf(1), now_), now_ + 20min);
  EXPECT_EQ(bans_.Get(KeyOf(1), now_)->why, "third");
  EXPECT_EQ(bans_.size(), 1u);
  EXPECT_EQ(bans_.begun(), 2u);
}

TEST_F(BansTest, TellsWhoIsBannedByWhatAndWhy) {
  Insert(1, 10min);
  Insert(2, 20min);
  Insert(3, 5min);
  const std::vector<Ban> bans = bans_.List(2, now_);
  ASSERT_EQ(bans.size(), 2u);
  EXPECT_EQ(bans[0].what, "client_ip=203.0.113.2") << "those that end last first";
  EXPECT_EQ(bans[1].key, KeyOf(1));
  EXPECT_EQ(bans[1].by, "per-client");
  EXPECT_EQ(bans[1].until, now_ + 10min);
  EXPECT_FALSE(bans_.Get(KeyOf(4), now_).has_value());
}

TEST_F(BansTest, TextsAreBounded) {
  Insert(1, 10min, std::string(64 << 10, 'x'));
  EXPECT_EQ(bans_.Get(KeyOf(1), now_)->why.size(), Bans::kLongestText);
}

TEST_F(BansTest, ABanCanBeLifted) {
  Insert(1, 10min);
  Insert(2, 10min);
  EXPECT_FALSE(bans_.Lift(KeyOf(3), now_));
  EXPECT_TRUE(bans_.Lift(KeyOf(1), now_));
  EXPECT_FALSE(bans_.Lift(KeyOf(1), now_));
  EXPECT_FALSE(Banned(1));
  EXPECT_TRUE(Banned(2));
  Insert(1, 1min);
  EXPECT_EQ(bans_.LiftAll(now_), 2u);
  EXPECT_EQ(bans_.size(), 0u);
  EXPECT_EQ(bans_.lifted(), 3u);
  Insert(4, 1min);
  now_ += 1min;
  EXPECT_FALSE(bans_.Lift(KeyOf(4), now_)) << "it was over";
}

TEST_F(BansTest, WhatIsOverIsForgottenAndCostsNothingAgain) {
  for (uint64_t name = 0; name < 100; ++name) Insert(name, name * 1s + 1s);
  now_ += 50s;
  bans_.Sweep(now_);
  EXPECT_EQ(bans_.size(), 50u);
  now_ += 50s;
  bans_.Sweep(now_);
  EXPECT_EQ(bans_.size(), 0u);
}

TEST_F(BansTest, ABanOfNoTimeIsNone) {
  EXPECT_TRUE(Insert(1, 0s));
  EXPECT_TRUE(Insert(1, -1h));
  EXPECT_EQ(bans_.size(), 0u);
}

TEST_F(BansTest, AClockThatStepsBackMakesNoBanLonger) {
  Insert(1, 10min);
  now_ -= 59s;
  EXPECT_TRUE(Banned(1)) << "loops differ by a turn";
  now_ -= 1h;
  EXPECT_FALSE(Banned(1));
  bans_.Sweep(now_);
  EXPECT_EQ(bans_.size(), 0u);
  bans_.Insert({.key = KeyOf(2), .what = "", .by = "", .why = "", .until = TimePoint::max()}, now_);
  EXPECT_TRUE(Banned(2)) << "as was ordered";
  now_ = TimePoint{};
  EXPECT_FALSE(Banned(2));
}

TEST_F(BansTest, AFullTableKeepsThoseThatEndLast) {
  Bans small(8);  // two buckets
  size_t dropped = 0;
  for (uint64_t name = 0; name < 1000; ++name) {
    const bool room = small.Insert({.key = KeyOf(name),
                                    .what = {},
                                    .by = {},
                                    .why = {},
                                    .until = now_ + 1s * (1 + name * 7919 % 1000)},
                                   now_);
    dropped += room ? 0 : 1;
  }
  EXPECT_EQ(small.size(), 16u);
  EXPECT_GT(dropped, 0u);
  EXPECT_EQ(small.evicted(), 1000u - 16u);
  EXPECT_EQ(small.List(100, now_).size(), 16u);
  for (const Ban& ban : small.List(100, now_)) EXPECT_GT(ban.until, now_ + 950s);
}

TEST_F(BansTest, AsManyAsItIsForFindRoom) {
  Bans bans;
  for (uint64_t name = 0; name < Bans::kMost; ++name) {
    bans.Insert({.key = KeyOf(name), .what = {}, .by = {}, .why = {}, .until = now_ + 1h}, now_);
  }
  EXPECT_LT(bans.evicted(), Bans::kMost / 50);
  EXPECT_EQ(bans.size() + bans.evicted(), Bans::kMost);
}

TEST_F(BansTest, NobodyIsTakenForAnotherWhileTheTableChangesHands) {
  Bans small(4);  // one bucket
  std::atomic<bool> done{false};
  std::atomic<uint64_t> wrong{0};
  // Each key is banned until its own time: a reader who sees another has mixed two up.
  const auto until_of = [&](uint64_t name) { return now_ + 1h + name * 1s; };
  std::thread reader([&] {
    while (!done) {
      for (uint64_t name = 0; name < 32; ++name) {
        const auto until = small.Until(KeyOf(name), now_);
        if (until && (name == 0 || *until != until_of(name))) ++wrong;
      }
    }
  });
  for (int round = 0; round < 3000; ++round) {
    const uint64_t name = 1 + static_cast<uint64_t>(round) % 31;
    small.Insert({.key = KeyOf(name), .what = {}, .by = {}, .why = {}, .until = until_of(name)},
                 now_);
    if (round % 3 == 0) small.Lift(KeyOf(1 + static_cast<uint64_t>(round * 7) % 31), now_);
    if (round % 100 == 0) small.Sweep(now_);
  }
  done = true;
  reader.join();
  EXPECT_EQ(wrong, 0u);
}

}  // namespace
}  // namespace sluice::admission
