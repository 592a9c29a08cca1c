#include "proxy/observe/stats.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <thread>
#include <vector>

namespace sluice::observe {
namespace {

using namespace std::chrono_literals;

ExchangeRecord Answered(int status, int server_status) {
  ExchangeRecord record;
  record.status = status;
  record.server_status = server_status;
  return record;
}

TEST(Sharded, GivesEachWriterCacheLinesOfItsOwn) {
  Sharded<Cell> cells(3);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(reinterpret_cast<uintptr_t>(&cells.shard(i)) % 64, 0u);
  }
  EXPECT_NE(&cells.shard(0), &cells.shard(1));
}

TEST(Sharded, LosesNothingWhenEveryWriterHasItsShard) {
  Sharded<Cell> cells(4);
  std::vector<std::thread> writers;
  for (size_t writer = 0; writer < 4; ++writer) {
    writers.emplace_back([&cells, writer] {
      for (int i = 0; i < 10'000; ++i) cells.shard(writer).Add();
    });
  }
  for (std::thread& writer : writers) writer.join();
  uint64_t sum = 0;
  cells.ForEach([&](const Cell& cell) { sum += cell.value(); });
  EXPECT_EQ(sum, 40'000u);
}

TEST(Stats, AGaugeMayFallOnAnotherWorkerThanItRoseOn) {
  Sharded<ListenerStats> stats(2);
  stats.shard(0).connections.Add();
  stats.shard(0).connections.Add();
  stats.shard(1).connections.Sub();
  EXPECT_EQ(Sum(stats).connections, 1);
}

TEST(RouteStats, CountsARecordOnceInEveryRespect) {
  Sharded<RouteStats> stats(2);
  ExchangeRecord good = Answered(200, 200);
  good.request_bytes = 10;
  good.response_bytes = 1000;
  good.total = 5ms;
  stats.shard(0).Add(good);
  ExchangeRecord failed = Answered(502, 0);
  failed.total = 1ms;
  failed.end = Cause::kConnectRefused;
  stats.shard(1).Add(failed);
  const RouteTotals totals = Sum(stats);
  EXPECT_EQ(totals.by_class[1], 1u);
  EXPECT_EQ(totals.by_class[4], 1u);
  EXPECT_EQ(totals.own_answers, 1u);
  EXPECT_EQ(totals.by_cause[static_cast<size_t>(Cause::kNone)], 1u);
  EXPECT_EQ(totals.by_cause[static_cast<size_t>(Cause::kConnectRefused)], 1u);
  EXPECT_EQ(totals.request_bytes, 10u);
  EXPECT_EQ(totals.response_bytes, 1000u);
  EXPECT_EQ(totals.latency.count(), 2u);
  EXPECT_EQ(totals.latency.sum(), 6ms);
}

TEST(RouteStats, AClientThatLeftUnansweredIsInNoStatusClass) {
  Sharded<RouteStats> stats(1);
  stats.shard(0).Add(Answered(0, 0));
  const RouteTotals totals = Sum(stats);
  EXPECT_EQ(totals.by_class[5], 1u);
  EXPECT_EQ(totals.own_answers, 0u);
}

TEST(RouteStats, AnErrorOfTheServersOwnIsNotOurAnswer) {
  Sharded<RouteStats> stats(1);
  stats.shard(0).Add(Answered(503, 503));
  stats.shard(0).Add(Answered(504, 200));  // its answer came too late in part
  EXPECT_EQ(Sum(stats).own_answers, 1u);
}

TEST(Stats, EveryCauseHasACounterAndANameOfItsOwn) {
  CauseCells cells;
  std::vector<std::string_view> names;
  for (size_t i = 0; i < kCauses; ++i) {
    cells.Add(static_cast<Cause>(i));
    for (const std::string_view other : names) {
      EXPECT_NE(CauseName(static_cast<Cause>(i)), other);
    }
    names.push_back(CauseName(static_cast<Cause>(i)));
    EXPECT_EQ(cells.value(static_cast<Cause>(i)), 1u);
  }
  // A cause added behind the last one would be counted out of bounds: kCauses must follow it.
  EXPECT_EQ(CauseName(static_cast<Cause>(kCauses)), CauseName(Cause::kNone));
}

TEST(ServerStats, SumsOverTheWorkers) {
  Sharded<ServerStats> stats(2);
  for (size_t worker = 0; worker < 2; ++worker) {
    ServerStats& mine = stats.shard(worker);
    mine.in_flight.Add(2);
    mine.connections.Add(3);
    mine.idle_connections.Add();
    mine.requests.Add(5);
    mine.by_class[StatusClass(404)].Add();
    mine.failures.Add(Cause::kReset);
    mine.retries.Add();
    mine.connects.Add(4);
    mine.reuses.Add(7);
    mine.rests.Add();
    mine.first_byte.Record(1ms);
  }
  const ServerTotals totals = Sum(stats);
  EXPECT_EQ(totals.in_flight, 4);
  EXPECT_EQ(totals.connections, 6);
  EXPECT_EQ(totals.idle_connections, 2);
  EXPECT_EQ(totals.requests, 10u);
  EXPECT_EQ(totals.by_class[3], 2u);
  EXPECT_EQ(totals.failures[static_cast<size_t>(Cause::kReset)], 2u);
  EXPECT_EQ(totals.retries, 2u);
  EXPECT_EQ(totals.connects, 8u);
  EXPECT_EQ(totals.reuses, 14u);
  EXPECT_EQ(totals.rests, 2u);
  EXPECT_EQ(totals.first_byte.count(), 2u);
}

TEST(StatusClass, PutsWhatIsNoStatusAside) {
  EXPECT_EQ(StatusClass(100), 0u);
  EXPECT_EQ(StatusClass(599), 4u);
  EXPECT_EQ(StatusClass(0), 5u);
  EXPECT_EQ(StatusClass(600), 5u);
  EXPECT_EQ(StatusClass(-1), 5u);
}

}  // namespace
}  // namespace sluice::observe
