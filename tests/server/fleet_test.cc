#include "proxy/server/fleet.h"

#include <memory>

#include "absl/strings/str_format.h"
#include "tests/support/loop_fixture.h"
#include "tests/support/redis_server.h"

namespace sluice::server {
namespace {

class FleetTest : public net::LoopTest {
 protected:
  static conf::Config ConfigOf(std::string url) {
    conf::Config config;
    config.store.url = std::move(url);
    return config;
  }
};

TEST_F(FleetTest, WithoutAStoreItIsIdleAndGatesAreSilent) {
  Fleet fleet(loop_, conf::Config());
  const auto gate = std::make_shared<admission::QuotaGate>("a", ratelimit::KeyedSpec(),
                                                           admission::WhenSilent::kShare);
  fleet.Share({gate});
  RunFor(std::chrono::milliseconds(60));
  EXPECT_EQ(fleet.client(), nullptr);
  EXPECT_TRUE(gate->standing().silent);
}

TEST_F(FleetTest, UntilTheStoreHasToldThereAreAsManyInstancesAsIsSaid) {
  conf::Config config = ConfigOf("redis://127.0.0.1:1");
  config.store.instances = 7;
  Fleet fleet(loop_, config);
  const auto gate = std::make_shared<admission::QuotaGate>("a", ratelimit::KeyedSpec(),
                                                           admission::WhenSilent::kShare);
  fleet.Share({gate});
  EXPECT_EQ(gate->standing().instances, 7u);
}

TEST_F(FleetTest, ThePasswordIsNotInWhatIsShown) {
  const Fleet fleet(loop_, ConfigOf("redis://:secret@127.0.0.1:1/4"));
  EXPECT_EQ(fleet.url(), "redis://:***@127.0.0.1:1/4");
}

TEST_F(FleetTest, AReloadKeepsTheConnectionUnlessTheStoreIsAnother) {
  if (RedisServer::Find().empty()) GTEST_SKIP() << "no redis-server is installed";
  RedisServer redis({"--requirepass", "secret"});
  conf::Config config = ConfigOf(absl::StrFormat("redis://127.0.0.1:%d", redis.port()));
  config.store.password_file = {.name = "f", .content = "secret\n"};
  Fleet fleet(loop_, config);
  RunUntil([&] { return fleet.client()->up(); });
  const store::Client* const first = fleet.client();
  fleet.Adopt(config);
  EXPECT_EQ(fleet.client(), first);
  EXPECT_TRUE(first->up());
  config.store.password_file.content = "guess\n";
  fleet.Adopt(config);
  RunUntil([&] { return fleet.client()->reason() == "WRONGPASS"; });
  config.store.password_file.content = "secret";
  fleet.Adopt(config);
  RunUntil([&] { return fleet.client()->up(); });
  fleet.Adopt(conf::Config());
  EXPECT_EQ(fleet.client(), nullptr);
}

}  // namespace
}  // namespace sluice::server
