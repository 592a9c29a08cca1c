#include "proxy/server/lookups.h"

#include <gtest/gtest.h>

#include "tests/support/loop_fixture.h"
#include "tests/support/name_server.h"

namespace sluice::server {
namespace {

class LookupsTest : public net::LoopTest {
 protected:
  test::NameServer name_server_;
  const conf::ResolverConfig config_{
      .servers = {name_server_.address()}, .timeout = std::chrono::milliseconds(20), .tries = 1};
  int changes_ = 0;
  Lookups<Ip> names{loop_, resolver_, config_, [this] { ++changes_; }};
  Lookups<net::Service> services{loop_, resolver_, config_, [this] { ++changes_; }};
  net::Resolver resolver_{loop_,
                          {.servers = config_.servers, .timeout = config_.timeout, .tries = 1}};
};

TEST_F(LookupsTest, ANameHasNoAddressBeforeItsFirstAnswer) {
  EXPECT_TRUE(names.settled()) << "nothing is asked for";
  names.Watch({"localhost"});
  EXPECT_FALSE(names.settled());
  EXPECT_TRUE(names.RecordsOf("localhost").empty());
  RunUntil([&] { return names.settled(); });
  EXPECT_FALSE(names.RecordsOf("localhost").empty());
  EXPECT_EQ(changes_, 1);
}

TEST_F(LookupsTest, ANameThatCannotBeResolvedSettlesWithoutOne) {
  names.Watch({"no-such-name.invalid"});
  RunUntil([&] { return names.settled(); });
  EXPECT_TRUE(names.RecordsOf("no-such-name.invalid").empty());
  EXPECT_EQ(changes_, 0);
}

TEST_F(LookupsTest, WhatIsKnownOfANameStaysThroughAReloadAndGoesWithTheName) {
  names.Watch({"localhost"});
  RunUntil([&] { return names.settled(); });
  names.Watch({"localhost"});
  EXPECT_TRUE(names.settled());
  EXPECT_FALSE(names.RecordsOf("localhost").empty());
  names.Watch({});
  EXPECT_TRUE(names.RecordsOf("localhost").empty());
  EXPECT_EQ(changes_, 1);
}

TEST_F(LookupsTest, AnAnswerForANameNoLongerWatchedIsDropped) {
  names.Watch({"no-such-name.invalid"});
  names.Watch({"localhost"});
  RunUntil([&] { return names.settled(); });
  RunFor(std::chrono::milliseconds(60));
  EXPECT_TRUE(names.RecordsOf("no-such-name.invalid").empty());
}

TEST_F(LookupsTest, ANameThatStopsResolvingKeepsItsLastAddresses) {
  name_server_.Add("web.test", {{"10.0.0.1"}, 0});
  names.Watch({"web.test"});
  RunUntil([&] { return names.settled(); });
  name_server_.Remove("web.test");
  const int asked = name_server_.asked();
  RunUntil([&] { return name_server_.asked() > asked; });  // when its TTL ends
  RunFor(std::chrono::milliseconds(60));
  EXPECT_EQ(names.RecordsOf("web.test"), std::vector<Ip>{*Ip::Parse("10.0.0.1")});
  EXPECT_EQ(changes_, 1);
}

TEST_F(LookupsTest, AServiceIsLookedUpAgainWhenItsTtlEnds) {
  name_server_.Add("_http._tcp.test", {.targets = {{0, 1, 80, "a"}}});
  services.Watch({"_http._tcp.test"});
  RunUntil([&] { return changes_ == 1; });
  name_server_.Add("_http._tcp.test", {.targets = {{0, 1, 81, "b"}}});
  RunUntil([&] { return changes_ == 2; });
  EXPECT_EQ(services.RecordsOf("_http._tcp.test"), (std::vector<net::Service>{{0, 1, 81, "b"}}));
}

TEST_F(LookupsTest, AServiceMaySayThatItHasNoServersAnyMore) {
  name_server_.Add("_http._tcp.test", {.targets = {{0, 1, 80, "a"}}});
  services.Watch({"_http._tcp.test"});
  RunUntil([&] { return changes_ == 1; });
  name_server_.Add("_http._tcp.test", {.targets = {{0, 0, 0, ""}}});
  RunUntil([&] { return changes_ == 2; });
  EXPECT_TRUE(services.RecordsOf("_http._tcp.test").empty());
}

}  // namespace
}  // namespace sluice::server
