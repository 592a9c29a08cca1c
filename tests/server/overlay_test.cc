#include "proxy/server/overlay.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace sluice::server {
namespace {

using balancer::Duty;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// A pool of one address and of one name that has two, and what an overlay makes of it.
class OverlayTest : public testing::Test {
 protected:
  OverlayTest() {
    pool_.name = "web";
    pool_.servers = {{.address = "10.0.0.1:80"}, {.address = "shop.internal:80", .weight = 2}};
    Know("10.0.0.1:80", "10.0.0.1:80");
    Know("shop.internal:80", "10.0.1.1:80");
    Know("shop.internal:80", "10.0.1.2:80");
  }

  void Know(const std::string& name, const std::string& address) {
    servers_.push_back(std::make_shared<upstream::Server>(
        std::make_shared<upstream::PoolState>("web", 1), name, *Address::Parse(address), 1));
  }

  absl::Status Do(Deed deed, const std::string& server, std::optional<uint32_t> weight = {},
                  const std::string& reason = "") {
    return overlay_.Apply(
        pool_, servers_,
        {.deed = deed, .pool = "web", .server = server, .weight = weight, .reason = reason},
        {.who = "root", .from = "a test", .when = WallTime(std::chrono::seconds(7))});
  }

  // The members that are left of `servers_`, with their weights.
  std::vector<std::string> Members() const {
    std::vector<upstream::Member> members;
    for (const auto& server : servers_) members.push_back({.server = server});
    overlay_.Adjust(members);
    std::vector<std::string> texts;
    for (const upstream::Member& member : members) {
      texts.push_back(member.server->label + " " + std::to_string(member.weight));
    }
    return texts;
  }
  std::vector<std::string> Written() const {
    std::vector<std::string> texts;
    for (const conf::Server& server : overlay_.ServersOf(pool_)) {
      texts.push_back(server.address + " " + std::to_string(server.weight));
    }
    return texts;
  }
  std::vector<Duty> Duties() const {
    std::vector<Duty> duties;
    for (const auto& server : servers_) duties.push_back(overlay_.DutyOf(*server));
    return duties;
  }
  std::vector<std::string> Changes() const {
    std::vector<std::string> texts;
    for (const Change* change : overlay_.changes()) {
      texts.push_back(change->server() + " " + change->What());
    }
    return texts;
  }
  conf::Config File() const {
    conf::Config config;
    config.pools = {pool_};
    return config;
  }

