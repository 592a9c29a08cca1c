// A sale in words, and played live.
#include "proxy/demo/sale_story.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "proxy/demo/demo.h"
#include "proxy/demo/sale_show.h"
#include "tests/support/flow/origin.h"

namespace sluice::demo {

namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using namespace std::chrono_literals;

constexpr std::string_view kMetrics =
    "# HELP sluice_pool_queue Requests that wait.\n"
    "# TYPE sluice_pool_queue gauge\n"
    "sluice_pool_queue{pool=\"web\"} 12\n"
    "sluice_pool_queue{pool=\"other\"} 3\n"
    "sluice_pool_queued_total{pool=\"web\"} 99\n"
    "sluice_server_limit{pool=\"web\",server=\"a\"} 8\n"
    "sluice_server_limit{pool=\"web\",server=\"b\"} 1\n"
    "sluice_pool_limit{pool=\"web\"} 9\n";

class SaleStoryTest : public testing::Test {
 protected:
  SaleSecond Second(SalePhase phase) {
    SaleSecond second;
    second.at_s = 3;
    second.phase = phase;
    second.came = 450;
    second.inside = 1234;
    return second;
  }
  SaleStory story_{SaleMode::kCrash, SaleGuard::kLimits, SaleOptions()};
  SaleStory room_story_{SaleMode::kCrash, SaleGuard::kRoom, SaleOptions()};
};

}  // namespace

TEST(Metrics, AreReadByTheirFamily) {
  const ProxyNumbers numbers = ReadMetrics(kMetrics);
  EXPECT_EQ(numbers.waiting, 15u);
  EXPECT_THAT(numbers.limits, ElementsAre(8u, 1u));
  EXPECT_EQ(numbers.limit, 9u);
}

TEST(Metrics, WhatIsNotThereIsNotMadeUp) {
  const ProxyNumbers numbers = ReadMetrics("something else\n\nsluice_pool_queue\n");
  EXPECT_EQ(numbers.waiting, 0u);
  EXPECT_THAT(numbers.limits, IsEmpty());
  EXPECT_EQ(numbers.limit, 0u);
}

TEST_F(SaleStoryTest, BeginsWithTheShopAndTheShoppers) {
  EXPECT_THAT(story_.Opening(),
              AllOf(HasSubstr("400 requests waiting"), HasSubstr("450 while the sale lasts")));
}

TEST_F(SaleStoryTest, TellsWhenTheSaleBeginsAndEndsOnce) {
  EXPECT_THAT(story_.Tell(Second(SalePhase::kCalm), {}), Not(HasSubstr("SALE")));
  EXPECT_THAT(story_.Tell(Second(SalePhase::kSpike), {}), HasSubstr("THE SALE BEGINS: 450"));
  EXPECT_THAT(story_.Tell(Second(SalePhase::kSpike), {}), Not(HasSubstr("SALE")));
  EXPECT_THAT(story_.Tell(Second(SalePhase::kAfter), {}),
              HasSubstr("1234 shoppers are still in the shop."));
}

TEST_F(SaleStoryTest, TellsWhatSluiceFound) {
  ProxyNumbers numbers = ReadMetrics(kMetrics);
  EXPECT_THAT(story_.Tell(Second(SalePhase::kSpike), numbers),
              AllOf(HasSubstr("in sluice's line 15"), HasSubstr("limits 8 1, 9 in all")));
  numbers.limit = 0;
  EXPECT_THAT(story_.Tell(Second(SalePhase::kSpike), numbers),
              AllOf(HasSubstr("limits 8 1"), Not(HasSubstr("in all"))));
  EXPECT_THAT(story_.Tell(Second(SalePhase::kSpike), {}), Not(HasSubstr("limits")));
}

TEST_F(SaleStoryTest, TellsOfACrashAndOfTheReturn) {
  SaleSecond second = Second(SalePhase::kSpike);
  second.down = 1;
  EXPECT_THAT(story_.Tell(second, {}), HasSubstr("A SERVER CRASHED"));
  EXPECT_THAT(story_.Tell(second, {}), Not(HasSubstr("CRASHED")));
  second.down = 0;
  EXPECT_THAT(story_.Tell(second, {}), HasSubstr("A server is back"));
}

