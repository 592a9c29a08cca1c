// The waiting room in simulated time: what becomes of shoppers, servers and order in a sale, with
// visitors of all kinds and servers that are not always the same.
#include <gtest/gtest.h>
#include <malloc.h>

#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "ratelimit/waiting_room.h"
#include "tests/ratelimit/simulated_sale.h"

namespace sluice::ratelimit {
namespace {

// 32 pages at once of 80 ms, four to a purchase.
constexpr double kMostPerSecond = 100;
// Of a page, its 99th percentile at rest.
constexpr double kRest_s = 0.24;

uint64_t Mixed(uint64_t id) {
  id = (id ^ (id >> 31)) * 0x9e3779b97f4a7c15;
  return id ^ (id >> 29);
}

TEST(WaitingRoomSaleTest, InCalmNobodyWaits) {
  SimulatedSale sale;
  const SimulatedSale::Seen seen = sale.Run(600);
  EXPECT_EQ(seen.waited, 0u);
  EXPECT_GT(seen.bought, seen.came * 98 / 100);
  EXPECT_LT(seen.page_p99, kRest_s * 1.1);
}

// Half a minute of calm, 20 s of 450 shoppers a second, and what is seen while the line lasts.
struct Crowd {
  std::string name;
  std::function<void(SimulatedSale&)> set;
  double least = 0.95;      // of the purchases that are possible
  double overtaken_s = 25;  // at most, by anybody: 1.5 poll intervals, of 16 s then
  double estimate_off = 0.25;
  RoomSpec spec = {};
};

void PrintTo(const Crowd& crowd, std::ostream* os) { *os << crowd.name; }

class CrowdTest : public testing::TestWithParam<Crowd> {};

TEST_P(CrowdTest, IsServedAtTheServersPaceInOrderAndAsAnnounced) {
  const Crowd& crowd = GetParam();
  SimulatedSale sale(crowd.spec);
  crowd.set(sale);
  const double most = sale.carries / sale.page_s / sale.pages;
  const double calm = sale.arrivals_per_s;
  sale.Run(30);
  sale.arrivals_per_s = 4.5 * most;
  EXPECT_LT(sale.Run(20).page_p99, 3 * kRest_s);
  sale.arrivals_per_s = calm;
  sale.Run(2);
  const SimulatedSale::Seen seen = sale.Run(40);
  EXPECT_GT(seen.bought_per_s(), crowd.least * most);
  EXPECT_LT(seen.page_p99, 3 * kRest_s);
  EXPECT_LT(seen.worst_inversion, crowd.overtaken_s);
  EXPECT_LT(seen.estimate_off, crowd.estimate_off);
  EXPECT_LT(static_cast<double>(seen.bots_in), 0.03 * static_cast<double>(seen.bought));
}

TEST_P(CrowdTest, IsServedToTheLast) {
  const Crowd& crowd = GetParam();
  SimulatedSale sale(crowd.spec);
  crowd.set(sale);
  const double calm = sale.arrivals_per_s;
  sale.Run(30);
  sale.arrivals_per_s = 4.5 * sale.carries / sale.page_s / sale.pages;
  const SimulatedSale::Seen spike = sale.Run(20);
  sale.arrivals_per_s = calm;
  const SimulatedSale::Seen seen = sale.Run(400);
  const auto came = static_cast<double>(spike.came + seen.came);
  const auto bought = static_cast<double>(spike.bought + seen.bought);
  if (sale.quitters + sale.tiring == 0) {
    EXPECT_GT(bought, 0.98 * came);
  }
  const SimulatedSale::Seen after = sale.Run(60);
  EXPECT_LE(sale.room.counts().waiting, static_cast<uint64_t>(8 * calm));
  if (crowd.spec.straight && sale.bots == 0) {
    EXPECT_EQ(after.waited, 0u);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Sale, CrowdTest,
    testing::Values(
        Crowd{.name = "Plain", .set = [](SimulatedSale&) {}},
        Crowd{.name = "SlowThinkers", .set = [](SimulatedSale& sale) { sale.think_s = 3; }},
        Crowd{.name = "ThreeSecondsLate",
              .set = [](SimulatedSale& sale) { sale.late_s = 3; },
              .overtaken_s = 60,
              .estimate_off = 0.5},
        Crowd{.name = "BrowsersThatSleep",
              .set = [](SimulatedSale& sale) { sale.sleepers = 0.1; },
              .overtaken_s = 120,  // who sleeps for a minute
              .estimate_off = 0.35},
        Crowd{.name = "AThirdGivesUpAtOnce",
              .set = [](SimulatedSale& sale) { sale.quitters = 0.3; },
              .overtaken_s = 40,
              .estimate_off = 0.35},
        Crowd{.name = "SomeGiveUpLater", .set = [](SimulatedSale& sale) { sale.tiring = 0.05; }},
        Crowd{.name = "Bots",  // three of ten that come, and again each half second
              .set = [](SimulatedSale& sale) { sale.bots = 0.3; },
              .least = 0.9,
              .overtaken_s = 60,
              .estimate_off = 0.8},
        Crowd{.name = "SmallShop",
              .set =
                  [](SimulatedSale& sale) {
                    sale.carries = 4, sale.page_s = 0.05, sale.arrivals_per_s = 4;
                  },
              .least = 0.9},
        Crowd{.name = "ByChance",
              .set = [](SimulatedSale&) {},
              .overtaken_s = 75,  // that is what it is
              .estimate_off = 0.6,
              .spec = {.by_chance = true}},
        Crowd{.name = "Always",
              .set = [](SimulatedSale&) {},
              .overtaken_s = 35,
              .estimate_off = 0.5,  // from before the servers' strength was known
              .spec = {.straight = false}}),
    [](const auto& test) { return test.param.name; });

TEST(WaitingRoomSaleTest, LongSessionsFillTheServersWithoutSwampingThem) {
  SimulatedSale sale;
  sale.think_s = 20;
  sale.arrivals_per_s = 450;
  EXPECT_LT(sale.Run(120).page_p99, 2 * kRest_s);
  const SimulatedSale::Seen seen = sale.Run(120);
  EXPECT_GT(seen.bought_per_s(), 0.95 * kMostPerSecond);
  EXPECT_LT(seen.page_p99, 2 * kRest_s);
}

TEST(WaitingRoomSaleTest, ServersThatLoseHalfTheirStrengthAndGetItBackStayBusyAndQuick) {
  SimulatedSale sale;
  sale.Run(30);
  sale.arrivals_per_s = 450;
  sale.Run(20);
  sale.arrivals_per_s = 20;
  sale.Run(10);
  sale.carries = 16;
  EXPECT_LT(sale.Run(3).page_p99, 3 * kRest_s);  // those inside came in for more
  const SimulatedSale::Seen half = sale.Run(17);
  EXPECT_GT(half.bought_per_s(), 0.95 * kMostPerSecond / 2);
  EXPECT_LT(half.page_p99, 2 * kRest_s);
  sale.carries = 32;
  EXPECT_GT(sale.Run(3).bought_per_s(), 0.75 * kMostPerSecond);
  EXPECT_GT(sale.Run(17).bought_per_s(), 0.9 * kMostPerSecond);
}

TEST(WaitingRoomSaleTest, ARestartKeepsTheOrderAndThePace) {
  SimulatedSale sale;
  sale.Run(30);
  sale.arrivals_per_s = 450;
  sale.Run(20);
  sale.arrivals_per_s = 20;
  sale.Run(10);
  const WaitingRoom::Snapshot saved = sale.room.Save(sale.Now());
  sale.Run(1);
  sale.Restart({}, saved);
  const SimulatedSale::Seen seen = sale.Run(30);
  EXPECT_GT(seen.bought_per_s(), 0.95 * kMostPerSecond);
  EXPECT_LT(seen.worst_inversion, 25);
}

// Lots come by all over a poll interval, and what carries them is not known yet.
TEST(WaitingRoomSaleTest, AfterADrawOf3000OrOf100000TheServersAreBusyInSeconds) {
  for (const double visitors : {3000.0, 100'000.0}) {
    SimulatedSale sale;
    sale.arrivals_per_s = visitors / 600;
    const RoomTime since = sale.Now(), start = since + 600 * kSecond;
    sale.room.Gather(start);
    const SimulatedSale::Seen gathering = sale.Run(600);
    EXPECT_EQ(gathering.bought, 0u);
    EXPECT_LT(gathering.most_polls_per_s, 700);
    sale.arrivals_per_s = 20;
    sale.room.Hold({.since = since, .until = start, .lot = Mixed}, sale.Now());
    EXPECT_GT(sale.Run(20).bought_per_s(), 0.7 * kMostPerSecond);
    const SimulatedSale::Seen seen = sale.Run(visitors > 10'000 ? 120 : 15);
    EXPECT_GT(seen.bought_per_s(), 0.95 * kMostPerSecond);
    EXPECT_LT(seen.page_p99, 3 * kRest_s);
  }
}

#ifdef __has_feature
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SLUICE_MEMORY_IS_NOT_MALLOCS
#endif
#endif

#ifndef SLUICE_MEMORY_IS_NOT_MALLOCS
TEST(WaitingRoomSaleTest, AFirstVisitCostsNoMemoryAndOneWhoWaitsAtMost128Bytes) {
  WaitingRoom room({.most_waiting = 1'000'000});
  RoomTime now = RoomTime{1'700'000'000} * kSecond;
  const auto shut = [] { return false; };
  const auto used = [] { return mallinfo2().uordblks + mallinfo2().hblkhd; };
  std::vector<Ticket> tickets(200'000);
  const size_t before = used();
  for (size_t i = 0; i < tickets.size(); ++i) {
    now += kSecond / 20'000;
    tickets[i] = *room.Come(nullptr, shut, Mixed(i + 1), now).ticket;
  }
  EXPECT_LT(used() - before, 32u * 1024);
  size_t worst = 0;
  for (size_t i = 0; i < tickets.size(); ++i) {
    room.Come(&tickets[i], shut, i, now);
    if (i >= 50'000) worst = std::max(worst, (used() - before) / (i + 1));
  }
  EXPECT_LE(worst, 128u);
  for (const Ticket& ticket : tickets) room.End(ticket.id, now);
  for (int i = 0; i < 20; ++i) room.Tick(false, 1, now += 7200 * kSecond);
  EXPECT_LT(used() - before, 128u * 1024);  // and gives it back
}
#endif

TEST(WaitingRoomSaleTest, AHundredThousandWaitersVisitAsOftenAsThePollBudgetSays) {
  SimulatedSale sale;
  sale.Run(30);
  sale.arrivals_per_s = 5000;
  sale.Run(20);
  sale.arrivals_per_s = 20;
  const SimulatedSale::Seen seen = sale.Run(300);
  EXPECT_GT(sale.room.counts().waiting, 70'000u);
  // 500, and some visits at the door for each entry.
  EXPECT_LT(static_cast<double>(seen.polls) / seen.seconds, 500 + 3 * kMostPerSecond);
  EXPECT_LT(seen.most_polls_per_s, 500 + 7 * kMostPerSecond);
  EXPECT_GT(seen.bought_per_s(), 0.95 * kMostPerSecond);
  EXPECT_LT(seen.estimate_off, 0.4);
}

TEST(WaitingRoomSaleTest, ADayOfSalesIsServed) {
  SimulatedSale sale;
  for (int hour = 0; hour < 24; ++hour) {
    sale.arrivals_per_s = hour % 6 == 3 ? 60 : 2;
    sale.Run(10);
    sale.arrivals_per_s = hour % 6 == 3 ? 450 : 2;  // four crowds
    sale.Run(10);
    sale.arrivals_per_s = 2;
    sale.Run(3580);
    EXPECT_EQ(sale.room.counts().waiting, 0u);
    EXPECT_EQ(sale.queued(), 0u);
  }
  EXPECT_GT(sale.room.counts().entered, 180'000u);
  EXPECT_EQ(sale.room.counts().refused, 0u);
}

}  // namespace
}  // namespace sluice::ratelimit
