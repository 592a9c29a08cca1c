#include "proxy/server/orders.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>

#include "conf/limit_text.h"
#include "proxy/server/order_line.h"

namespace sluice::server {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr Moment kAt{.now = TimePoint(1000s), .wall = WallTime(1'800'000'000s)};
// After another boot.
constexpr Moment kLater{.now = TimePoint(5s), .wall = WallTime(1'800'000'060s)};

const Author kRoot{.who = "root (uid 0)", .from = "the admin socket", .when = kAt.wall - 5s};

RoomChange Room(RoomOrder order, TimePoint until = TimePoint::max()) {
  order.room = "sale";
  return {.order = std::move(order), .until = until, .author = kRoot};
}

Orders ReadBack(const Orders& orders, Moment at) {
  ParsedOrders parsed = ParseOrders(FormatOrders(orders, kAt), at);
  EXPECT_EQ(parsed.damaged, 0u);
  EXPECT_EQ(parsed.orders.size(), orders.size());
  return std::move(parsed.orders);
}

TEST(OrderLineTest, AnyTextIsAValue) {
  std::string all;
  for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
  OrderLine line("room");
  line.Add("reason", all);
  line.Add("none", "");
  line.Add("who", "a b");
  const std::string text = std::move(line).Finish();
  EXPECT_EQ(text.find('\n'), text.size() - 1);
  EXPECT_THAT(text, HasSubstr(" who=a%20b\n"));
  const auto fields = OrderFields::Parse(std::string_view(text).substr(0, text.size() - 1));
  ASSERT_TRUE(fields);
  EXPECT_EQ(fields->word(), "room");
  EXPECT_EQ(fields->Get("reason"), all);
  EXPECT_EQ(fields->Get("none"), "");
}

TEST(OrderLineTest, WhatIsCutOffIsDamaged) {
  EXPECT_FALSE(OrderFields::Parse("room who=a%2"));
  EXPECT_FALSE(OrderFields::Parse("room who=a%"));
  EXPECT_FALSE(OrderFields::Parse("room who=a%2g"));
  EXPECT_FALSE(OrderFields::Parse("room who"));
}

TEST(OrdersTest, WhatWasOrderedOfServersIsAsItWas) {
  Orders orders;
  orders.servers = {{.kind = Change::Kind::kAdded,
                     .pool = "web",
                     .name = "10.0.0.9:80",
                     .weight = 7,
                     .backup = true,
                     .reason = "more of them",
                     .author = kRoot},
                    {.kind = Change::Kind::kDuty,
                     .pool = "web",
                     .name = "shop:80",
                     .label = "10.0.0.3:80",
                     .duty = balancer::Duty::kMaintenance,
                     .author = kRoot}};
  const Orders back = ReadBack(orders, kLater);
  EXPECT_EQ(back.servers[0].What(), "added, weight 7, a backup");
  EXPECT_EQ(back.servers[0].reason, "more of them");
  EXPECT_EQ(back.servers[0].author.who, "root (uid 0)");
  EXPECT_EQ(back.servers[0].author.from, "the admin socket");
  EXPECT_EQ(back.servers[0].author.when, kRoot.when);
  EXPECT_EQ(back.servers[1].What(), "maintenance");
  EXPECT_EQ(back.servers[1].server(), "10.0.0.3:80");
  EXPECT_EQ(back.servers[1].name, "shop:80");
}

TEST(OrdersTest, ALimitForATimeLiesOnTopOfWhatLasts) {
  Orders orders;
  const auto limit = conf::LoadLimit(
      "[[limit]]\nname = \"brake\"\nkey = [\"client_ip\", \"path\"]\nrate = \"2/s\"\n"
      "ban = { after = \"100/min\", time = \"10min\" }\nroutes = [\"*\"]\n",
      nullptr);
  ASSERT_TRUE(limit.ok()) << limit.status();
  LimitChange removed = {.limit = std::nullopt,
                         .name = "brake",
                         .until = kAt.now + 90s,
                         .reason = "",
                         .author = kRoot};
  removed.lasting = std::make_shared<LimitChange>(
      LimitChange{.limit = *limit, .name = "brake", .reason = "API drowns", .author = kRoot});
  orders.limits = {removed};
  const ParsedOrders parsed = ParseOrders(FormatOrders(orders, kAt), kLater);
  ASSERT_EQ(parsed.orders.limits.size(), 2u);
  EXPECT_EQ(parsed.orders.limits[0].limit, *limit);
  EXPECT_FALSE(parsed.orders.limits[0].timed());
  EXPECT_FALSE(parsed.orders.limits[1].limit);
  EXPECT_EQ(parsed.orders.limits[1].until, kLater.now + 30s);
  LimitOverlay overlay;
  conf::Config config;
  config.limits.push_back(*limit);
  EXPECT_THAT(overlay.Restore(config, parsed.orders.limits), IsEmpty());
  EXPECT_THAT(overlay.LimitsOf(config), IsEmpty());
  overlay.Expire(kLater.now + 30s);
  ASSERT_EQ(overlay.LimitsOf(config).size(), 1u);
  EXPECT_EQ(overlay.changes()[0].reason, "API drowns");
}

TEST(OrdersTest, ALimitThatNoLongerFitsTheFileIsDroppedAndSaid) {
  const auto limit =
      conf::LoadLimit("[[limit]]\nname = \"brake\"\nrate = \"2/s\"\nroutes = [\"gone\"]", nullptr);
  ASSERT_TRUE(limit.ok()) << limit.status();
  LimitOverlay overlay;
  EXPECT_THAT(overlay.Restore(conf::Config(), {{.limit = *limit, .name = "brake"}}),
              testing::ElementsAre(HasSubstr("there is no route 'gone'")));
  EXPECT_THAT(overlay.changes(), IsEmpty());
}

TEST(OrdersTest, WhatWasOrderedOfRoomsIsAsItWas) {
  using Deed = RoomOrder::Deed;
  Orders orders;
  orders.rooms = {Room({.deed = Deed::kPause, .reason = "payment is down"}, kAt.now + 10min),
                  Room({.deed = Deed::kHold}),
                  Room({.deed = Deed::kPace, .pace = ratelimit::Rate{.count = 6, .per = 1min}}),
                  Room({.deed = Deed::kPace}),
                  Room({.deed = Deed::kMaxActive, .max_active = 40}),
                  Room({.deed = Deed::kMaxActive}),
                  Room({.deed = Deed::kMessage, .message = "Größen sind da"})};
  const Orders back = ReadBack(orders, kLater);
  for (size_t i = 0; i < orders.rooms.size(); ++i) {
    EXPECT_EQ(back.rooms[i].order.room, "sale");
    EXPECT_EQ(back.rooms[i].order.What(), orders.rooms[i].order.What());
  }
  EXPECT_EQ(back.rooms[0].order.reason, "payment is down");
  EXPECT_EQ(back.rooms[0].until, kLater.now + 9min);
  EXPECT_FALSE(back.rooms[1].timed());
}

TEST(OrdersTest, APanicIsAsItWas) {
  Orders orders;
  PanicState& panic = orders.panic.emplace();
  panic.order = {.on = true, .keeps = {true, true}, .reason = "the database"};
  panic.author = kRoot;
  panic.until = kAt.now + 61s;
  const Orders back = ReadBack(orders, kLater);
  EXPECT_EQ(back.panic->order.What(), "keeps critical, high");
  EXPECT_EQ(back.panic->order.reason, "the database");
  EXPECT_EQ(back.panic->until, kLater.now + 1s);
}

TEST(OrdersTest, WhatEndedMeanwhileHasEndedAndNoClockMakesOrdersLonger) {
  Orders orders;
  orders.rooms = {Room({.deed = RoomOrder::Deed::kPause}, kAt.now + 1min)};
  EXPECT_LE(ReadBack(orders, kLater).rooms[0].until, kLater.now);
  const Moment long_ago{.now = TimePoint(5s), .wall = WallTime(1s)};
  EXPECT_LE(ReadBack(orders, long_ago).rooms[0].until, long_ago.now + 2min);
}

TEST(OrdersTest, DamagedLinesAreLeftOutAndCounted) {
  const ParsedOrders parsed = ParseOrders(
      "\n"
      "nothing when=1\n"
      "room do=pause room=sale\n"
      "room do=release room=sale when=1\n"
      "room do=pace room=sale value=much when=1\n"
      "room do=max_active room=sale value=0 when=1\n"
      "room do=message room=sale value=%00 when=1\n"
      "room do=pause room=sale when=1 reason=%0A\n"
      "room do=pause room=sale when=1 until=never\n"
      "server kind=weight pool=web name=a:80 weight=99999999 when=1\n"
      "server kind=added pool=web name=nowhere weight=1 when=1\n"
      "server kind=duty pool=web name=a:80 weight=1 duty=idle when=1\n"
      "limit name=a toml=rate when=1\n"
      "panic keep=all when=1\n"
      "room do=pause room=sale when=1\n",
      kAt);
  EXPECT_EQ(parsed.damaged, 14u);
  EXPECT_EQ(parsed.orders.size(), 1u);
}

}  // namespace
}  // namespace sluice::server