TEST_F(SaleStoryTest, SumsUp) {
  SaleFigures figures;
  figures.shoppers = 200;
  figures.bought = 150;
  figures.affected = 10;
  figures.window_s = 10;
  figures.purchases = 123;
  EXPECT_THAT(story_.Summary(figures),
              AllOf(HasSubstr("Of 200 shoppers"), HasSubstr("150 bought (75.0 %)"),
                    HasSubstr("10 (5.0 %) had a bad time"), HasSubstr("Sold: 12.3 a second"),
                    HasSubstr("--unheld --mode crash"), Not(HasSubstr("waited before"))));
  EXPECT_THAT(SaleStory(SaleMode::kWeb, SaleGuard::kNothing, SaleOptions()).Summary(SaleFigures()),
              AllOf(HasSubstr("Sold: 0.0"), Not(HasSubstr("--unheld"))));
}

TEST_F(SaleStoryTest, TellsOfAnEventWhatComesAndWhatHasCome) {
  SaleOptions options;
  options.calm = 5s;
  options.gather = 20s;
  options.gather_rate = 60;
  SaleStory story(SaleMode::kWeb, SaleGuard::kRoom, options);
  EXPECT_THAT(story.Opening(),
              AllOf(HasSubstr("60 who have heard of the sale, 5 s from now for 20 s"),
                    HasSubstr("450 while the sale lasts, 25 s from now")));
  SaleSecond second = Second(SalePhase::kGather);
  second.at_s = -19;
  EXPECT_THAT(story.Tell(second, {}), AllOf(HasSubstr("begins in 20 s"), HasSubstr("\n -19 s ")));
  EXPECT_THAT(story.Tell(Second(SalePhase::kSpike), {}), HasSubstr("Lots are drawn"));
  SaleFigures figures;
  figures.gathered = {.shoppers = 1200, .early = 8s, .late = 9s};
  EXPECT_THAT(story.Summary(figures),
              AllOf(HasSubstr("1200 had gathered"), HasSubstr("in after 8 s on average"),
                    HasSubstr("the others after 9 s"), Not(HasSubstr("--event"))));
  EXPECT_THAT(story_.Tell(Second(SalePhase::kSpike), {}), Not(HasSubstr("Lots")));
  EXPECT_THAT(story_.Summary(SaleFigures()), HasSubstr("--event --panic --mode crash"));
}

TEST_F(SaleStoryTest, TellsWhatAPanicDidWhileItWasOn) {
  SaleSecond second = Second(SalePhase::kAfter);
  second.bought = 7;
  story_.Tell(second, {});
  EXPECT_THAT(story_.Panic(true), HasSubstr("sluice ctl panic on critical"));
  for (int i = 0; i < 2; ++i) story_.Tell(second, {});
  EXPECT_THAT(story_.Panic(false),
              HasSubstr("after 2 s: sluice ctl panic off. Meanwhile 14 bought, 0 gave up"));
}

TEST_F(SaleStoryTest, TellsHowManyWaitHowManyWereLetInAndAfterHowLong) {
  SaleSecond second = Second(SalePhase::kSpike);
  second.waiting = 1000;
  EXPECT_THAT(room_story_.Tell(second, {}),
              AllOf(HasSubstr("inside   234; in the waiting room  1000, let in   0;"),
                    Not(HasSubstr("after"))));
  second.let_in = 10;
  second.let_in_after_ms = 425'000;
  EXPECT_THAT(room_story_.Tell(second, {}), HasSubstr("let in  10 (after 42 s);"));
  EXPECT_THAT(story_.Tell(second, {}), Not(HasSubstr("waiting room")));
}

TEST_F(SaleStoryTest, SumsUpTheLine) {
  SaleFigures figures;
  figures.line.shoppers = 5000;
  figures.line.longest = 69'600ms;
  figures.line.most_overtaken = 7'100ms;
  EXPECT_THAT(room_story_.Summary(figures),
              AllOf(HasSubstr("5000 shoppers waited before the shop, 70 s at most"),
                    HasSubstr("more than 8 s before"), HasSubstr("--no-room --mode crash")));
}

TEST(SaleShow, PlaysASaleFromTheFirstShopperToTheLast) {
  DemoCall call;
  call.sale = true;
  StorefrontOptions options = ShopOf(call);
  options.time_scale = 0;
  auto shop = StorefrontThread::Start(options);
  ASSERT_TRUE(shop.ok());
  test::Origin admin([](test::Wire& wire, test::Origin& origin, uint32_t) {
    if (origin.Take(wire)) wire.Send(test::Ok(kMetrics));
  });
  SaleShow::Cast cast;
  cast.admin = *Address::Parse(admin.address());
  cast.sale.calm_rate = 20;
  cast.sale.spike_rate = 100;
  cast.sale.calm = 200ms;
  cast.sale.spike = 1200ms;
  cast.sale.most_after = 5s;
  cast.sale.crowd.think_time = 1ms;
  cast.sale.crowd.shop = (*shop)->storefront().addresses()[0];
  std::mutex mutex;
  std::string story;
  std::atomic<bool> over = false;
  std::atomic<int> turns = 0;
  const SaleShow show((*shop)->storefront(), cast, [&] { over = true; }, [&](bool) { ++turns; },
                      [&](std::string_view text) {
                        const std::lock_guard lock(mutex);
                        story += text;
                      });
  while (!over) std::this_thread::sleep_for(1ms);
  const std::lock_guard lock(mutex);
  EXPECT_THAT(story, AllOf(HasSubstr("The shop: "), HasSubstr("THE SALE BEGINS"),
                           HasSubstr("limits 8 1"), HasSubstr("0 gave up"),
                           HasSubstr("The servers made "), Not(HasSubstr("PANIC"))));
  EXPECT_EQ(turns, 0);
}

