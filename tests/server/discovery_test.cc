#include "proxy/server/discovery.h"

#include <optional>

#include "absl/strings/str_format.h"
#include "tests/support/loop_fixture.h"
#include "tests/support/name_server.h"

namespace sluice::server {
namespace {

class DiscoveryTest : public net::LoopTest {
 protected:
  DiscoveryTest() {
    config_.servers = {name_server_.address()};
    config_.timeout = std::chrono::milliseconds(50);
    config_.tries = 1;
    discovery_.emplace(loop_, config_, [this] { ++changes_; });
  }
  void Watch(std::vector<conf::Server> servers) {
    written_ = std::move(servers);
    discovery_->Watch(written_, config_);
  }
  void Settle() {
    RunUntil([&] { return discovery_->settled(); });
  }
  // "host=address*weight/tier" of each server.
  std::string Servers() {
    std::string all;
    for (const Discovery::Found& one : discovery_->Find("web", written_)) {
      absl::StrAppendFormat(&all, "%s%s=%s*%d/%d", all.empty() ? "" : " ",
                            one.host.empty() ? one.as->address : one.host, one.address.ToString(),
                            one.weight, one.tier);
    }
    return all;
  }

  test::NameServer name_server_;
  conf::ResolverConfig config_;
  std::vector<conf::Server> written_;
  int changes_ = 0;
  std::optional<Discovery> discovery_;
};

TEST_F(DiscoveryTest, AnAddressIsAServerAndBackupsAreOfTheSecondTier) {
  Watch({{"10.0.0.1:80", 2}, {"10.0.0.2:80", 1, true}});
  EXPECT_TRUE(discovery_->settled());
  EXPECT_EQ(Servers(), "10.0.0.1:80=10.0.0.1:80*2/0 10.0.0.2:80=10.0.0.2:80*1/1");
}

TEST_F(DiscoveryTest, EachAddressOfANameIsAServer) {
  name_server_.Add("web.test", {{"10.0.0.1", "2001:db8::1"}, 60});
  Watch({{"web.test:80", 3}});
  Settle();
  EXPECT_EQ(Servers(), "web.test:80=10.0.0.1:80*3/0 web.test:80=[2001:db8::1]:80*3/0");
}

TEST_F(DiscoveryTest, AServiceTellsPortsWeightsAndWhoIsABackup) {
  name_server_.Add(
      "_http._tcp.test",
      {.ttl = 60,
       .targets = {{10, 60, 8001, "a.test"}, {10, 20, 8002, "b.test"}, {30, 0, 8003, "c.test"}}});
  name_server_.Add("a.test", {{"10.0.0.1"}, 60});
  name_server_.Add("b.test", {{"10.0.0.2"}, 60});
  name_server_.Add("c.test", {{"10.0.0.3"}, 60});
  Watch({{"srv:_http._tcp.test", 1}});
  RunUntil([&] { return discovery_->settled() && changes_ >= 4; });
  EXPECT_EQ(Servers(),
            "b.test:8002=10.0.0.2:8002*20/0 a.test:8001=10.0.0.1:8001*60/0 "
            "c.test:8003=10.0.0.3:8003*1/1");
}

TEST_F(DiscoveryTest, AServiceThatChangesBringsItsNewServersAndDropsTheOld) {
  name_server_.Add("_http._tcp.test", {.targets = {{0, 5, 80, "a.test"}}});
  name_server_.Add("a.test", {{"10.0.0.1"}, 60});
  name_server_.Add("b.test", {{"10.0.0.2"}, 60});
  Watch({{"srv:_http._tcp.test"}});
  RunUntil([&] { return Servers() == "a.test:80=10.0.0.1:80*5/0"; });
  name_server_.Add("_http._tcp.test", {.targets = {{0, 5, 81, "b.test"}}});
  RunUntil([&] { return Servers() == "b.test:81=10.0.0.2:81*5/0"; });
}

TEST_F(DiscoveryTest, TwoNamesForOneAddressAreOneServer) {
  name_server_.Add("a.test", {{"10.0.0.1"}, 60});
  name_server_.Add("b.test", {{"10.0.0.1"}, 60});
  Watch({{"a.test:80", 2}, {"b.test:80", 3}, {"10.0.0.1:81"}});
  Settle();
  EXPECT_EQ(Servers(), "a.test:80=10.0.0.1:80*2/0 10.0.0.1:81=10.0.0.1:81*1/0");
}

TEST_F(DiscoveryTest, WhatIsKnownOfANameStaysWhenOthersComeAndGo) {
  name_server_.Add("a.test", {{"10.0.0.1"}, 60});
  name_server_.Add("b.test", {{"10.0.0.2"}, 60});
  Watch({{"a.test:80"}});
  Settle();
  Watch({{"a.test:80"}, {"b.test:80"}});
  EXPECT_FALSE(discovery_->settled());
  EXPECT_EQ(Servers(), "a.test:80=10.0.0.1:80*1/0");
  Settle();
  EXPECT_EQ(Servers(), "a.test:80=10.0.0.1:80*1/0 b.test:80=10.0.0.2:80*1/0");
}

TEST_F(DiscoveryTest, AServersNameIsThatOfItsService) {
  name_server_.Add("_http._tcp.test", {.ttl = 60, .targets = {{0, 1, 80, "a.test"}}});
  name_server_.Add("a.test", {{"10.0.0.1"}, 60});
  Watch({{"srv:_http._tcp.test"}});
  RunUntil([&] { return changes_ == 2; });
  const std::vector<Discovery::Found> found = discovery_->Find("web", written_);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].as->address, "srv:_http._tcp.test");
  EXPECT_EQ(found[0].host, "a.test:80");
}

