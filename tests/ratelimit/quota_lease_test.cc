#include "ratelimit/quota_lease.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace sluice::ratelimit {
namespace {

using namespace std::chrono_literals;
using Standing = QuotaLease::Standing;

double Seconds(Duration d) { return std::chrono::duration<double>(d).count(); }

constexpr RateSpec kThousand = {.rate = {.count = 1000, .per = 1s}, .burst = 100};

// What the store's script does, for one key, in fractions.
class Store {
 public:
  Store(const QuotaLease& rule, uint32_t instances)
      : rate_(1e9 / rule.interval_ns()),
        capacity_(static_cast<double>(rule.capacity())),
        instances_(instances) {}

  QuotaLease::Word Tell(const QuotaLease::Ask& ask, TimePoint now) {
    debt_ = std::max(0.0, debt_ - rate_ * Seconds(now - at_));
    at_ = now;
    debt_ = std::max(0.0, debt_ + ask.owed - ask.back);
    debt_ = std::min(debt_, 2 * capacity_ + instances_);
    const double room = std::floor(capacity_ - debt_ + 1e-6);
    const auto granted = static_cast<uint32_t>(std::clamp<double>(room, 0, ask.want));
    debt_ += granted;
    return {granted, static_cast<int64_t>(std::floor(capacity_ - debt_ + 1e-6))};
  }

 private:
  const double rate_;
  const double capacity_;
  const uint32_t instances_;
  double debt_ = 0;
  TimePoint at_{1h};
};

// One key on some instances, each with its own demand and its own words to the store, which take
// their time. Everything is drawn from one seed.
class Fleet {
 public:
  // Requests per second at an instance, at a time since the start.
  using Demand = std::function<double(size_t instance, double t)>;

  Fleet(const RateSpec& spec, uint32_t instances, uint32_t seed)
      : rule_(spec), store_(rule_, instances), rng_(seed), instances_(instances) {
    for (size_t i = 0; i < instances; ++i)
      machines_.push_back({.next_word = now_ + Draw(0ms, 60ms)});
  }

  void Run(Duration time, const Demand& demand) {
    constexpr Duration kStep = 200us;
    const TimePoint end = now_ + time;
    for (; now_ < end; now_ += kStep) {
      for (size_t i = 0; i < machines_.size(); ++i) {
        Machine& machine = machines_[i];
        Sync(machine);
        std::poisson_distribution<int> arrivals(demand(i, Seconds(now_ - start_)) * Seconds(kStep));
        for (int n = arrivals(rng_); n > 0; --n) {
          ++asked_;
          if (rule_.Charge(machine.cell, now_, 1, StandingNow()).allowed) {
            passed_.push_back(Seconds(now_ - start_));
            ++machine.passed;
          }
        }
      }
    }
  }

  void SetSilent(bool silent) { silent_ = silent; }
  size_t passed() const { return passed_.size(); }
  size_t passed_by(size_t machine) const { return machines_[machine].passed; }
  size_t passed_between(double from, double to) const {
    return static_cast<size_t>(std::count_if(passed_.begin(), passed_.end(),
                                             [=](double t) { return t >= from && t < to; }));
  }
  size_t asked() const { return asked_; }
  // The most, over all windows, of what passed beyond rate * time.
  double excess(double rate) const {
    double least = 0;
    double most = 0;
    for (size_t i = 0; i < passed_.size(); ++i) {
      const double line = static_cast<double>(i) - rate * passed_[i];
      least = i == 0 ? line : std::min(least, line);
      most = std::max(most, line - least + 1);
    }
    return most;
  }
  // As quota_lease.h states it.
  double bound(double rate) const {
    const auto capacity = static_cast<double>(rule_.capacity());
    return rate * 3 * kLongestSync + capacity + instances_ * std::max(1.0, capacity / instances_);
  }

 private:
  static constexpr double kLongestSync = 0.065;
  struct Machine {
    TimePoint next_word{};
    QuotaLease::Cell cell = {};
    std::optional<QuotaLease::Ask> ask = {};
    bool told = false;
    QuotaLease::Word word = {};
    size_t passed = 0;
  };

