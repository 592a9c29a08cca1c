#include "proxy/upstream/load.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace sluice::upstream {
namespace {

class LoadTest : public testing::Test {
 protected:
  LoadTest() { config_->pools.emplace_back().name = "web"; }

  // With servers of these limits; 0: none.
  void Servers(const std::vector<uint32_t>& limits) {
    std::vector<Member> members;
    for (size_t i = 0; i < limits.size(); ++i) {
      const std::string address = "10.0.0." + std::to_string(i + 1) + ":80";
      members.push_back(
          {.server = std::make_shared<Server>(state_, address, *Address::Parse(address), 1)});
      members.back().server->health->limit = limits[i];
    }
    cluster_ = std::make_shared<const Cluster>(
        config_, config_->pools[0], std::make_shared<const Transport>(), state_, members);
  }
  Load Now() const { return LoadOf(*cluster_, TimePoint{}); }
  void Busy(size_t server, uint32_t requests) {
    cluster_->servers[server]->health->active = requests;
  }

  std::shared_ptr<conf::Config> config_ = std::make_shared<conf::Config>();
  std::shared_ptr<PoolState> state_ = std::make_shared<PoolState>("web", 1);
  std::shared_ptr<const Cluster> cluster_;
};

TEST_F(LoadTest, ServersWithoutALimitAlwaysHaveRoom) {
  Servers({10, 0});
  Busy(0, 1000);
  EXPECT_EQ(Now().share(), 0);
  EXPECT_TRUE(Now().HasRoom());
}

TEST_F(LoadTest, TheDoorClosesALittleBeyondWhatTheServersCarryTogether) {
  Servers({10, 30});
  Busy(1, 40);
  EXPECT_EQ(Now().carries, 40);
  EXPECT_EQ(Now().share(), 1);
  EXPECT_TRUE(Now().HasRoom()) << "so that they are busy between two looks";
  Busy(0, 20);
  EXPECT_FALSE(Now().HasRoom());
}

TEST_F(LoadTest, OfSmallServersSomeMayWaitAllTheSame) {
  Servers({1});
  Busy(0, 4);
  EXPECT_TRUE(Now().HasRoom());
  Busy(0, 5);
  EXPECT_FALSE(Now().HasRoom());
}

TEST_F(LoadTest, WhatAllCarryTogetherMayBeLessThanTheSum) {
  Servers({10, 10});
  state_->limit = 6;
  EXPECT_EQ(Now().carries, 6);
}

TEST_F(LoadTest, NobodyIsKeptOutWhileTheLimitIsBeingFound) {
  Servers({1, 1});
  state_->finding = true;
  Busy(0, 12);
  EXPECT_EQ(Now().carries, 16);
  EXPECT_TRUE(Now().HasRoom());
}

TEST_F(LoadTest, WhatHangsAtAServerThatIsGoneKeepsNobodyOut) {
  Servers({10, 10, 10});
  Busy(0, 100);
  Busy(1, 100);
  cluster_->servers[0]->health->duty = balancer::Duty::kMaintenance;
  cluster_->servers[1]->health->rest_until_ns = 1'000'000'000;
  EXPECT_EQ(Now().requests, 0);
  EXPECT_EQ(Now().carries, 10);
}

TEST_F(LoadTest, WithoutAServerTheDoorStaysOpen) {
  Servers({});
  EXPECT_EQ(Now().carries, 1);
  EXPECT_TRUE(Now().HasRoom()) << "waiting would not help";
}

}  // namespace
}  // namespace sluice::upstream