TEST_F(DiscoveryTest, ServersOfAServiceThatCannotBeResolvedAreLeftOut) {
  name_server_.Add("_http._tcp.test",
                   {.ttl = 60, .targets = {{0, 1, 80, "a.test"}, {0, 1, 80, "gone.test"}}});
  name_server_.Add("a.test", {{"10.0.0.1"}, 60});
  Watch({{"srv:_http._tcp.test"}});
  RunUntil([&] { return changes_ > 0 && discovery_->settled(); });
  EXPECT_EQ(Servers(), "a.test:80=10.0.0.1:80*1/0");
}

TEST(ServiceWeightsTest, AreThoseOfDnsTimesThatOfTheConfiguration) {
  EXPECT_EQ(WeightsOf({{0, 60, 80, "a"}, {0, 20, 80, "b"}}, 2), (std::vector<uint32_t>{120, 40}));
  EXPECT_EQ(WeightsOf({{0, 60, 80, "a"}}, 0), (std::vector<uint32_t>{0}));
  EXPECT_EQ(WeightsOf({{0, 0, 80, "b"}, {0, 65535, 80, "a"}}, 1000),
            (std::vector<uint32_t>{1000, kMostServiceWeight}));
}

TEST(ServiceWeightsTest, AreEqualWhenAllAreNothingAndElseNothingIsASmallChance) {
  EXPECT_EQ(WeightsOf({{0, 0, 80, "a"}, {0, 0, 80, "b"}}, 1), (std::vector<uint32_t>{1, 1}));
  EXPECT_EQ(WeightsOf({{0, 0, 80, "b"}, {0, 1, 80, "a"}, {1, 7, 80, "c"}}, 1),
            (std::vector<uint32_t>{1, 100, 7}));
}

TEST(ServiceWeightsTest, PrioritiesAreTiersFromTheLowest) {
  EXPECT_EQ(TiersOf({{5, 1, 80, "a"}, {5, 1, 80, "b"}, {7, 1, 80, "c"}, {99, 1, 80, "d"}}),
            (std::vector<uint32_t>{0, 0, 1, 2}));
}

}  // namespace
}  // namespace sluice::server
