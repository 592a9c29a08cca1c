#include "proxy/server/room_overlay.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

namespace sluice::server {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using RoomDeed = RoomOrder::Deed;

// A room, and what operators make of it.
class RoomOverlayTest : public testing::Test {
 protected:
  RoomOverlayTest() {
    file_.name = "sale";
    file_.max_active = 100;
    file_.message = "Welcome";
  }

  absl::Status Do(RoomOrder order, Duration lasts = {}) {
    order.room = "sale";
    order.lasts = lasts;
    return overlay_.Apply(order, {.who = "root", .from = "a test"}, now_);
  }
  RoomInForce Now() const {
    RoomInForce room{.spec = file_};
    overlay_.Change(room);
    return room;
  }
  std::vector<std::string> Changes() const {
    std::vector<std::string> texts;
    for (const RoomChange& change : overlay_.changes()) texts.push_back(change.order.What());
    return texts;
  }

  conf::WaitingRoom file_;
  TimePoint now_{1h};
  RoomOverlay overlay_;
};

TEST_F(RoomOverlayTest, WithoutOrdersARoomIsAsTheFileSays) {
  const RoomInForce room = Now();
  EXPECT_FALSE(room.paused);
  EXPECT_EQ(room.spec.when, "overload");
  EXPECT_EQ(room.spec.max_active, 100u);
}

TEST_F(RoomOverlayTest, ARoomThatPausesIsThereWhateverItsModeAndResumeEndsIt) {
  file_.when = "off";
  ASSERT_TRUE(Do({.deed = RoomDeed::kPause}).ok());
  EXPECT_TRUE(Now().paused);
  EXPECT_EQ(Now().spec.when, "always");
  ASSERT_TRUE(Do({.deed = RoomDeed::kResume}).ok());
  EXPECT_FALSE(Now().paused);
  EXPECT_EQ(Now().spec.when, "off");
  EXPECT_THAT(std::string(Do({.deed = RoomDeed::kResume}).message()), HasSubstr("neither"));
}

TEST_F(RoomOverlayTest, APauseAndAHoldTakeEachOthersPlace) {
  ASSERT_TRUE(Do({.deed = RoomDeed::kPause}).ok());
  ASSERT_TRUE(Do({.deed = RoomDeed::kHold}).ok());
  EXPECT_FALSE(Now().paused);
  EXPECT_EQ(Now().spec.when, "always");
  EXPECT_THAT(Changes(), ElementsAre("everybody waits"));
}

TEST_F(RoomOverlayTest, NumbersAndTheMessageAreTheLastThatWereOrdered) {
  ASSERT_TRUE(Do({.deed = RoomDeed::kMaxActive, .max_active = 4000}).ok());
  ASSERT_TRUE(Do({.deed = RoomDeed::kMaxActive}).ok());
  ASSERT_TRUE(
      Do({.deed = RoomDeed::kPace, .pace = ratelimit::Rate{.count = 600, .per = 1min}}).ok());
  ASSERT_TRUE(Do({.deed = RoomDeed::kMessage, .message = "Size 38 is gone"}).ok());
  EXPECT_THAT(Changes(),
              ElementsAre("max_active auto", "pace 600/min", "message \"Size 38 is gone\""));
  EXPECT_EQ(Now().spec.max_active, std::nullopt);
  EXPECT_EQ(Now().spec.pace->count, 600u);
  EXPECT_EQ(Now().spec.message, "Size 38 is gone");
  ASSERT_TRUE(Do({.deed = RoomDeed::kUndo}).ok());
  EXPECT_THAT(Changes(), IsEmpty());
  EXPECT_EQ(Now().spec.message, "Welcome");
  EXPECT_FALSE(Do({.deed = RoomDeed::kUndo}).ok());
}

TEST_F(RoomOverlayTest, WhatIsForATimeLiesOnTopOfWhatLasts) {
  ASSERT_TRUE(Do({.deed = RoomDeed::kMaxActive, .max_active = 50}).ok());
  ASSERT_TRUE(Do({.deed = RoomDeed::kMaxActive, .max_active = 10}, 10min).ok());
  EXPECT_EQ(Now().spec.max_active, 10u);
  EXPECT_THAT(overlay_.Expire(now_ + 10min - 1ms), IsEmpty());
  EXPECT_THAT(overlay_.Expire(now_ + 10min), ElementsAre(HasSubstr("max_active 10) has ended")));
  EXPECT_EQ(Now().spec.max_active, 50u);
}

TEST_F(RoomOverlayTest, WhatLastsEndsWhatWasForATime) {
  ASSERT_TRUE(Do({.deed = RoomDeed::kPause}, 10min).ok());
  ASSERT_TRUE(Do({.deed = RoomDeed::kHold}).ok());
  EXPECT_THAT(Changes(), ElementsAre("everybody waits"));
}

TEST_F(RoomOverlayTest, OrdersAreOfOneRoomAndGoWithIt) {
  ASSERT_TRUE(Do({.deed = RoomDeed::kPause}).ok());
  RoomInForce other;
  other.spec.name = "outlet";
  overlay_.Change(other);
  EXPECT_FALSE(other.paused);
  conf::Config config;
  config.waiting_rooms = {file_};
  EXPECT_THAT(overlay_.DropGone(config), IsEmpty());
  config.waiting_rooms = {other.spec};
  EXPECT_THAT(overlay_.DropGone(config), ElementsAre(HasSubstr("sale is gone")));
  EXPECT_THAT(Changes(), IsEmpty());
}

}  // namespace
}  // namespace sluice::server