  Duration Draw(Duration least, Duration most) {
    return Duration(std::uniform_int_distribution<int64_t>(least.count(), most.count())(rng_));
  }
  Standing StandingNow() const { return {.instances = instances_, .silent = silent_}; }

  // A word leaves, reaches the store some ms later, and its answer is there after as many again.
  void Sync(Machine& machine) {
    if (now_ < machine.next_word) return;
    if (silent_) {
      if (machine.ask) QuotaLease::Lost(machine.cell, *machine.ask);
      machine.ask.reset();
      machine.told = false;
      machine.next_word = now_ + 50ms;
    } else if (!machine.ask) {
      if (!QuotaLease::Untold(machine.cell)) return;
      machine.ask = rule_.Begin(machine.cell, now_, StandingNow());
      machine.next_word = now_ + Draw(100us, 2ms);
    } else if (!machine.told) {
      machine.word = store_.Tell(*machine.ask, now_);
      machine.told = true;
      machine.next_word = now_ + Draw(100us, 2ms);
    } else {
      rule_.End(machine.cell, *machine.ask, machine.word, now_, StandingNow());
      machine.ask.reset();
      machine.told = false;
      machine.next_word = now_ + Draw(45ms, 60ms);
    }
  }

  const QuotaLease rule_;
  Store store_;
  std::mt19937 rng_;
  const uint32_t instances_;
  bool silent_ = false;
  const TimePoint start_{1h};
  TimePoint now_ = start_;
  std::vector<Machine> machines_;
  std::vector<double> passed_;
  size_t asked_ = 0;
};

class QuotaLeaseSeeds : public testing::TestWithParam<uint32_t> {};

TEST_P(QuotaLeaseSeeds, AnEvenLoadPassesTheRateAndNoMore) {
  for (const uint32_t instances : {1u, 2u, 3u, 8u}) {
    Fleet fleet(kThousand, instances, GetParam());
    fleet.Run(10s, [&](size_t, double) { return 3000.0 / instances; });
    const double ideal = 1000 * 10 + 100;
    EXPECT_GT(static_cast<double>(fleet.passed()), 0.97 * ideal) << instances;
    EXPECT_LT(static_cast<double>(fleet.passed()), 1.03 * ideal) << instances;
    EXPECT_LT(fleet.excess(1000), fleet.bound(1000)) << instances;
    RecordProperty("excess_of_" + std::to_string(instances), std::to_string(fleet.excess(1000)));
  }
}

TEST_P(QuotaLeaseSeeds, WhenTheLoadMovesTheQuotaGoesAlong) {
  Fleet fleet(kThousand, 3, GetParam());
  fleet.Run(20s, [](size_t instance, double t) {
    return static_cast<size_t>(t / 1.5) % 3 == instance ? 2000.0 : 0.0;
  });
  EXPECT_GT(static_cast<double>(fleet.passed()), 0.97 * 20'100);
  EXPECT_LT(static_cast<double>(fleet.passed()), 1.03 * 20'100);
  EXPECT_LT(fleet.excess(1000), fleet.bound(1000));
  for (int second = 1; second < 20; ++second) {
    EXPECT_GT(fleet.passed_between(second, second + 1), 900u) << second;
  }
  RecordProperty("excess", std::to_string(fleet.excess(1000)));
}

TEST_P(QuotaLeaseSeeds, LoadThatJumpsAboutAtRandomStaysInTheBound) {
  std::mt19937 rng(GetParam());
  for (const uint64_t burst : {1u, 10u, 1000u}) {
    const RateSpec spec{.rate = {.count = 1000, .per = 1s}, .burst = burst};
    Fleet fleet(spec, 4, GetParam());
    for (int leg = 0; leg < 100; ++leg) {
      std::vector<double> demand;
      for (int i = 0; i < 4; ++i) demand.push_back(rng() % 2 == 0 ? 0 : rng() % 4000);
      fleet.Run(100ms, [&](size_t i, double) { return demand[i]; });
    }
    EXPECT_LT(fleet.excess(1000), fleet.bound(1000)) << burst;
    RecordProperty("excess_at_burst_" + std::to_string(burst), std::to_string(fleet.excess(1000)));
  }
}

TEST_P(QuotaLeaseSeeds, WhoStaysBelowTheLimitIsHardlyEverRefused) {
  Fleet fleet(kThousand, 3, GetParam());
  fleet.Run(10s, [](size_t instance, double) { return instance == 0 ? 700.0 : 50.0; });
  EXPECT_GT(static_cast<double>(fleet.passed()), 0.995 * static_cast<double>(fleet.asked()));
}

TEST_P(QuotaLeaseSeeds, ASlowLimitPassesItsRateOverAnyNumberOfInstances) {
  const RateSpec spec{.rate = {.count = 60, .per = 1min}, .burst = 2};
  Fleet fleet(spec, 3, GetParam());
  fleet.Run(60s, [](size_t, double) { return 5.0; });
  EXPECT_GE(fleet.passed(), 57u);
  EXPECT_LE(static_cast<double>(fleet.passed()), 60 + fleet.bound(1));
  EXPECT_LE(fleet.excess(1), fleet.bound(1));
}

TEST_P(QuotaLeaseSeeds, WhileTheStoreIsSilentEachGoesOnWithItsLastPart) {
  Fleet fleet(kThousand, 3, GetParam());
  const auto demand = [](size_t instance, double) { return instance == 0 ? 3000.0 : 30.0; };
  fleet.Run(5s, demand);
  const double before = static_cast<double>(fleet.passed_by(0));
  EXPECT_GT(before, 0.85 * 5000);
  fleet.SetSilent(true);
  fleet.Run(5s, demand);
  // Not a third of the rate, which its share is by the count: the rate that was its own.
  const double during = static_cast<double>(fleet.passed_by(0)) - before;
  EXPECT_GT(during, 0.8 * 5000);
  EXPECT_LT(during, 1.1 * 5000);
  // Those who asked for little still may.
  EXPECT_GT(fleet.passed_by(1), 250u);
  fleet.SetSilent(false);
  fleet.Run(5s, demand);
  EXPECT_LT(static_cast<double>(fleet.passed_between(10, 15)), 1.03 * 5000 + 200);
  EXPECT_GT(static_cast<double>(fleet.passed_between(10, 15)), 0.97 * 5000);
}

TEST_P(QuotaLeaseSeeds, ASilentStoreAndTheWholeLoadElsewhereIsBelowTwiceTheRate) {
  Fleet fleet(kThousand, 3, GetParam());
  fleet.Run(5s, [](size_t instance, double) { return instance == 0 ? 3000.0 : 0.0; });
  fleet.SetSilent(true);
  fleet.Run(5s, [](size_t, double) { return 3000.0; });
  const auto during = static_cast<double>(fleet.passed_between(5, 10));
  EXPECT_GT(during, 0.97 * 5000);
  EXPECT_LT(during, (2 - 1.0 / 3) * 5000 + fleet.bound(1000));
}

INSTANTIATE_TEST_SUITE_P(Seeds, QuotaLeaseSeeds, testing::Range(1u, 6u));

// One key on one instance, word by word.
class QuotaLeaseTest : public testing::Test {
 protected:
  bool Charge(uint64_t cost = 1) { return rule_.Charge(cell_, now_, cost, standing_).allowed; }
  uint64_t ChargeAll() {
    uint64_t passed = 0;
    while (Charge()) ++passed;
    return passed;
  }
  QuotaLease::Ask Say(const QuotaLease::Word& word) {
    const QuotaLease::Ask ask = rule_.Begin(cell_, now_, standing_);
    rule_.End(cell_, ask, word, now_, standing_);
    return ask;
  }

  const QuotaLease rule_{kThousand};
  QuotaLease::Cell cell_;
  TimePoint now_{1h};
  Standing standing_{.instances = 4};
};

TEST_F(QuotaLeaseTest, AKeyNeverHeardOfOpensWithThisInstancesShareOfTheBurst) {
  EXPECT_EQ(ChargeAll(), 25u);
  EXPECT_EQ(rule_.Begin(cell_, now_, standing_).owed, 25u);
}

TEST_F(QuotaLeaseTest, WithMoreInstancesThanBurstAKeyStillOpensWithOneRequest) {
  standing_.instances = 1000;
  EXPECT_EQ(ChargeAll(), 1u);
}

TEST_F(QuotaLeaseTest, ACostAboveTheShareOpensToo) {
  EXPECT_TRUE(Charge(100));
  EXPECT_FALSE(Charge(1));
  EXPECT_EQ(rule_.Charge(cell_, now_, 101, standing_).retry_after, kNever);
}

TEST_F(QuotaLeaseTest, WhatTheStoreSaysIsLeftOverridesWhatWasThought) {
  Charge();
  Say({.granted = 0, .left = 0});
  EXPECT_FALSE(Charge());
  now_ += 4ms;  // a token of a quarter of 1,000/s
  EXPECT_TRUE(Charge());
  EXPECT_FALSE(Charge());
}

TEST_F(QuotaLeaseTest, ARefusalSaysToTheNanosecondWhenTheShareHasRoom) {
  ChargeAll();
  const Duration wait = rule_.Charge(cell_, now_, 1, standing_).retry_after;
  EXPECT_EQ(wait, 4ms);
  now_ += wait - 1ns;
  EXPECT_FALSE(Charge());
  now_ += 1ns;
  EXPECT_TRUE(Charge());
}

TEST_F(QuotaLeaseTest, AScarceKeyIsLeasedForAsManyAsWereAskedFor) {
  ChargeAll();
  for (int i = 0; i < 9; ++i) EXPECT_FALSE(Charge());
  const QuotaLease::Ask ask = Say({.granted = 20, .left = 0});
  EXPECT_EQ(ask.owed, 25u);
  EXPECT_EQ(ask.want, 25u + 1 + 9);
  EXPECT_EQ(ChargeAll(), 20u);
}

TEST_F(QuotaLeaseTest, AKeyWithPlentyIsNotLeased) {
  Charge();
  const QuotaLease::Ask ask = Say({.granted = 0, .left = 99});
  EXPECT_EQ(ask.owed, 1u);
  EXPECT_EQ(ask.want, 0u);
  EXPECT_FALSE(QuotaLease::Untold(cell_));
}

TEST_F(QuotaLeaseTest, WhatWasNotUsedIsGivenBack) {
  ChargeAll();
  Say({.granted = 26, .left = 0});
  for (int i = 0; i < 6; ++i) EXPECT_TRUE(Charge());
  Say({.granted = 0, .left = 0});
  const QuotaLease::Ask ask = Say({.granted = 0, .left = 20});
  EXPECT_GT(ask.back, 0u);
  EXPECT_EQ(cell_.lease, 0u);
}

TEST_F(QuotaLeaseTest, AStoreThatGrantsMoreThanWasAskedForIsNotBelieved) {
  ChargeAll();
  Say({.granted = 4'000'000'000, .left = INT64_MAX});
  // What was asked for, and the share of a full bucket.
  EXPECT_EQ(ChargeAll(), 26u + 25u);
}

TEST_F(QuotaLeaseTest, AStoreThatTellsOfAnAbsurdDebtLocksNobodyOutForLong) {
  Charge();
  Say({.granted = 0, .left = INT64_MIN});
  now_ += 305ms;  // twice the capacity, and the burst itself
  EXPECT_TRUE(Charge());
}

TEST_F(QuotaLeaseTest, ALostWordTellsItsDebtAgain) {
  ChargeAll();
  const QuotaLease::Ask ask = rule_.Begin(cell_, now_, standing_);
  EXPECT_FALSE(Charge()) << "while the word is on its way nothing is free";
  QuotaLease::Lost(cell_, ask);
  EXPECT_EQ(rule_.Begin(cell_, now_, standing_).owed, 25u);
}

TEST_F(QuotaLeaseTest, WhatPassesWhileAWordIsOnItsWayIsTakenOffTheAnswer) {
  Charge(10);
  const QuotaLease::Ask ask = rule_.Begin(cell_, now_, standing_);
  Charge(10);
  rule_.End(cell_, ask, {.granted = 0, .left = 90}, now_, standing_);
  EXPECT_EQ(ChargeAll(), 12u);  // a quarter of 90, less 10
}

TEST_F(QuotaLeaseTest, ASilentStoreIsNotToldOfWhatPassedMeanwhile) {
  standing_.silent = true;
  ChargeAll();
  EXPECT_EQ(cell_.unsaid, 0u);
}

TEST_F(QuotaLeaseTest, ARefundMayBeSpentAgainWhateverItWasPaidWith) {
  for (const bool silent : {false, true}) {
    standing_.silent = silent;
    cell_ = {};
    ChargeAll();
    rule_.Refund(cell_, 5, standing_);
    EXPECT_EQ(ChargeAll(), 5u);
  }
  standing_.silent = false;
  Say({.granted = 10, .left = 0});
  ChargeAll();
  rule_.Refund(cell_, 5, standing_);
  EXPECT_EQ(ChargeAll(), 5u);
}

TEST_F(QuotaLeaseTest, ARefusedPeekCountsAsDemand) {
  ChargeAll();
  const uint32_t asked = cell_.asked;
  EXPECT_FALSE(rule_.Peek(cell_, now_, 3, standing_).allowed);
  EXPECT_EQ(cell_.asked, asked + 3);
  now_ += 1h;
  EXPECT_TRUE(rule_.Peek(cell_, now_, 3, standing_).allowed);
  EXPECT_EQ(cell_.asked, asked + 3);
}

TEST_F(QuotaLeaseTest, AFloodOfRefusalsEndsUpWritingNothing) {
  for (int i = 0; i < 1000; ++i) Charge();
  EXPECT_EQ(cell_.asked, rule_.capacity());
}

TEST_F(QuotaLeaseTest, ATimeThatStepsBackIsOnlyStricter) {
  ChargeAll();
  now_ -= 10s;
  EXPECT_EQ(ChargeAll(), 0u);
  now_ += 10s + 8ms;
  EXPECT_EQ(ChargeAll(), 2u);
}

TEST_F(QuotaLeaseTest, ACellOfAnotherClockCountsAsFull) {
  ChargeAll();
  now_ -= 30min;
  EXPECT_EQ(ChargeAll(), 0u);
  now_ += 4ms;
  EXPECT_EQ(rule_.Debt(cell_, now_, standing_), 25u);
  Say({.granted = 0, .left = 100});
  EXPECT_EQ(ChargeAll(), 25u);
}

TEST_F(QuotaLeaseTest, TheBurstIsAtLeastWhatTheRateBringsBetweenTwoWords) {
  EXPECT_EQ(QuotaLease({.rate = {.count = 1000, .per = 1s}, .burst = 1}).capacity(), 100u);
  EXPECT_EQ(QuotaLease({.rate = {.count = 1, .per = 1s}, .burst = 1}).capacity(), 1u);
}

TEST_F(QuotaLeaseTest, ExtremeLimitsOverflowNowhere) {
  for (const RateSpec& spec :
       {RateSpec{.rate = {.count = 1, .per = kLongestPeriod}, .burst = 10},
        RateSpec{.rate = {.count = 1'000'000'000, .per = 1s}, .burst = UINT64_MAX / 2}}) {
    const QuotaLease rule(spec);
    for (const uint32_t instances : {0u, 1u, UINT32_MAX}) {
      QuotaLease::Cell cell;
      for (const TimePoint now : {TimePoint::min(), TimePoint{1h}, TimePoint::max()}) {
        for (const bool silent : {false, true}) {
          const Standing standing{.instances = instances, .silent = silent};
          rule.Charge(cell, now, UINT64_MAX, standing);
          rule.Charge(cell, now, 1, standing);
          rule.Refund(cell, UINT64_MAX, standing);
          const QuotaLease::Ask ask = rule.Begin(cell, now, standing);
          rule.End(cell, ask, {.granted = UINT32_MAX, .left = INT64_MIN}, now, standing);
        }
      }
    }
  }
}

}  // namespace
}  // namespace sluice::ratelimit