  conf::Pool pool_;
  std::vector<std::shared_ptr<upstream::Server>> servers_;
  Overlay overlay_;
};

TEST_F(OverlayTest, AServerNobodySpokeOfIsAsTheFileSays) {
  EXPECT_THAT(Duties(), ElementsAre(Duty::kReady, Duty::kReady, Duty::kReady));
  EXPECT_THAT(Written(), ElementsAre("10.0.0.1:80 1", "shop.internal:80 2"));
  EXPECT_THAT(Members(), ElementsAre("10.0.0.1:80 1", "10.0.1.1:80 1", "10.0.1.2:80 1"));
  EXPECT_THAT(Changes(), IsEmpty());
}

TEST_F(OverlayTest, ANameMeansAllItsAddresses) {
  EXPECT_TRUE(Do(Deed::kDrain, "shop.internal:80").ok());
  EXPECT_THAT(Duties(), ElementsAre(Duty::kReady, Duty::kDraining, Duty::kDraining));
  EXPECT_TRUE(Do(Deed::kReady, "shop.internal:80").ok());
  EXPECT_THAT(Duties(), ElementsAre(Duty::kReady, Duty::kReady, Duty::kReady));
  EXPECT_THAT(Changes(), IsEmpty());
}

TEST_F(OverlayTest, AnAddressMeansThatAddressAlone) {
  EXPECT_TRUE(Do(Deed::kMaintenance, "10.0.1.2:80").ok());
  EXPECT_THAT(Duties(), ElementsAre(Duty::kReady, Duty::kReady, Duty::kMaintenance));
}

TEST_F(OverlayTest, WhatIsSaidOfOneAddressLaterGoesBeforeWhatIsSaidOfAll) {
  EXPECT_TRUE(Do(Deed::kDrain, "shop.internal:80").ok());
  EXPECT_TRUE(Do(Deed::kReady, "10.0.1.1:80").ok());
  EXPECT_THAT(Duties(), ElementsAre(Duty::kReady, Duty::kReady, Duty::kDraining));
  EXPECT_TRUE(Do(Deed::kMaintenance, "shop.internal:80").ok());
  EXPECT_THAT(Duties(), ElementsAre(Duty::kReady, Duty::kMaintenance, Duty::kMaintenance));
}

TEST_F(OverlayTest, AnotherSpellingOfAnAddressIsTheSameServer) {
  pool_.servers.push_back({.address = "[::1]:80"});
  Know("[::1]:80", "[::1]:80");
  EXPECT_TRUE(Do(Deed::kDrain, "[0:0:0:0:0:0:0:1]:80").ok());
  EXPECT_EQ(Duties().back(), Duty::kDraining);
  EXPECT_EQ(Do(Deed::kAdd, "[0::1]:80").code(), absl::StatusCode::kAlreadyExists);
}

TEST_F(OverlayTest, AReweighedServerHasItsNewWeightUntilUndone) {
  EXPECT_TRUE(Do(Deed::kWeight, "10.0.0.1:80", 5).ok());
  EXPECT_TRUE(Do(Deed::kWeight, "10.0.0.1:80", 7).ok());
  EXPECT_THAT(Members(), ElementsAre("10.0.0.1:80 7", "10.0.1.1:80 1", "10.0.1.2:80 1"));
  EXPECT_THAT(Changes(), ElementsAre("10.0.0.1:80 weight 7"));
  EXPECT_TRUE(Do(Deed::kUndo, "10.0.0.1:80").ok());
  EXPECT_THAT(Members(), ElementsAre("10.0.0.1:80 1", "10.0.1.1:80 1", "10.0.1.2:80 1"));
}

TEST_F(OverlayTest, AWeightThatTheFileCouldNotHaveIsRefused) {
  const absl::Status status = Do(Deed::kWeight, "10.0.0.1:80", 1'000'000);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("1000000; it may be"));
  EXPECT_EQ(Do(Deed::kWeight, "10.0.0.1:80").code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Do(Deed::kDrain, "10.0.0.1:80", 2).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(Changes(), IsEmpty());
}

TEST_F(OverlayTest, AddedServersComeBehindThoseOfTheFileInTheirOrder) {
  EXPECT_TRUE(Do(Deed::kAdd, "10.0.0.9:80", 3).ok());
  EXPECT_TRUE(Do(Deed::kAdd, "10.0.0.10:80").ok());
  EXPECT_THAT(Written(), ElementsAre("10.0.0.1:80 1", "shop.internal:80 2", "10.0.0.9:80 3",
                                     "10.0.0.10:80 1"));
  EXPECT_TRUE(Do(Deed::kRemove, "10.0.0.9:80").ok());
  EXPECT_THAT(Changes(), ElementsAre("10.0.0.10:80 added, weight 1"));
}

TEST_F(OverlayTest, OnlyWhatTheFileCouldHaveIsAdded) {
  for (const char* wrong : {"10.0.0.9", "10.0.0.9:0", "no spaces:80", "", "10.0.0.9:80\n"}) {
    EXPECT_EQ(Do(Deed::kAdd, wrong).code(), absl::StatusCode::kInvalidArgument) << wrong;
  }
  pool_.tls.emplace();
  EXPECT_EQ(Do(Deed::kAdd, "unix:/run/app.sock").code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Do(Deed::kAdd, "10.0.0.1:80").code(), absl::StatusCode::kAlreadyExists);
  EXPECT_THAT(Changes(), IsEmpty());
}

TEST_F(OverlayTest, ARemovedServerIsOutUntilItIsAddedAgainOrTheRemovalUndone) {
  EXPECT_TRUE(Do(Deed::kDrain, "10.0.0.1:80").ok());
  EXPECT_TRUE(Do(Deed::kRemove, "10.0.0.1:80").ok());
  EXPECT_THAT(Members(), ElementsAre("10.0.1.1:80 1", "10.0.1.2:80 1"));
  EXPECT_EQ(Do(Deed::kRemove, "10.0.0.1:80").code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(Do(Deed::kAdd, "10.0.0.1:80").ok());
  EXPECT_THAT(Changes(), IsEmpty()) << "it is there as it was before it was drained";
  EXPECT_TRUE(Do(Deed::kRemove, "10.0.1.2:80").ok());
  EXPECT_THAT(Members(), ElementsAre("10.0.0.1:80 1", "10.0.1.1:80 1"));
  servers_.pop_back();
  EXPECT_TRUE(Do(Deed::kUndo, "10.0.1.2:80").ok()) << "though the view no longer names it";
  EXPECT_THAT(Changes(), IsEmpty());
}

TEST_F(OverlayTest, AServerThatIsNotThereIsAskedBackFor) {
  const absl::Status status = Do(Deed::kDrain, "10.0.0.2:80");
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(status.message()), HasSubstr("did you mean '10.0.0.1:80'?"));
  EXPECT_EQ(Do(Deed::kUndo, "10.0.0.1:80").code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(OverlayTest, EachChangeTellsWhoWhenAndWhy) {
  EXPECT_TRUE(Do(Deed::kDrain, "10.0.0.1:80", {}, "new kernel").ok());
  const Change* const change = overlay_.changes().front();
  EXPECT_EQ(change->author.who, "root");
  EXPECT_EQ(change->author.when, WallTime(std::chrono::seconds(7)));
  EXPECT_EQ(change->reason, "new kernel");
  EXPECT_FALSE(Do(Deed::kDrain, "10.0.0.1:80", {}, "two\nlines").ok());
  EXPECT_FALSE(Do(Deed::kDrain, "10.0.0.1:80", {}, std::string(501, 'x')).ok());
  EXPECT_EQ(overlay_.changes().front()->reason, "new kernel");
}

TEST_F(OverlayTest, AReloadKeepsWhatTheFileStillHasAndDropsTheRest) {
  EXPECT_TRUE(Do(Deed::kDrain, "10.0.0.1:80").ok());
  EXPECT_TRUE(Do(Deed::kWeight, "10.0.1.1:80", 4).ok());
  EXPECT_TRUE(Do(Deed::kAdd, "10.0.0.9:80").ok());
  EXPECT_TRUE(Do(Deed::kMaintenance, "10.0.0.9:80").ok());
  EXPECT_THAT(overlay_.DropGone(File()), IsEmpty());
  EXPECT_EQ(overlay_.size(), 4u);
  pool_.servers.erase(pool_.servers.begin());
  pool_.servers.push_back({.address = "10.0.0.9:80"});
  EXPECT_THAT(overlay_.DropGone(File()),
              ElementsAre(AllOf(HasSubstr("10.0.0.9:80"), HasSubstr("has the server now")),
                          AllOf(HasSubstr("10.0.0.1:80"), HasSubstr("draining, by root"))));
  EXPECT_THAT(Changes(), ElementsAre("10.0.1.1:80 weight 4", "10.0.0.9:80 maintenance"));
  EXPECT_EQ(overlay_.DropGone(conf::Config()).size(), 2u) << "the pool is gone";
  EXPECT_EQ(overlay_.size(), 0u);
}

TEST_F(OverlayTest, PoolsWhoseNamesBeginAlikeAreTwo) {
  EXPECT_TRUE(Do(Deed::kAdd, "10.0.0.9:80").ok());
  conf::Pool other;
  other.name = "we";
  EXPECT_THAT(overlay_.ServersOf(other), IsEmpty());
  other.name = "web2";
  EXPECT_THAT(overlay_.ServersOf(other), IsEmpty());
}

TEST_F(OverlayTest, ThereIsAnEndToChanges) {
  for (size_t i = 0; i < Overlay::kMostChanges; ++i) {
    pool_.servers = {{.address = "host-" + std::to_string(i) + ":80"}};
    servers_.clear();
    ASSERT_TRUE(Do(Deed::kDrain, pool_.servers[0].address).ok());
  }
  EXPECT_TRUE(Do(Deed::kMaintenance, pool_.servers[0].address).ok()) << "in place of another";
  EXPECT_EQ(Do(Deed::kAdd, "10.0.0.9:80").code(), absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(Do(Deed::kReady, pool_.servers[0].address).ok());
  EXPECT_TRUE(Do(Deed::kAdd, "10.0.0.9:80").ok());
}

TEST(DeedTest, EachHasItsName) {
  for (const std::string_view name : kDeeds) EXPECT_EQ(DeedName(*ParseDeed(name)), name);
  EXPECT_FALSE(ParseDeed("explode").has_value());
}

}  // namespace
}  // namespace sluice::server
