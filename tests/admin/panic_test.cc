#include "proxy/admin/panic.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::admin {
namespace {

using testing::HasSubstr;

std::string ErrorOf(std::string_view json) {
  const auto order = ParsePanicOrder(json);
  return order.ok() ? "" : std::string(order.status().message());
}

TEST(PanicOrderTest, NamesTheClassesThatGoOn) {
  const auto order = ParsePanicOrder(
      R"({"do": "on", "keep": ["critical", "low"], "for": "10min", "reason": "fire"})");
  ASSERT_TRUE(order.ok()) << order.status();
  EXPECT_TRUE(order->on);
  EXPECT_EQ(order->keeps, (std::array<bool, 4>{true, false, false, true}));
  EXPECT_EQ(order->lasts, std::chrono::minutes(10));
  EXPECT_EQ(order->What(), "keeps critical, low");
  EXPECT_EQ(order->reason, "fire");
}

TEST(PanicOrderTest, MayKeepNothingAndLastUntilItIsUndone) {
  const auto order = ParsePanicOrder(R"({"do": "on", "keep": []})");
  ASSERT_TRUE(order.ok()) << order.status();
  EXPECT_EQ(order->What(), "keeps nothing");
  EXPECT_EQ(order->lasts, Duration::zero());
  ASSERT_TRUE(ParsePanicOrder(R"({"do": "off"})").ok());
}

TEST(PanicOrderTest, WhatIsWrongIsSaid) {
  EXPECT_THAT(ErrorOf(R"({"do": "on"})"), HasSubstr("keep is missing"));
  EXPECT_THAT(ErrorOf(R"({"do": "off", "keep": []})"), HasSubstr("keep is for do = \"on\""));
  EXPECT_THAT(ErrorOf(R"({"do": "off", "for": "1min"})"), HasSubstr("for is for do = \"on\""));
  EXPECT_THAT(ErrorOf(R"({"do": "on", "keep": "critical"})"), HasSubstr("keep is a list"));
  EXPECT_THAT(ErrorOf(R"({"do": "on", "keep": ["checkout"]})"), HasSubstr("critical"));
  EXPECT_THAT(ErrorOf(R"({"do": "on", "keep": [], "for": "soon"})"), HasSubstr("10min"));
  EXPECT_THAT(ErrorOf(R"({"do": "on", "keep": [], "fro": "1min"})"), HasSubstr("for"));
  EXPECT_THAT(ErrorOf(R"({"do": "on", "keep": [], "reason": "a\nb"})"), HasSubstr("reason"));
}

}  // namespace
}  // namespace sluice::admin
