#include "ratelimit/gcra.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <random>
#include <thread>
#include <vector>

namespace sluice::ratelimit {
namespace {

using namespace std::chrono_literals;
using Wide = __int128;

constexpr RateSpec kThreeAtOnce = {.rate = {.count = 10, .per = 1s}, .burst = 3};

// The textbook's algorithm in fractions that are never rounded: times in 1/count nanoseconds.
class Oracle {
 public:
  explicit Oracle(const RateSpec& spec) : spec_(spec) {}

  // In nanoseconds; 0 and less: would pass.
  double Wait(TimePoint now, uint64_t cost) const {
    const Wide too_far = Next(now, cost) - At(now) - Wide{spec_.burst} * spec_.rate.per.count();
    return static_cast<double>(too_far) / static_cast<double>(spec_.rate.count);
  }
  void Charge(TimePoint now, uint64_t cost) { owed_until_ = Next(now, cost); }

 private:
  Wide At(TimePoint now) const {
    return Wide{now.time_since_epoch().count()} * Wide{spec_.rate.count};
  }
  Wide Next(TimePoint now, uint64_t cost) const {
    return std::max(owed_until_, At(now)) + Wide{cost} * spec_.rate.per.count();
  }

  const RateSpec spec_;
  Wide owed_until_ = 0;
};

class OneKey {
 public:
  explicit OneKey(const RateSpec& spec) : rate_(spec) {}
  Verdict Charge(TimePoint now, uint64_t cost = 1) { return rate_.Charge(cell_, now, cost); }
  Verdict Peek(TimePoint now, uint64_t cost = 1) const { return rate_.Peek(cell_, now, cost); }
  void Refund(uint64_t cost = 1) { rate_.Refund(cell_, cost); }

