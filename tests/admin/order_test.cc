#include "proxy/admin/order.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace sluice::admin {
namespace {

using testing::HasSubstr;

std::string Wrong(std::string_view json) {
  const auto order = ParseOrder(json);
  if (order.ok()) return "";
  EXPECT_EQ(order.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(order.status().message());
}

TEST(OrderTest, SaysWhatShallBeDoneToWhichServer) {
  const auto order = ParseOrder(
      R"({"pool": "web", "server": "10.0.0.1:80", "do": "add", "weight": 3, "backup": true,
          "reason": "sale"})");
  ASSERT_TRUE(order.ok()) << order.status();
  EXPECT_EQ(order->deed, server::Deed::kAdd);
  EXPECT_EQ(order->pool, "web");
  EXPECT_EQ(order->server, "10.0.0.1:80");
  EXPECT_EQ(order->weight, 3u);
  EXPECT_TRUE(order->backup);
  EXPECT_EQ(order->reason, "sale");
}

TEST(OrderTest, AnOrderWrittenAndReadIsTheSame) {
  const server::Order before{.deed = server::Deed::kWeight,
                             .pool = "a \"b\"",
                             .server = "unix:/run/app.sock",
                             .weight = 7,
                             .reason = "für die Aktion"};
  const auto after = ParseOrder(FormatOrder(before));
  ASSERT_TRUE(after.ok()) << after.status();
  EXPECT_EQ(after->deed, before.deed);
  EXPECT_EQ(after->pool, before.pool);
  EXPECT_EQ(after->server, before.server);
  EXPECT_EQ(after->weight, before.weight);
  EXPECT_EQ(after->reason, before.reason);
}

TEST(OrderTest, WhatIsNoJsonIsRefusedWithTheWhere) {
  EXPECT_THAT(Wrong("{\"pool\": \"web\",\n \"do\" drain}"), HasSubstr("line 2, column 7"));
  EXPECT_THAT(Wrong(""), HasSubstr("not JSON"));
  EXPECT_THAT(Wrong("{\"pool\": \"\xff\"}"), HasSubstr("not JSON"));
  EXPECT_THAT(Wrong(std::string(60'000, '[')), HasSubstr("not JSON"));
  EXPECT_THAT(Wrong(std::string(30'000, '[') + std::string(30'000, ']')), HasSubstr("an object"));
  EXPECT_THAT(Wrong("[1]"), HasSubstr("an object"));
}

TEST(OrderTest, EachThingHasItsNameAndType) {
  EXPECT_THAT(Wrong(R"({"pol": "web"})"), HasSubstr("unknown key 'pol'; did you mean 'pool'?"));
  EXPECT_THAT(Wrong(R"({"pool": 3})"), HasSubstr("pool must be a text"));
  EXPECT_THAT(Wrong("{\"server\": \"" + std::string(1001, 'x') + "\"}"), HasSubstr("1000 bytes"));
  EXPECT_THAT(Wrong(R"({"do": "drian"})"), HasSubstr("did you mean 'drain'?"));
  EXPECT_THAT(Wrong(R"({"weight": 1.5})"), HasSubstr("whole number"));
  EXPECT_THAT(Wrong(R"({"weight": -1})"), HasSubstr("whole number"));
  EXPECT_THAT(Wrong(R"({"weight": 4294967296})"), HasSubstr("whole number"));
  EXPECT_THAT(Wrong(R"({"backup": 1})"), HasSubstr("true or false"));
  EXPECT_THAT(Wrong(R"({"pool": "web", "do": "drain"})"), HasSubstr("server is missing"));
}

}  // namespace
}  // namespace sluice::admin