TEST(SaleShow, GathersUntilItsEventAndTurnsThePanicOnAndOff) {
  DemoCall call;
  call.sale = true;
  StorefrontOptions options = ShopOf(call);
  options.time_scale = 0;
  auto shop = StorefrontThread::Start(options);
  ASSERT_TRUE(shop.ok());
  SaleShow::Cast cast;
  cast.admin = *Address::Parse("127.0.0.1:1");
  cast.event = std::chrono::system_clock::now() + 1700ms;
  cast.panic_after = 100ms;
  cast.panic_for = 1s;
  cast.sale = {.calm_rate = 20,
               .gather_rate = 40,
               .spike_rate = 40,
               .calm = 1h,  // but for the event
               .gather = 1400ms,
               .spike = 1100ms,
               .most_after = 5s,
               .crowd = {}};
  cast.sale.crowd.think_time = 800ms;  // somebody is in the shop until the panic is over
  cast.sale.crowd.shop = (*shop)->storefront().addresses()[0];
  std::mutex mutex;
  std::string story;
  std::vector<bool> turns;
  std::atomic<bool> over = false;
  const SaleShow show((*shop)->storefront(), cast, [&] { over = true; },
                      [&](bool on) {
                        const std::lock_guard lock(mutex);
                        turns.push_back(on);
                      },
                      [&](std::string_view text) {
                        const std::lock_guard lock(mutex);
                        story += text;
                      });
  while (!over) std::this_thread::sleep_for(1ms);
  const std::lock_guard lock(mutex);
  EXPECT_THAT(turns, ElementsAre(true, false));
  const size_t shut = story.find("THE DOOR IS SHUT"), begins = story.find("THE SALE BEGINS"),
               on = story.find("PANIC: "), off = story.find("THE PANIC IS OVER");
  ASSERT_NE(off, std::string::npos) << story;
  EXPECT_LT(shut, begins);
  EXPECT_LT(begins, on);
  EXPECT_LT(on, off);
  EXPECT_THAT(story, HasSubstr("had gathered before it began"));
}

TEST(SaleShow, CanGoWhileItWaitsForSluiceAndInTheMiddle) {
  DemoCall call;
  call.sale = true;
  auto shop = StorefrontThread::Start(ShopOf(call));
  ASSERT_TRUE(shop.ok());
  SaleShow::Cast cast;
  cast.sale.crowd.shop = *Address::Parse("127.0.0.1:1");
  cast.admin = cast.sale.crowd.shop;
  {
    const SaleShow nobody((*shop)->storefront(), cast, [] {}, [](bool) {}, [](std::string_view) {});
  }
  cast.sale.crowd.shop = (*shop)->storefront().addresses()[0];
  cast.sale.calm_rate = 500;
  const auto came = [&] {
    uint64_t requests = 0;
    for (size_t i = 0; i < 4; ++i) requests += (*shop)->storefront().counts(i).requests;
    return requests;
  };
  {
    const SaleShow busy((*shop)->storefront(), cast, [] {}, [](bool) {}, [](std::string_view) {});
    while (came() < 20) std::this_thread::sleep_for(1ms);
  }
  EXPECT_GE(came(), 20u);
}

TEST(Demo, OnlyASaleHasAShow) {
  DemoCall call;
  auto shop = StorefrontThread::Start(ShopOf(call));
  ASSERT_TRUE(shop.ok());
  EXPECT_EQ(ShowOf(
                call, (*shop)->storefront(), [] {}, [](bool) {}),
            nullptr);
  EXPECT_NE(GreetingOf(call, {}), "");
  call.sale = true;
  EXPECT_EQ(GreetingOf(call, {}), "");
  EXPECT_EQ(ShopOf(call).servers, 4u);
}

}  // namespace sluice::demo