 private:
  const Gcra rate_;
  Gcra::Cell cell_{0};
};

TEST(Gcra, LetsTheBurstThroughAtOnceAndThenOnePerInterval) {
  OneKey key(kThreeAtOnce);
  TimePoint now{1h};
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(key.Charge(now).allowed);
  EXPECT_FALSE(key.Charge(now).allowed);
  for (int i = 0; i < 100; ++i) {
    now += 100ms;
    EXPECT_TRUE(key.Charge(now).allowed);
    EXPECT_FALSE(key.Charge(now).allowed);
  }
}

TEST(Gcra, TellsToTheNanosecondHowLongToWait) {
  for (const uint64_t count : {1u, 3u, 7u, 10u, 1001u, 30'000u, 1'234'567u}) {
    OneKey key({.rate = {.count = count, .per = 1s}, .burst = 3});
    TimePoint now{17h + 1ns};
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(key.Charge(now).allowed);
    for (int i = 0; i < 50; ++i) {
      const Verdict refused = key.Charge(now);
      ASSERT_FALSE(refused.allowed);
      ASSERT_GT(refused.retry_after, 0ns);
      EXPECT_FALSE(key.Charge(now + refused.retry_after - 1ns).allowed) << count;
      now += refused.retry_after;
      EXPECT_TRUE(key.Charge(now).allowed) << count;
    }
  }
}

TEST(Gcra, AdmitsRateTimesTimePlusBurstInASimulatedHour) {
  const RateSpec specs[] = {{{3, 1s}, 5},    {{100, 1min}, 10},      {{1000, 1h}, 7},
                            {{7, 24h}, 1},   {{1001, 1s}, 100},      {{3333, 1s}, 1},
                            {{997, 7s}, 13}, {{100'000, 24h}, 2'000}};
  for (const RateSpec& spec : specs) {
    OneKey key(spec);
    const TimePoint begin{2h + 12345ns};
    uint64_t admitted = 0;
    // As greedy as can be: whoever is refused comes back at the very moment it was told.
    for (TimePoint now = begin; now <= begin + 1h;) {
      const Verdict verdict = key.Charge(now);
      if (verdict.allowed) {
        ++admitted;
      } else {
        now += verdict.retry_after;
      }
    }
    const auto due =
        static_cast<double>(spec.rate.count) * 3600e9 / static_cast<double>(spec.rate.per.count());
    EXPECT_NEAR(static_cast<double>(admitted), due + static_cast<double>(spec.burst), 1.0);
  }
}

TEST(Gcra, DriftsByNothingInTenYearsOfAnOddRate) {
  // 3 a second is no whole number of nanoseconds.
  OneKey key({.rate = {.count = 3, .per = 1s}, .burst = 2000});
  const TimePoint begin{1s};
  TimePoint now = begin;
  int64_t charges = 0;
  while (now < begin + 87'600h) {
    const Verdict verdict = key.Charge(now, 1000);
    charges += verdict.allowed ? 1 : 0;
    now += verdict.retry_after;
  }
  // The first of them was for the burst.
  const Wide exact = Wide{charges - 1} * 1000 * 1'000'000'000 / 3;
  EXPECT_NEAR(static_cast<double>(Wide{(now - begin).count()} - exact), 0, 1.0);
}

TEST(Gcra, AgreesWithTheTextbookToTheNanosecondOnRandomArrivalsOfRandomCost) {
  std::mt19937_64 rng(20261127);
  const RateSpec specs[] = {{{10, 1s}, 3}, {{333, 1s}, 20}, {{90, 1min}, 5}, {{7919, 1s}, 4}};
  for (const RateSpec& spec : specs) {
    OneKey key(spec);
    Oracle oracle(spec);
    TimePoint now{1h};
    const double interval =
        static_cast<double>(spec.rate.per.count()) / static_cast<double>(spec.rate.count);
    std::exponential_distribution<double> gap(1.5 / interval);
    int admitted = 0;
    for (int i = 0; i < 200'000; ++i) {
      now += Duration(static_cast<int64_t>(gap(rng)));
      const uint64_t cost = rng() % 8 == 0 ? rng() % 4 : 1;
      const double wait = oracle.Wait(now, cost);
      const Verdict said = key.Charge(now, cost);
      if (said.allowed) {
        ASSERT_LT(cost == 0 ? 0 : wait, 1.0);
        oracle.Charge(now, cost);
      } else {
        ASSERT_NEAR(static_cast<double>(said.retry_after.count()), wait, 1.0);
      }
      admitted += said.allowed ? 1 : 0;
    }
    EXPECT_GT(admitted, 80'000) << spec.rate.count;
    EXPECT_LT(admitted, 180'000) << spec.rate.count;
  }
}

TEST(Gcra, NeverPassesMoreThanRateTimesTimePlusBurstInAnyWindow) {
  std::mt19937_64 rng(7);
  const RateSpec spec = {.rate = {.count = 70, .per = 1s}, .burst = 10};
  OneKey key(spec);
  std::vector<int64_t> passed;
  TimePoint now{1h};
  while (passed.size() < 3000) {
    now += Duration(static_cast<int64_t>(rng() % 10'000'000));
    if (key.Charge(now).allowed) passed.push_back(now.time_since_epoch().count());
  }
  for (size_t first = 0; first < passed.size(); ++first) {
    for (size_t last = first; last < passed.size(); last += 1 + last / 50) {
      const double span = static_cast<double>(passed[last] - passed[first]) * 1e-9;
      ASSERT_LE(static_cast<double>(last - first + 1), 70 * span + 10 + 1e-6);
    }
  }
}

TEST(Gcra, SaysHowManyMorePassAndWhenNothingIsOwed) {
  OneKey key(kThreeAtOnce);
  const TimePoint now{1h};
  EXPECT_EQ(key.Peek(now).remaining, 2u);  // after the one asked for
  EXPECT_EQ(key.Charge(now).remaining, 2u);
  EXPECT_EQ(key.Charge(now).reset, 200ms);
  EXPECT_EQ(key.Charge(now).remaining, 0u);
  const Verdict refused = key.Charge(now + 10ms);
  EXPECT_EQ(refused.remaining, 0u);
  EXPECT_EQ(refused.retry_after, 90ms);
  EXPECT_EQ(refused.reset, 290ms);
  EXPECT_EQ(key.Peek(now + 300ms).remaining, 2u);
}

TEST(Gcra, ARefusalChargesNothing) {
  OneKey key(kThreeAtOnce);
  const TimePoint now{1h};
  EXPECT_TRUE(key.Charge(now, 2).allowed);
  EXPECT_FALSE(key.Charge(now, 2).allowed);
  EXPECT_TRUE(key.Charge(now, 1).allowed);
}

TEST(Gcra, PeekingChargesNothing) {
  OneKey key(kThreeAtOnce);
  const TimePoint now{1h};
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(key.Peek(now, 3).allowed);
  EXPECT_EQ(key.Charge(now, 3).reset, 300ms);
}

TEST(Gcra, ARefundUndoesACharge) {
  OneKey key(kThreeAtOnce);
  const TimePoint now{1h};
  EXPECT_TRUE(key.Charge(now, 3).allowed);
  key.Refund(2);
  EXPECT_EQ(key.Charge(now).remaining, 1u);
}

TEST(Gcra, ACostAboveTheBurstNeverPassesAndSaysSo) {
  OneKey key(kThreeAtOnce);
  const Verdict refused = key.Charge(TimePoint{1h}, 4);
  EXPECT_FALSE(refused.allowed);
  EXPECT_EQ(refused.retry_after, kNever);
  EXPECT_EQ(refused.remaining, 3u);
  EXPECT_FALSE(key.Charge(TimePoint{1h}, std::numeric_limits<uint64_t>::max()).allowed);
}

TEST(Gcra, CostNothingPassesEvenAFullKey) {
  OneKey key(kThreeAtOnce);
  const TimePoint now{1h};
  EXPECT_TRUE(key.Charge(now, 3).allowed);
  EXPECT_TRUE(key.Charge(now, 0).allowed);
  EXPECT_FALSE(key.Charge(now).allowed);
}

TEST(Gcra, AClockThatStepsBackIsOnlyStricter) {
  std::mt19937_64 rng(3);
  OneKey key(kThreeAtOnce);
  TimePoint furthest{1h};
  int admitted = 0;
  for (int i = 0; i < 100'000; ++i) {
    furthest += Duration(static_cast<int64_t>(rng() % 20'000'000));
    // Loops of different threads, up to 30 s behind each other.
    const auto behind = Duration(static_cast<int64_t>(rng() % 30'000'000'000));
    admitted += key.Charge(rng() % 2 == 0 ? furthest : furthest - behind).allowed ? 1 : 0;
  }
  const double seconds = static_cast<double>((furthest - TimePoint{1h}).count()) * 1e-9;
  EXPECT_LE(admitted, 10 * seconds + 3);
  EXPECT_GT(admitted, 9 * seconds);
}

TEST(Gcra, AClockSetBackByAnHourLocksNobodyOutAndGivesNoFreshBurst) {
  OneKey key(kThreeAtOnce);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(key.Charge(TimePoint{5h}).allowed);
  TimePoint now{4h};
  EXPECT_TRUE(key.Charge(now).allowed);
  EXPECT_FALSE(key.Charge(now).allowed);
  for (int i = 0; i < 10; ++i) {
    now += 100ms;
    EXPECT_TRUE(key.Charge(now).allowed);
    EXPECT_FALSE(key.Charge(now).allowed);
  }
}

TEST(Gcra, TimesBeforeTheClockBeganAndAtItsEndAreTimesToo) {
  OneKey key(kThreeAtOnce);
  for (const TimePoint now : {TimePoint::min(), TimePoint{-1h}, TimePoint{}, TimePoint::max()}) {
    int admitted = 0;
    for (int i = 0; i < 10; ++i) admitted += key.Charge(now).allowed ? 1 : 0;
    EXPECT_LE(admitted, 3);
  }
}

TEST(Gcra, AbsurdSpecsStillLimit) {
  constexpr uint64_t kMost = std::numeric_limits<uint64_t>::max();
  const RateSpec absurd[] = {{{kMost, 1ns}, kMost},         {{kMost, Duration::max()}, kMost},
                             {{1, Duration::max()}, kMost}, {{0, 0ns}, 0},
                             {{0, Duration::min()}, 1},     {{1, 1ns}, 1}};
  for (const RateSpec& spec : absurd) {
    OneKey key(spec);
    const TimePoint now{1h};
    EXPECT_TRUE(key.Charge(now).allowed);
    for (const uint64_t cost : {uint64_t{1}, uint64_t{1000}, kMost / 2, kMost - 1, kMost}) {
      const Verdict verdict = key.Charge(now, cost);
      EXPECT_EQ(verdict.retry_after == 0ns, verdict.allowed);
      EXPECT_GE(verdict.reset, 0ns);
    }
    key.Refund(kMost);
    EXPECT_FALSE(key.Charge(now, kMost).allowed);
  }
}

TEST(Gcra, OnePerNanosecondAndOnePerYearAreExact) {
  OneKey fast({.rate = {.count = 1'000'000'000, .per = 1s}, .burst = 1});
  OneKey slow({.rate = {.count = 1, .per = kLongestPeriod}, .burst = 1});
  const TimePoint now{1h};
  EXPECT_TRUE(fast.Charge(now).allowed && slow.Charge(now).allowed);
  EXPECT_EQ(fast.Charge(now).retry_after, 1ns);
  EXPECT_EQ(slow.Charge(now).retry_after, kLongestPeriod);
}

TEST(Gcra, ThreadsOnOneKeyNeverAdmitOneTooMany) {
  const Gcra rate({.rate = {.count = 1, .per = 1h}, .burst = 1000});
  for (int round = 0; round < 20; ++round) {
    Gcra::Cell cell{0};
    std::atomic<int> admitted{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 1000; ++i) admitted += rate.Charge(cell, TimePoint{1h}).allowed ? 1 : 0;
      });
    }
    for (std::thread& thread : threads) thread.join();
    ASSERT_EQ(admitted.load(), 1000);
  }
}

}  // namespace
}  // namespace sluice::ratelimit
