// The words in which a load_farm is told what to be, what it is asked for, and what it says.
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "bench/load/farm/ledger.h"
#include "bench/load/farm/plan.h"
#include "bench/load/steady/orders.h"

namespace sluice::load {
namespace {

TEST(FarmServer, IsWhatItsLineSays) {
  const auto server = ParseFarmServer(
      "port=8001,slots=4,mean_us=30000,stall_ms=300,stall_every_ms=3000,connections=8,failing=250");
  ASSERT_TRUE(server.ok()) << server.status();
  EXPECT_EQ(server->port, 8001);
  EXPECT_EQ(server->connections, 8u);
  EXPECT_EQ(server->model.slots, 4u);
  EXPECT_EQ(server->model.mean, 30ms);
  EXPECT_EQ(server->model.stall_length, 300ms);
  EXPECT_EQ(server->model.stall_every, 3s);
  EXPECT_EQ(server->model.failing, 0.25);
}

TEST(FarmServer, MayWorkInTheSlotsOfAnother) {
  const auto server = ParseFarmServer("port=8002,slots_of=0");
  ASSERT_TRUE(server.ok()) << server.status();
  EXPECT_EQ(server->slots_of, 0u);
  EXPECT_EQ(ParseFarmServer("port=8002")->slots_of, std::nullopt);
}

TEST(FarmServer, IsRefusedWhenItCannotBe) {
  for (const char* text : {"", "slots=8", "port=70000", "port=1,slots=0", "port=1,pace=3", "port",
                           "port=1,failing=1001", "port=1,stall_ms=3000,stall_every_ms=3000"}) {
    EXPECT_FALSE(ParseFarmServer(text).ok()) << text;
  }
}

TEST(QueryNumber, FindsItsNameAmongOthers) {
  EXPECT_EQ(QueryNumber("/item/1?work=12", "work", 7), 12u);
  EXPECT_EQ(QueryNumber("/fail?share=300&server=2", "server", 7), 2u);
  EXPECT_EQ(QueryNumber("/item?homework=12", "work", 7), 7u);
  EXPECT_EQ(QueryNumber("/item/work=12", "work", 7), 7u);
  EXPECT_EQ(QueryNumber("/item?work=many", "work", 7), 7u);
}

TEST(Ledger, CountsTheDepartedAmongThoseHeld) {
  const TimePoint begin{1h};
  Ledger ledger(begin);
  ledger.Take(begin);
  ledger.Take(begin + 50ms);
  ledger.Finish(10ms, 60ms, 0ms, /*heard=*/false);
  ledger.Take(begin + 250ms);
  ledger.Finish(20ms, 25ms, 2ms, /*heard=*/true);
  EXPECT_EQ(ledger.Json(),
            R"({"taken":3,"answered":1,"departed":1,"held":1,"peak":2,"late":1,"worked_s":0.030,)"
            R"("held_s":0.085,"per_100ms":[2,0,1]})");
}

TEST(Orders, AreTheSameForEveryProxyAndOtherwiseByChance) {
  const Orders orders = DrawOrders(1000, 10'000, 1);
  EXPECT_EQ(orders.works, DrawOrders(1000, 10'000, 1).works);
  EXPECT_EQ(orders.works, DrawOrders(2000, 10'000, 1).works) << "at another rate the same work";
  EXPECT_NE(orders.works, DrawOrders(1000, 10'000, 2).works);
  EXPECT_NEAR(static_cast<double>(orders.arrivals.back().count()), 10e9, 0.4e9);
  EXPECT_NEAR(std::accumulate(orders.works.begin(), orders.works.end(), 0.0) / 10'000, 1000, 40);
  const Orders tame = DrawOrders(1000, 10'000, 1, 0.5);
  EXPECT_EQ(tame.arrivals, orders.arrivals);
  EXPECT_NEAR(std::accumulate(tame.works.begin(), tame.works.end(), 0.0) / 10'000, 1000, 20);
  // Of a log-normal one with that deviation one in 23 is beyond twice the mean, of an
  // exponential one more than one in 8.
  const auto large = [](uint32_t work) { return work > 2000; };
  EXPECT_NEAR(std::count_if(tame.works.begin(), tame.works.end(), large), 442, 80);
  EXPECT_NEAR(std::count_if(orders.works.begin(), orders.works.end(), large), 1353, 120);
  // Poisson: as many gaps below 0.693 of the mean as above.
  int below = 0;
  for (size_t i = 1; i < orders.arrivals.size(); ++i) {
    below += orders.arrivals[i] - orders.arrivals[i - 1] < 693us;
  }
  EXPECT_NEAR(below, 5000, 200);
}

}  // namespace
}  // namespace sluice::load
