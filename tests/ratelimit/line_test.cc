// The line: how many wait and before whom, whatever is joined, shown, left, lost, drawn or saved.
#include "ratelimit/line.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <numeric>
#include <random>
#include <vector>

namespace sluice::ratelimit {
namespace {

class LineTest : public testing::Test {
 protected:
  // Came, and has shown his place.
  void Stand(RoomTime place) {
    line.Join(place, place + kSecond);
    line.Show(place);
  }
  // One each tenth of a second, for so long.
  void StandFor(double seconds) {
    for (int i = 0; i < std::lround(seconds * 10); ++i) Stand(begin + i * Line::kWidth);
    now = begin + static_cast<RoomTime>(seconds * kSecond);
    line.Recount(now);
  }

  const RoomTime begin = RoomTime{1'700'000'000} * kSecond;
  RoomTime now = begin;
  Line line;
};

TEST_F(LineTest, OfNobodyNobodyIsAhead) {
  line.Recount(now);
  EXPECT_EQ(line.waiting(), 0);
  EXPECT_EQ(line.Ahead(now), 0);
  EXPECT_EQ(line.Reach(now, 10, now + kSecond), now);
  line.Leave(now);
  EXPECT_EQ(line.waiting(), 0);
}

TEST_F(LineTest, WhoCameBeforeIsAheadAndWhoCameLaterIsNot) {
  StandFor(10);
  EXPECT_EQ(line.waiting(), 100);
  EXPECT_NEAR(line.Ahead(begin), 0, 1e-9);
  EXPECT_NEAR(line.Ahead(begin + 5 * kSecond), 50, 1e-9);
  EXPECT_NEAR(line.Ahead(now), 100, 1e-9);
  EXPECT_EQ(line.Ahead(begin - kSecond), 0);
}

TEST_F(LineTest, ReachIsWhereSoManyAreAhead) {
  StandFor(10);
  for (const double many : {0.5, 1.0, 17.3, 99.0}) {
    const RoomTime reached = line.Reach(begin, many, now);
    EXPECT_NEAR(line.Ahead(reached), many, 0.01);
    EXPECT_NEAR(line.Ahead(line.Reach(reached, 0.7, now)), many + 0.7, 0.01);
  }
  EXPECT_EQ(line.Reach(begin, 1000, now), now);
  EXPECT_EQ(line.Reach(begin, 50, begin + kSecond), begin + kSecond);
  EXPECT_EQ(line.Reach(now, 5, begin), now);  // never back
}

TEST_F(LineTest, WhoLeavesIsAheadOfNobody) {
  StandFor(10);
  for (int i = 0; i < 50; ++i) line.Leave(begin + i * Line::kWidth);
  line.Recount(now);
  EXPECT_EQ(line.waiting(), 50);
  EXPECT_EQ(line.Ahead(begin + 5 * kSecond), 0);
  line.Leave(begin);  // once more
  EXPECT_EQ(line.waiting(), 50);
}

TEST_F(LineTest, APlaceThatNobodyShowsIsGivenUpWhenItIsOverdue) {
  line.Join(now, now + 10 * kSecond);
  line.Recount(now + 10 * kSecond);
  EXPECT_EQ(line.waiting(), 1);
  line.Recount(now + 10 * kSecond + Line::kLate);
  EXPECT_EQ(line.waiting(), 0);
  EXPECT_FALSE(line.Show(now));  // late, and counts all the same
  EXPECT_EQ(line.waiting(), 1);
}

TEST_F(LineTest, PlacesNotShownYetCountForAsManyAsUsuallyAre) {
  for (int i = 0; i < 1000; ++i) {
    line.Join(now, now + kSecond);
    if (i % 4 == 0) line.Show(now);
    now += Line::kWidth;
  }
  now += kSecond + Line::kLate;
  line.Recount(now);
  EXPECT_EQ(line.waiting(), 250);
  for (int i = 0; i < 100; ++i) line.Join(now, now + kSecond);
  line.Recount(now);
  EXPECT_NEAR(line.waiting(), 275, 3);
}

TEST_F(LineTest, WhoIsDrawnCountsWhereHeIsNowAndTakesNobodysPlace) {
  line.Join(begin + kSecond, begin + kSecond);  // somebody else, who has not shown his yet
  Stand(begin + 9 * kSecond);
  line.Move(begin + 9 * kSecond, begin + kSecond);
  line.Recount(begin + 9 * kSecond);
  EXPECT_EQ(line.waiting(), 2);
  EXPECT_EQ(line.Ahead(begin + 2 * kSecond), 2);
  EXPECT_TRUE(line.Show(begin + kSecond));
}

TEST_F(LineTest, ALineOfADayIsAsSmallAsOneOfHalfAnHourAndHardlyLessExact) {
  StandFor(24 * 3600);
  const Line::Saved saved = line.Save();
  EXPECT_LE(saved.counts.size(), Line::kMost);
  EXPECT_EQ(std::accumulate(saved.counts.begin(), saved.counts.end(), uint64_t{0}), 864'000u);
  for (const double hours : {0.0, 1.3, 7.77, 23.999}) {
    const auto place = begin + static_cast<RoomTime>(hours * 3600 * kSecond);
    EXPECT_NEAR(line.Ahead(place), hours * 36000, 1);
    EXPECT_NEAR(line.Ahead(line.Reach(place, 100, now)), std::min(hours * 36000 + 100, 864e3), 1);
  }
  for (int i = 0; i < 864'000; ++i) line.Leave(begin + i * Line::kWidth);
  line.Recount(now + 60 * kSecond);
  EXPECT_EQ(line.waiting(), 0);
  Stand(now + 60 * kSecond);
  EXPECT_EQ(line.Save().width, Line::kWidth);  // and is exact again
}

TEST_F(LineTest, SomebodyFromLongAgoCostsNoMoreThanTheLongestLine) {
  Stand(now);
  Stand(0);
  Stand(now + kSecond * 3600 * 24 * 365);
  EXPECT_EQ(line.waiting(), 3);
  EXPECT_LE(line.Save().counts.size(), Line::kMost);
  line.Leave(0);
  line.Leave(now);
  line.Leave(now + kSecond * 3600 * 24 * 365);
  EXPECT_EQ(line.waiting(), 0);
}

TEST_F(LineTest, SavedAndRestoredItIsTheSame) {
  StandFor(3600);
  Line other;
  other.Restore(line.Save(), now + 60 * kSecond, now);
  EXPECT_EQ(other.waiting(), line.waiting());
  for (int minute = 0; minute < 60; ++minute) {
    const RoomTime place = begin + minute * 60 * kSecond;
    EXPECT_NEAR(other.Ahead(place), line.Ahead(place), 1e-6);
  }
}

TEST_F(LineTest, WhatIsLessThanOneInATenthIsSavedAllTheSame) {
  for (int i = 0; i < 2000; ++i) {  // of four places one is shown
    line.Join(now, now + kSecond);
    if (i % 4 == 0) line.Show(now), line.Leave(now);
    now += Line::kWidth;
  }
  now += kSecond + Line::kLate;
  line.Recount(now);
  for (int i = 0; i < 400; ++i) line.Join(now + i * Line::kWidth, now + 60 * kSecond);
  const std::vector<uint32_t> counts = line.Save().counts;
  EXPECT_NEAR(std::accumulate(counts.begin(), counts.end(), 0u), line.waiting(), 1.0);
}

TEST_F(LineTest, OfWhatWasSavedByAClockThatWasAheadNobodyIsInTheFuture) {
  StandFor(600);
  Line other;
  const RoomTime earlier = begin + 60 * kSecond;
  other.Restore(line.Save(), earlier + 60 * kSecond, earlier);
  EXPECT_EQ(other.waiting(), 6000);
  EXPECT_NEAR(other.Ahead(earlier), 600, 1);
  EXPECT_NEAR(other.Ahead(earlier + kSecond), 6000, 1);
}

TEST_F(LineTest, WhateverAFileSaysIsBounded) {
  std::mt19937_64 random(3);
  for (int i = 0; i < 200; ++i) {
    Line::Saved saved{
        .first = random() >> (random() % 64), .width = random() >> (random() % 64), .counts = {}};
    saved.counts.resize(random() % 40'000);
    for (uint32_t& count : saved.counts) count = static_cast<uint32_t>(random());
    line.Restore(saved, now, now);
    EXPECT_LE(line.Save().counts.size(), Line::kMost);
    Stand(now);
  }
}

// The same by a list of all: exact while slots are a tenth of a second, but for who is not shown.
TEST_F(LineTest, AfterARandomDayItCountsAsAListDoes) {
  std::mt19937_64 random(1);
  std::vector<RoomTime> shown;
  for (int step = 0; step < 100'000; ++step) {
    switch (random() % 5) {
      case 0:
      case 1:
        Stand(now);
        shown.push_back(now);
        break;
      case 2:
        if (!shown.empty()) {
          std::swap(shown[random() % shown.size()], shown.back());
          line.Leave(shown.back());
          shown.pop_back();
        }
        break;
      case 3:
        if (!shown.empty()) {
          RoomTime& moved = shown[random() % shown.size()];
          const RoomTime to = moved - random() % (30 * kSecond);
          line.Move(moved, to);
          moved = to;
        }
        break;
      default:
        now += random() % kSecond;
    }
    if (step % 500 != 0) continue;
    line.Recount(now);
    ASSERT_NEAR(line.waiting(), static_cast<double>(shown.size()), 1e-6);
    if (shown.empty()) continue;
    const RoomTime place = shown[random() % shown.size()];
    const RoomTime width = line.Save().width;
    double before = 0, same = 0;
    for (const RoomTime other : shown) {
      if (other / width < place / width) ++before;
      if (other / width == place / width) ++same;
    }
    ASSERT_GE(line.Ahead(place), before - 1e-6);
    ASSERT_LE(line.Ahead(place), before + same + 1e-6);
  }
  for (const RoomTime place : shown) line.Leave(place);
  line.Recount(now + kSecond);
  EXPECT_EQ(line.waiting(), 0);
}

}  // namespace
}  // namespace sluice::ratelimit
