#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "proxy/admin/rooms.h"

namespace sluice::admin {
namespace {

using namespace std::chrono_literals;
using server::RoomOrder;
using testing::HasSubstr;

std::string Wrong(std::string_view json) {
  const auto order = ParseRoomOrder(json);
  if (order.ok()) return "";
  EXPECT_EQ(order.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(order.status().message());
}

TEST(RoomOrderTest, SaysWhatShallBeDoneForHowLongAndWhy) {
  const auto order = ParseRoomOrder(
      R"({"do": "pace", "room": "sale", "value": "600/min", "for": "30min", "reason": "slow API"})");
  ASSERT_TRUE(order.ok()) << order.status();
  EXPECT_EQ(order->deed, RoomOrder::Deed::kPace);
  EXPECT_EQ(order->room, "sale");
  EXPECT_EQ(order->What(), "pace 600/min");
  EXPECT_EQ(order->lasts, 30min);
  EXPECT_EQ(order->reason, "slow API");
}

TEST(RoomOrderTest, NumbersOfVisitorsAreNumbersOrAuto) {
  EXPECT_EQ(ParseRoomOrder(R"({"do": "max_active", "room": "s", "value": 40})")->max_active, 40u);
  EXPECT_EQ(ParseRoomOrder(R"({"do": "max_active", "room": "s", "value": "auto"})")->max_active,
            std::nullopt);
  EXPECT_EQ(ParseRoomOrder(R"({"do": "release", "room": "s", "value": 40})")->visitors, 40u);
  for (const char* value : {"0", "-1", "1.5", "\"40\"", "10000001", "null"}) {
    EXPECT_THAT(Wrong(std::string(R"({"do": "release", "room": "s", "value": )") + value + "}"),
                HasSubstr("1 to 10000000"))
        << value;
  }
  EXPECT_THAT(Wrong(R"({"do": "release", "room": "s", "value": "auto"})"), HasSubstr("number"));
}

TEST(RoomOrderTest, AMessageMayBeAnythingThatAPageCanShow) {
  EXPECT_EQ(ParseRoomOrder(R"({"do": "message", "room": "s", "value": "auto"})")->message, "auto");
  EXPECT_EQ(ParseRoomOrder(R"({"do": "message", "room": "s", "value": ""})")->message, "");
  EXPECT_NE(Wrong(R"({"do": "message", "room": "s", "value": "a\u0000b"})"), "");
}

TEST(RoomOrderTest, WhatIsMissingTooMuchOrUnknownIsSaid) {
  EXPECT_THAT(Wrong(R"({"do": "pause"})"), HasSubstr("room is missing"));
  EXPECT_THAT(Wrong(R"({"do": "pausse", "room": "s"})"), HasSubstr("did you mean 'pause'?"));
  EXPECT_THAT(Wrong(R"({"do": "pace", "room": "s"})"), HasSubstr("value is missing"));
  EXPECT_THAT(Wrong(R"({"do": "pace", "room": "s", "value": "fast"})"), HasSubstr("value"));
  EXPECT_THAT(Wrong(R"({"do": "pause", "room": "s", "value": 1})"), HasSubstr("takes no value"));
  EXPECT_THAT(Wrong(R"({"do": "undo", "room": "s", "for": "1h"})"), HasSubstr("not for a time"));
  EXPECT_THAT(Wrong(R"({"do": "release", "room": "s", "value": 1, "for": "1h"})"),
              HasSubstr("not for a time"));
  EXPECT_THAT(Wrong(R"({"do": "pause", "room": "s", "for": "0s"})"), HasSubstr("30min"));
  EXPECT_THAT(Wrong(R"({"do": "pause", "romm": "s"})"), HasSubstr("did you mean 'room'?"));
  EXPECT_THAT(Wrong("[]"), HasSubstr("a change is an object"));
}

}  // namespace
}  // namespace sluice::admin
