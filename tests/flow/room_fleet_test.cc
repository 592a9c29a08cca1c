// One waiting room before which two proxies stand that share a store.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <thread>

#include "absl/strings/str_format.h"
#include "tests/flow/room_site.h"
#include "tests/support/redis_server.h"

namespace sluice::test {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using testing::HasSubstr;

constexpr std::string_view kBuy = "Content-Length: 0\r\n";

class RoomFleetFlowTest : public RoomFlowTest {
 protected:
  void SetUp() override {
    if (RedisServer::Find().empty()) GTEST_SKIP() << "no redis-server is installed";
    redis_ = std::make_unique<RedisServer>();
  }
  std::unique_ptr<TestProxy> Start(std::string_view keys) const {
    return std::make_unique<TestProxy>(
        Text(absl::StrFormat("scope = \"fleet\"\n%s", keys),
             absl::StrFormat("[store]\nurl = \"redis://127.0.0.1:%d\"\n", redis_->port())));
  }
  static json Room(TestProxy& proxy) {
    return json::parse(proxy.AskAdmin("/rooms").body)["rooms"][0];
  }
  [[nodiscard]] static bool KnowsMachines(TestProxy& proxy, int machines) {
    return TestProxy::Eventually([&] {
      if (proxy.AskAdmin("/readyz").status() != 200) return false;
      const json fleet = Room(proxy)["fleet"];
      return fleet["store"] == "answers" && fleet["instances"] == machines;
    });
  }
  static bool Buys(Visitor& visitor) { return visitor.Ask("/buy", kBuy, "POST").body == "shop"; }

  std::unique_ptr<RedisServer> redis_;
};

TEST_F(RoomFleetFlowTest, TwoProxiesHaveOneRoomOneOrderAndOneNumberInside) {
  const auto a = Start(kOneInside), b = Start(kOneInside);
  ASSERT_TRUE(KnowsMachines(*a, 2));
  ASSERT_TRUE(KnowsMachines(*b, 2));
  Visitor first(*a), second(*a), third(*b);
  ASSERT_TRUE(first.ComesIn());
  EXPECT_FALSE(second.IsIn());
  std::this_thread::sleep_for(150ms);
  EXPECT_FALSE(third.IsIn()) << "there is nobody at his proxy, and somebody in the shop";
  EXPECT_TRUE(TestProxy::Eventually([&] { return third.Position() == 2; }))
      << "behind the one at the other";
  EXPECT_EQ(second.Position(), 1);
  EXPECT_TRUE(TestProxy::Eventually([&] { return Room(*b)["fleet"]["waiting"] == 2; }));
  EXPECT_TRUE(TestProxy::Eventually([&] { return Room(*b)["fleet"]["active"] == 1; }));
  EXPECT_THAT(b->AskAdmin("/metrics").body,
              HasSubstr("sluice_waiting_room_fleet_waiting{room=\"sale\"} 2"));

  first.MoveTo(*b);
  EXPECT_TRUE(first.IsIn()) << "inside at one is inside at all";
  ASSERT_TRUE(Buys(first));
  EXPECT_FALSE(third.IsIn());
  EXPECT_TRUE(second.ComesIn()) << "free by a purchase at the other";
  EXPECT_FALSE(third.IsIn());
  ASSERT_TRUE(Buys(second));
  EXPECT_TRUE(third.ComesIn());
}

TEST_F(RoomFleetFlowTest, WhoWaitedAtAProxyThatEndsKeepsHisPlaceAtTheOther) {
  auto a = Start(kOneInside);
  const auto b = Start(kOneInside);
  ASSERT_TRUE(KnowsMachines(*a, 2));
  ASSERT_TRUE(KnowsMachines(*b, 2));
  Visitor inside(*b), second(*a), third(*b);
  ASSERT_TRUE(inside.ComesIn());
  EXPECT_FALSE(second.IsIn());
  std::this_thread::sleep_for(150ms);
  EXPECT_FALSE(third.IsIn());
  EXPECT_GT(third.Position(), 0);
  a.reset();
  const auto ended = std::chrono::steady_clock::now();
  ASSERT_TRUE(KnowsMachines(*b, 1));
  EXPECT_LT(std::chrono::steady_clock::now() - ended, 4s) << "it has taken leave";
  second.MoveTo(*b);
  EXPECT_EQ(second.Position(), 1);
  EXPECT_TRUE(TestProxy::Eventually([&] { return third.Position() == 2; }));
  ASSERT_TRUE(Buys(inside));
  EXPECT_TRUE(second.ComesIn());
  EXPECT_FALSE(third.IsIn());
}

TEST_F(RoomFleetFlowTest, WithoutItsStoreARoomGoesOnByItselfOrLetsNobodyIn) {
  const auto open = Start("");
  const auto closed = Start("fail = \"closed\"\n");
  Visitor inside(*closed);
  ASSERT_TRUE(inside.ComesIn());
  redis_->Kill();
  ASSERT_TRUE(TestProxy::Eventually([&] { return Room(*closed)["state"] == "without store"; }));
  EXPECT_TRUE(TestProxy::Eventually([&] { return Room(*open)["fleet"]["store"] == "silent"; }));
  Visitor late(*closed), lucky(*open);
  EXPECT_FALSE(late.IsIn());
  EXPECT_TRUE(inside.IsIn());
  EXPECT_TRUE(lucky.ComesIn());
  redis_->Start();
  EXPECT_TRUE(late.ComesIn());
  EXPECT_TRUE(KnowsMachines(*closed, 2));
}

TEST_F(RoomFleetFlowTest, AReloadMakesARoomAFleetsAndTakesItBack) {
  TestProxy proxy(Text(""));
  Visitor visitor(proxy);
  EXPECT_TRUE(visitor.IsIn());
  EXPECT_EQ(Room(proxy)["fleet"], nullptr);
  ASSERT_TRUE(proxy.Reload(
      Text("scope = \"fleet\"\n",
           absl::StrFormat("[store]\nurl = \"redis://127.0.0.1:%d\"\n", redis_->port()))));
  EXPECT_TRUE(KnowsMachines(proxy, 1));
  EXPECT_TRUE(visitor.IsIn());
  ASSERT_TRUE(proxy.Reload(Text("")));
  EXPECT_EQ(Room(proxy)["fleet"], nullptr);
  EXPECT_TRUE(visitor.IsIn());
  EXPECT_TRUE(Visitor(proxy).ComesIn());
}

}  // namespace
}  // namespace sluice::test
