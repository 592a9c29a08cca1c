#include "proxy/admission/room.h"

#include <gtest/gtest.h>

#include <chrono>

namespace sluice::admission {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint kNow{1h};
constexpr WallTime kWall{1'800'000'000s};

TEST(RoomTest, AClockThatWasSetBackBeforeARestartPutsNobodyBeforeThoseWhoWait) {
  Room before("sale", kNow, kWall);
  const Room::Rule::Snapshot saved = before.Save(kNow);
  Room after("sale", kNow, kWall - 50min);
  ASSERT_TRUE(after.Restore(saved, kNow));
  EXPECT_GE(after.At(kNow), saved.taken);
}

TEST(RoomTest, AClockThatIsDaysBackIsNotMadeUpForAsAWhole) {
  Room before("sale", kNow, kWall);
  const Room::Rule::Snapshot saved = before.Save(kNow);
  Room after("sale", kNow, kWall - 72h);
  after.Restore(saved, kNow);
  EXPECT_LT(after.At(kNow), saved.taken);
}

}  // namespace
}  // namespace sluice::admission
