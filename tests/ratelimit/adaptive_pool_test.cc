#include "ratelimit/adaptive_pool.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/ratelimit/simulated_shop.h"

namespace sluice::ratelimit {
namespace {

constexpr uint32_t kSeeds = 9;
constexpr double kPageMs = 80;

std::vector<SimulatedServer> Servers(size_t count, uint32_t workers) {
  return std::vector<SimulatedServer>(count, SimulatedServer{.workers = workers});
}

// Medians over seeds: chance is a part of what the rule lives with.
struct Medians {
  double of_best;  // throughput over what the shop can do
  double stretch;  // mean time over that of an idle shop
};
template <typename Play>
Medians Over(Play play) {
  std::vector<double> of_best;
  std::vector<double> stretch;
  for (uint32_t seed = 1; seed <= kSeeds; ++seed) {
    const auto [part, time] = play(seed);
    of_best.push_back(part);
    stretch.push_back(time);
  }
  std::sort(of_best.begin(), of_best.end());
  std::sort(stretch.begin(), stretch.end());
  return {of_best[kSeeds / 2], stretch[kSeeds / 2]};
}

double Best(double workers) { return workers * 1000 / kPageMs; }

struct Size {
  size_t servers;
  uint32_t workers;
};
class AdaptivePoolTest : public testing::TestWithParam<Size> {
 protected:
  const size_t servers_ = GetParam().servers;
  const uint32_t workers_ = GetParam().workers;
  const double best_ = Best(static_cast<double>(servers_ * workers_));
};

TEST_P(AdaptivePoolTest, StartingColdInACrowdItHasFoundWhatServersCarryWithinTenSeconds) {
  const Medians seen = Over([&](uint32_t seed) {
    SimulatedShop shop(Servers(servers_, workers_), seed);
    const SimulatedShop::Seen last = shop.Run(13, 3);
    return std::pair(last.per_s / best_, last.stretch);
  });
  EXPECT_GE(seen.of_best, 0.95);
  EXPECT_LE(seen.stretch, 1.8);  // with one worker each, two in a server count twice
}

TEST_P(AdaptivePoolTest, NoChanceOfTheFirstAnswersStarvesIt) {
  for (uint32_t seed = 1; seed <= 2 * kSeeds; ++seed) {
    SimulatedShop shop(Servers(servers_, workers_), seed);
    EXPECT_GE(shop.Run(13, 3).per_s / best_, 0.7) << seed;
  }
}

TEST_P(AdaptivePoolTest, NoServerIsLeftWithASmallPartForLong) {
  for (uint32_t seed = 1; seed <= 2 * kSeeds; ++seed) {
    SimulatedShop shop(Servers(servers_, workers_), seed);
    shop.Run(23, 1);
    EXPECT_GE(shop.Run(10, 10).per_s / best_, 0.8) << seed;
  }
}

TEST_P(AdaptivePoolTest, AnHourOfOverloadIsNotTakenForTheUsual) {
  SimulatedShop shop(Servers(servers_, workers_));
  // Enough hours for the small ones; the large ones are known sooner.
  const double seconds = workers_ >= 64 ? 300 : 3600;
  shop.arrivals_per_s = 1.5 * best_;
  const SimulatedShop::Seen last = shop.Run(seconds, seconds / 2);
  EXPECT_GE(last.per_s / best_, 0.85);
  EXPECT_LE(last.stretch, 1.5);
}

TEST_P(AdaptivePoolTest, AServerThatGetsTwiceTheWorkersIsFilledWithinTenSeconds) {
  const Medians seen = Over([&](uint32_t seed) {
    SimulatedShop shop(Servers(servers_, workers_), seed);
    shop.Run(20, 1);
    shop.server(0).workers *= 2;
    const SimulatedShop::Seen last = shop.Run(13, 3);
    const double best = Best(static_cast<double>((servers_ + 1) * workers_));
    return std::pair(last.per_s / best, last.stretch);
  });
  EXPECT_GE(seen.of_best, 0.9);
  EXPECT_LE(seen.stretch, 1.5);
}

TEST_P(AdaptivePoolTest, AServerThatLosesHalfOfItsWorkersIsRelievedWithinTenSeconds) {
  if (workers_ < 2) return;
  const Medians seen = Over([&](uint32_t seed) {
    SimulatedShop shop(Servers(servers_, workers_), seed);
    shop.Run(20, 1);
    shop.server(0).workers /= 2;
    const SimulatedShop::Seen last = shop.Run(13, 3);
    const double best = Best(static_cast<double>(servers_ * workers_) - workers_ / 2.0);
    return std::pair(last.per_s / best, last.stretch);
  });
  EXPECT_GE(seen.of_best, 0.9);
  EXPECT_LE(seen.stretch, 1.75);  // a single one forgets its calm more slowly
}

TEST_P(AdaptivePoolTest, AServerThatBecomesHalfAsFastKeepsWorkingAtItsNewPace) {
  const Medians seen = Over([&](uint32_t seed) {
    SimulatedShop shop(Servers(servers_, workers_), seed);
    shop.Run(20, 1);
    shop.server(0).slowness = 2;
    const SimulatedShop::Seen last = shop.Run(13, 3);
    const double best = Best((static_cast<double>(servers_) - 0.5) * workers_);
    return std::pair(last.per_s / best, last.stretch);
  });
  EXPECT_GE(seen.of_best, 0.8);
  EXPECT_LE(seen.stretch, 1.5);
}

// Nothing tells a calm that is held for too short from a crowd, where it is so of all servers.
TEST(AdaptivePoolChangeTest, ServersThatAllChangeAtOnceAndAgainAreNotStarved) {
  for (uint32_t seed = 1; seed <= 10; ++seed) {
    SimulatedShop shop(Servers(4, 64), seed);
    const auto set = [&](double slowness, uint32_t workers) {
      for (size_t i = 0; i < 4; ++i) {
        shop.server(i).slowness = slowness;
        shop.server(i).workers = workers;
      }
    };
    shop.Run(70, 1);
    set(2, 64);
    EXPECT_GE(shop.Run(13, 3).per_s, 0.25 * Best(128)) << seed;
    set(1, 64);
    EXPECT_GE(shop.Run(13, 3).per_s, 0.25 * Best(256)) << seed;
    set(1, 32);
    EXPECT_GE(shop.Run(13, 3).per_s, 0.25 * Best(128)) << seed;
  }
}

INSTANTIATE_TEST_SUITE_P(Sizes, AdaptivePoolTest,
                         testing::Values(Size{1, 1}, Size{4, 1}, Size{1, 8}, Size{4, 8},
                                         Size{1, 64}, Size{4, 64}),
                         [](const testing::TestParamInfo<Size>& size) {
                           return std::to_string(size.param.servers) + "servers" +
                                  std::to_string(size.param.workers) + "workers";
                         });

struct WithDatabase : SimulatedShop {
  WithDatabase(size_t servers, uint32_t seed) : SimulatedShop(Servers(servers, 16), seed) {
    kinds = {{1, 8}};
    database = {.query_ms = 7.5};
  }
};
constexpr double kDatabaseBest = 3000 / 7.5;  // three at a time

TEST(AdaptivePoolDatabaseTest, WhatServersShareIsNotOverrunHoweverManyServersThereAre) {
  for (const size_t servers : {4, 20}) {
    const Medians seen = Over([&](uint32_t seed) {
      WithDatabase shop(servers, seed);
      const SimulatedShop::Seen last = shop.Run(10, 3);
      return std::pair(last.per_s / kDatabaseBest, last.stretch);
    });
    EXPECT_GE(seen.of_best, 0.8) << servers;
    EXPECT_LE(seen.stretch, 1.8) << servers;
  }
}

TEST(AdaptivePoolDatabaseTest, AnHourOfItIsHeldAsWellAsTheFirstMinute) {
  WithDatabase shop(4, 1);
  shop.arrivals_per_s = 600;
  const SimulatedShop::Seen last = shop.Run(3600, 1800);
  EXPECT_GE(last.per_s / kDatabaseBest, 0.75);
  EXPECT_LE(last.stretch, 1.6);
}

TEST(AdaptivePoolDatabaseTest, ADatabaseThatIsHalfAsFastIsFollowed) {
  const Medians seen = Over([&](uint32_t seed) {
    WithDatabase shop(4, seed);
    shop.Run(20, 1);
    shop.database.query_ms = 15;
    const SimulatedShop::Seen last = shop.Run(13, 3);
    return std::pair(last.per_s / (kDatabaseBest / 2), last.stretch);
  });
  EXPECT_GE(seen.of_best, 0.8);
  EXPECT_LE(seen.stretch, 1.7);
}

// Few answers a second tell little, and a limit that nobody feels tells nothing.
TEST(AdaptivePoolSlowTest, ManyServersOfSlowPagesAreFilledAndNoLimitRunsAway) {
  uint32_t most = 0;
  const Medians seen = Over([&](uint32_t seed) {
    SimulatedShop shop(Servers(20, 4), seed);
    shop.kinds = {{1, 2000}};
    shop.patience_ms = 6000;
    const SimulatedShop::Seen last = shop.Run(60, 15);
    for (size_t i = 0; i < 20; ++i) most = std::max(most, shop.pool().server(i).limit());
    return std::pair(last.per_s / 40, last.stretch);
  });
  EXPECT_GE(seen.of_best, 0.8);
  EXPECT_LE(seen.stretch, 2);
  EXPECT_LE(most, 64u);
}

TEST(AdaptivePoolDatabaseTest, NoLimitOfAServerRunsAwayWhileThatOfAllHolds) {
  for (uint32_t seed = 1; seed <= 2 * kSeeds; ++seed) {
    SimulatedShop shop(Servers(2, 16), seed);
    shop.kinds = {{1, 8}};
    shop.database = {.query_ms = 7.5, .parallel = 6};
    shop.Run(60, 1);
    EXPECT_LE(std::max(shop.pool().server(0).limit(), shop.pool().server(1).limit()), 64u) << seed;
  }
}

TEST(AdaptivePoolMixTest, OneServerOfFourWithASingleWorkerGetsNoMoreThanThat) {
  const Medians seen = Over([&](uint32_t seed) {
    SimulatedShop shop({{8}, {8}, {8}, {1}}, seed);
    shop.Run(10, 1);
    const SimulatedShop::Seen last = shop.Run(20, 20);
    EXPECT_LE(shop.pool().server(3).limit(), 6u);
    return std::pair(last.per_s / Best(25), last.stretch);
  });
  EXPECT_GE(seen.of_best, 0.9);
  EXPECT_LE(seen.stretch, 1.4);
}

TEST(AdaptivePoolMixTest, AChangeOfMixIsNoCongestion) {
  SimulatedShop shop(Servers(4, 8));
  shop.kinds = {{0.9, 60}, {0.1, 180}};
  shop.Run(30, 1);
  const double before = shop.Run(10, 10).per_s;
  std::swap(shop.kinds[0].share, shop.kinds[1].share);
  const SimulatedShop::Seen after = shop.Run(10, 5);
  // In units of the mean request, which is now twice and a third as long.
  EXPECT_GE(after.per_s, 0.85 * before * (0.9 * 60 + 0.1 * 180) / (0.1 * 60 + 0.9 * 180));
  EXPECT_LE(after.stretch, 1.7);
}

TEST(AdaptivePoolMixTest, AServerAddedInTheMiddleOfACrowdTakesItsPart) {
  const Medians seen = Over([&](uint32_t seed) {
    SimulatedShop shop(Servers(3, 8), seed);
    shop.Run(20, 1);
    shop.AddServer({8});
    const SimulatedShop::Seen last = shop.Run(10, 3);
    return std::pair(last.per_s / Best(32), last.stretch);
  });
  EXPECT_GE(seen.of_best, 0.9);
}

TEST(AdaptivePoolCalmTest, FewVisitorsAreHeldBackByNothingOnceItIsWarm) {
  SimulatedShop shop(Servers(4, 8));
  shop.arrivals_per_s = 100;  // a quarter of what it carries
  shop.Run(20, 1);
  const uint64_t refused = shop.refused();
  const SimulatedShop::Seen calm = shop.Run(600, 600);
  EXPECT_NEAR(calm.per_s, 100, 5);
  EXPECT_EQ(shop.refused(), refused);
  EXPECT_LE(calm.stretch, 1.1);
}

TEST(AdaptivePoolCalmTest, WhatServersCarryInCalmIsThereWhenTheCrowdComes) {
  const Medians seen = Over([&](uint32_t seed) {
    SimulatedShop shop(Servers(4, 8), seed);
    shop.arrivals_per_s = 200;
    shop.Run(120, 1);
    shop.arrivals_per_s = 4000;
    const SimulatedShop::Seen crowd = shop.Run(5, 3);
    return std::pair(crowd.per_s / Best(32), crowd.stretch);
  });
  EXPECT_GE(seen.of_best, 0.85);
  EXPECT_LE(seen.stretch, 1.5);
}

TEST(AdaptivePoolBadInputTest, ServersThatFailAtOnceAreSentNoMoreForIt) {
  SimulatedShop shop(Servers(1, 8));
  shop.Run(20, 1);
  const uint32_t before = shop.pool().server(0).limit();
  shop.failing = 0.5;
  shop.Run(20, 1);
  EXPECT_LE(shop.pool().server(0).limit(), before + before / 2);
}

ServerLook Answers(double count, double stretch, bool wanted, uint32_t in_flight) {
  return {.answers = count,
          .stretch = count * stretch,
          .time = std::chrono::milliseconds(static_cast<int64_t>(count * 80 * stretch)),
          .in_flight = in_flight,
          .wanted = wanted};
}

TEST(AdaptiveConcurrencyTest, ItNeverGoesBelowOneAndNeverGrowsUnasked) {
  AdaptiveConcurrency rule(1.2);
  AdaptiveConcurrency::TimePoint now{std::chrono::hours(1)};
  for (int i = 0; i < 1000; ++i) {
    rule.Look(Answers(20, 1, false, 1), {}, now += std::chrono::milliseconds(100));
  }
  EXPECT_EQ(rule.limit(), 1u);
  for (int i = 0; i < 100; ++i) {
    rule.Look(Answers(20, 1.0 + i % 7, true, 1), {}, now += std::chrono::milliseconds(100));
    EXPECT_GE(rule.limit(), 1u);
  }
}

TEST(AdaptiveConcurrencyTest, AServerOfWhichNothingWasEverHeardHoldsNobodyBackForLong) {
  AdaptiveConcurrency rule(1.2);
  AdaptiveConcurrency::TimePoint now{std::chrono::hours(1)};
  for (int i = 0; i < 20; ++i) {
    const ServerLook silent = {.silent = true, .in_flight = rule.limit(), .wanted = true};
    rule.Look(silent, {.waits = true}, now += std::chrono::milliseconds(100));
  }
  EXPECT_GE(rule.limit(), 10u);
  EXPECT_LE(rule.limit(), 200u);
}

TEST(AdaptiveConcurrencyTest, AClockThatStepsBackEndsNothing) {
  AdaptiveConcurrency rule(1.2);
  AdaptiveConcurrency::TimePoint now{std::chrono::hours(10)};
  const auto grow = [&] {
    for (int i = 0; i < 12; ++i) {
      rule.Look(Answers(50, 1, true, rule.limit()), {}, now += std::chrono::milliseconds(100));
    }
  };
  grow();
  const uint32_t before = rule.limit();
  now -= std::chrono::hours(9);
  grow();
  EXPECT_GT(rule.limit(), before);
}

TEST(AdaptiveConcurrencyTest, WhatComesBackBeginsWithATenth) {
  AdaptiveConcurrency rule(1.2);
  AdaptiveConcurrency::TimePoint now{std::chrono::hours(1)};
  while (rule.limit() < 64) {
    rule.Look(Answers(100, 1, true, rule.limit()), {}, now += std::chrono::milliseconds(200));
  }
  const uint32_t before = rule.limit();
  rule.Restart();
  EXPECT_EQ(rule.limit(), before / 10);
}

}  // namespace
}  // namespace sluice::ratelimit
