// What operators have ordered, through restarts of a running proxy.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "absl/strings/str_format.h"
#include "tests/flow/room_site.h"

namespace sluice::test {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using testing::HasSubstr;
using testing::IsEmpty;
using Deed = server::RoomOrder::Deed;

class OrdersFlowTest : public RoomFlowTest {
 protected:
  template <typename Order>
  static void Do(TestProxy& proxy, const Order& order) {
    ASSERT_TRUE(TestProxy::Eventually([&] { return proxy.AskAdmin("/readyz").status() == 200; }));
    proxy.OnSupervisor([&](server::Supervisor& it) {
      const absl::Status status = it.Obey(order, {.who = "root", .from = "a test"});
      EXPECT_TRUE(status.ok()) << status;
    });
  }
  static json Changes(TestProxy& proxy) {
    return json::parse(proxy.AskAdmin("/changes").body)["changes"];
  }
  std::string Orders() const {
    std::ifstream file(File("state") + "/orders");
    return {std::istreambuf_iterator<char>(file), {}};
  }
  // Without a room.
  std::string BareKept() const {
    return absl::StrFormat("%s\n[state]\ndir = \"%s\"\n", Bare(), File("state"));
  }
  std::string Shop() const { return shop_.address(); }
};

TEST_F(OrdersFlowTest, WhatWasOrderedHoldsAfterARestart) {
  std::optional<TestProxy> proxy(std::in_place, Kept("state"));
  Do(*proxy, server::Order{.deed = server::Deed::kWeight,
                           .pool = "web",
                           .server = Shop(),
                           .weight = 3,
                           .reason = "new machine"});
  Do(*proxy, server::LimitOrder{.limit = "brake",
                                .toml = "[[limit]]\nname = \"brake\"\nrate = \"1/min\"\n"
                                        "routes = [\"*\"]\n",
                                .lasts = 1h,
                                .reason = "API drowns"});
  Do(*proxy, server::RoomOrder{.deed = Deed::kPause, .room = "sale", .reason = "payment is down"});
  Do(*proxy, server::PanicOrder{.on = true, .keeps = {true}, .lasts = 1h, .reason = "fire"});
  proxy.reset();

  proxy.emplace(Kept("state"));
  ASSERT_TRUE(TestProxy::Eventually([&] { return proxy->AskAdmin("/readyz").status() == 200; }));
  std::string told;
  for (const json& change : Changes(*proxy)) {
    EXPECT_EQ(change["who"], "root");
    absl::StrAppendFormat(&told, "%s: %s\n", change["change"].get<std::string>(),
                          change["reason"].get<std::string>());
  }
  EXPECT_THAT(told, HasSubstr("weight 3: new machine\n"));
  EXPECT_THAT(told, HasSubstr("1/min, burst 1 by client_ip, reject: API drowns\n"));
  EXPECT_THAT(told, HasSubstr("paused: payment is down\n"));
  EXPECT_THAT(told, HasSubstr("keeps critical: fire\n"));
  const json panic = json::parse(proxy->AskAdmin("/panic").body);
  EXPECT_EQ(panic["panic"], true);
  EXPECT_GT(panic["ends_in_s"], 3500.0);
  EXPECT_LE(panic["ends_in_s"], 3600.0);
  EXPECT_NE(Visitor(*proxy).Ask().body, "shop");

  Do(*proxy, server::PanicOrder{.on = false});
  Do(*proxy, server::RoomOrder{.deed = Deed::kUndo, .room = "sale"});
  Do(*proxy, server::LimitOrder{.deed = server::LimitOrder::Deed::kUndo, .limit = "brake"});
  Do(*proxy, server::Order{.deed = server::Deed::kUndo,
                           .pool = "web",
                           .server = Shop(),
                           .weight = std::nullopt,
                           .reason = ""});
  proxy.reset();
  EXPECT_EQ(Orders(), "");
  proxy.emplace(Kept("state"));
  ASSERT_TRUE(TestProxy::Eventually([&] { return proxy->AskAdmin("/readyz").status() == 200; }));
  EXPECT_THAT(Changes(*proxy), IsEmpty());
}

TEST_F(OrdersFlowTest, OrdersAreKeptWithoutAnyRoomAndNothingIsMadeBeforeThereAreSome) {
  {
    TestProxy proxy(BareKept());
    ASSERT_TRUE(TestProxy::Eventually([&] { return proxy.AskAdmin("/readyz").status() == 200; }));
    EXPECT_FALSE(std::filesystem::exists(File("state")));
    Do(proxy, server::Order{.deed = server::Deed::kDrain,
                            .pool = "web",
                            .server = Shop(),
                            .weight = std::nullopt,
                            .reason = ""});
  }
  TestProxy proxy(BareKept());
  ASSERT_TRUE(TestProxy::Eventually([&] { return proxy.AskAdmin("/readyz").status() == 200; }));
  ASSERT_EQ(Changes(proxy).size(), 1u);
  EXPECT_EQ(Changes(proxy)[0]["change"], "draining");
}

TEST_F(OrdersFlowTest, WhatIsOverOrGoneIsDroppedAtTheStart) {
  std::filesystem::create_directory(File("state"));
  std::ofstream(File("state") + "/orders")
      << "room do=pause room=sale who=root when=1700000000000 until=1700000060000\n"
         "room do=hold room=gone who=root when=1700000000000\n"
         "server kind=duty duty=draining pool=web name=10.9.9.9:80 weight=1 when=1700000000000\n"
         "panic keep=critical, when=1700000000000 until=1700000060000\n"
         "room do=max_active room=sale value=7 who=root when=1700000000000\n"
         "room do=max_act";
  TestProxy proxy(Kept("state"));
  ASSERT_TRUE(TestProxy::Eventually([&] { return proxy.AskAdmin("/readyz").status() == 200; }));
  const json changes = Changes(proxy);
  ASSERT_EQ(changes.size(), 1u) << changes;
  EXPECT_EQ(changes[0]["change"], "max_active 7");
  EXPECT_EQ(json::parse(proxy.AskAdmin("/panic").body)["panic"], false);
  EXPECT_TRUE(TestProxy::Eventually([&] { return Orders().size() < 100; }));
}

}  // namespace
}  // namespace sluice::test
