#include "ratelimit/keyed_gate.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <thread>
#include <vector>

namespace sluice::ratelimit {
namespace {

using namespace std::chrono_literals;

// As a keyed hash would spread them.
KeyHash HashOf(uint64_t name) {
  uint64_t x = name * 0x9E3779B97F4A7C15u + 0x632BE59BD9B4E019u;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
  return x ^ (x >> 31);
}

constexpr RateSpec kTenPerSecond = {.rate = {.count = 10, .per = 1s}, .burst = 20};

TEST(KeyedGate, LimitsEachKeyByItself) {
  KeyedGate gate({.limit = kTenPerSecond, .keys = 1000});
  const TimePoint now{1h};
  for (uint64_t name = 0; name < 100; ++name) {
    int admitted = 0;
    for (int i = 0; i < 30; ++i) admitted += gate.Charge(HashOf(name), now).allowed ? 1 : 0;
    EXPECT_EQ(admitted, 20) << name;
  }
}

TEST(KeyedGate, SaysWhatAGateOfOneKeySays) {
  KeyedGate gate({.limit = kTenPerSecond, .keys = 1000});
  const Gcra alone(kTenPerSecond);
  Gcra::Cell cell{0};
  std::mt19937_64 rng(5);
  TimePoint now{1h};
  for (int i = 0; i < 10'000; ++i) {
    now += Duration(static_cast<int64_t>(rng() % 200'000'000));
    const uint64_t cost = rng() % 4;
    const Verdict peeked = gate.Peek(HashOf(1), now, cost);
    const Verdict charged = gate.Charge(HashOf(1), now, cost);
    const Verdict expected = alone.Charge(cell, now, cost);
    for (const Verdict& said : {peeked, charged}) {
      ASSERT_EQ(said.allowed, expected.allowed);
      ASSERT_EQ(said.retry_after, expected.retry_after);
      ASSERT_EQ(said.remaining, expected.remaining);
      ASSERT_EQ(said.reset, expected.reset);
    }
  }
}

TEST(KeyedGate, HasAPlaceForNearlyAsManyKeysAsItWasMadeForAndRefusesNone) {
  constexpr uint64_t kKeys = 100'000;
  KeyedGate gate({.limit = kTenPerSecond, .keys = kKeys});
  const TimePoint now{1h};
  for (uint64_t name = 0; name < kKeys; ++name) ASSERT_TRUE(gate.Charge(HashOf(name), now).allowed);
  EXPECT_LE(gate.evicted() + gate.unplaced(), kKeys / 40);
  EXPECT_LE(gate.bytes(), 32 * kKeys + 128);
}

TEST(KeyedGate, KeysThatOweNothingTakeNoPlace) {
  KeyedGate gate({.limit = kTenPerSecond, .keys = 4});  // one bucket
  TimePoint now{1h};
  for (uint64_t name = 0; name < 10'000; ++name) {
    EXPECT_TRUE(gate.Charge(HashOf(name), now).allowed);
    now += 20ms;  // each owes for 100 ms, so five at a time
  }
  EXPECT_EQ(gate.evicted() + gate.unplaced(), 0u);
}

TEST(KeyedGate, WhoOwesLeastLeavesAFullBucket) {
  KeyedGate gate({.limit = kTenPerSecond, .keys = 4});
  const TimePoint now{1h};
  for (uint64_t name = 1; name <= 7; ++name) gate.Charge(HashOf(name), now, 2 * name);
  EXPECT_TRUE(gate.Charge(HashOf(8), now, 2).allowed);
  EXPECT_EQ(gate.evicted(), 1u);
  EXPECT_EQ(gate.Peek(HashOf(1), now, 0).remaining, 20u);  // forgotten
  for (uint64_t name = 2; name <= 7; ++name) {
    EXPECT_EQ(gate.Peek(HashOf(name), now, 0).remaining, 20 - 2 * name);
  }
  EXPECT_EQ(gate.Peek(HashOf(8), now, 0).remaining, 18u);
}

TEST(KeyedGate, AFullBucketOfHeavyKeysLetsALightOneThroughUnnoted) {
  KeyedGate gate({.limit = kTenPerSecond, .keys = 4});
  const TimePoint now{1h};
  for (uint64_t name = 1; name <= 7; ++name) gate.Charge(HashOf(name), now, 20);
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(gate.Charge(HashOf(8), now).allowed);
  EXPECT_EQ(gate.unplaced(), 100u);
  for (uint64_t name = 1; name <= 7; ++name) EXPECT_FALSE(gate.Peek(HashOf(name), now).allowed);
}

// Arrivals of keys never seen before, `flood` per second, while one key asks `asks` times a second;
// how often that one passed in `seconds`.
struct Flooded {
  int admitted = 0;
  int innocents_refused = 0;
};
Flooded Flood(KeyedGate& gate, int flood, int asks, int seconds) {
  std::mt19937_64 rng(11);
  std::vector<std::pair<int64_t, bool>> arrivals;
  for (int i = 0; i < flood * seconds; ++i) {
    arrivals.emplace_back(
        static_cast<int64_t>(rng() % (1'000'000'000u * static_cast<uint64_t>(seconds))), false);
  }
  for (int i = 0; i < asks * seconds; ++i) arrivals.emplace_back(1'000'000'000LL / asks * i, true);
  std::sort(arrivals.begin(), arrivals.end());
  Flooded seen;
  uint64_t name = 1'000'000;
  for (const auto& [at, heavy] : arrivals) {
    const TimePoint now = TimePoint{1h} + Duration(at);
    const bool allowed = gate.Charge(HashOf(heavy ? 1 : ++name), now).allowed;
    if (heavy) {
      seen.admitted += allowed ? 1 : 0;
    } else {
      seen.innocents_refused += allowed ? 0 : 1;
    }
  }
  return seen;
}

TEST(KeyedGate, AHeavyKeyAmongAMillionLightOnesStaysLimited) {
  // Each light one owes for 100 ms, so 50,000 at once: five times what the table is for.
  KeyedGate gate({.limit = kTenPerSecond, .keys = 10'000});
  const Flooded seen = Flood(gate, 500'000, 100, 2);
  EXPECT_GE(seen.admitted, 39);  // 10/s * 1.99 s + 20
  EXPECT_LE(seen.admitted, 44);  // within a tenth
  EXPECT_EQ(seen.innocents_refused, 0);
  EXPECT_GT(gate.evicted(), 500'000u);
}

TEST(KeyedGate, ASlowRateUnderAFloodStaysLimitedToo) {
  // 20 an hour: each light one owes for three minutes, so that none of the million leaves by
  // itself.
  KeyedGate gate({.limit = {.rate = {.count = 20, .per = 1h}, .burst = 10}, .keys = 50'000});
  const Flooded seen = Flood(gate, 20'000, 10, 10);
  EXPECT_EQ(seen.admitted, 10);
  EXPECT_EQ(seen.innocents_refused, 0);
}

TEST(KeyedGate, AKeyForgottenIsForgivenNoMoreThanTheRequestThatDisplacedIt) {
  KeyedGate gate({.limit = kTenPerSecond, .keys = 4});
  std::mt19937_64 rng(13);
  TimePoint now{1h};
  uint64_t most_forgiven = 0;
  for (int i = 0; i < 200'000; ++i) {
    now += Duration(static_cast<int64_t>(rng() % 2'000'000));
    const uint64_t remaining = gate.Peek(HashOf(0), now, 0).remaining;
    const uint64_t owed = 20 - remaining;
    const uint64_t evicted = gate.evicted();
    gate.Charge(HashOf(1 + rng() % 1000), now);
    if (gate.evicted() != evicted) {
      const uint64_t after = 20 - gate.Peek(HashOf(0), now, 0).remaining;
      most_forgiven = std::max(most_forgiven, owed - std::min(owed, after));
    }
    if (rng() % 50 == 0) gate.Charge(HashOf(0), now, 1 + rng() % 3);
  }
  EXPECT_EQ(most_forgiven, 1u);
}

TEST(KeyedGate, AClockSetBackByAnHourLeavesTheTableInUse) {
  KeyedGate gate({.limit = kTenPerSecond, .keys = 4});
  for (uint64_t name = 1; name <= 7; ++name) gate.Charge(HashOf(name), TimePoint{5h}, 20);
  const TimePoint now{4h};
  int admitted = 0;
  for (int i = 0; i < 50; ++i) admitted += gate.Charge(HashOf(8), now).allowed ? 1 : 0;
  EXPECT_EQ(admitted, 20);
  EXPECT_EQ(gate.unplaced(), 0u);
}

TEST(KeyedGate, ARefundOfAForgottenKeyIsNobodysGain) {
  KeyedGate gate({.limit = kTenPerSecond, .keys = 4});
  const TimePoint now{1h};
  gate.Charge(HashOf(1), now);
  for (uint64_t name = 2; name <= 8; ++name) gate.Charge(HashOf(name), now, 5);
  ASSERT_EQ(gate.evicted(), 1u);
  gate.Refund(HashOf(1));
  for (uint64_t name = 2; name <= 8; ++name) {
    EXPECT_EQ(gate.Peek(HashOf(name), now, 0).remaining, 15u);
  }
}

TEST(KeyedGate, TheHashNoughtIsAKeyLikeAnyOther) {
  KeyedGate gate({.limit = kTenPerSecond, .keys = 10});
  int admitted = 0;
  for (int i = 0; i < 30; ++i) admitted += gate.Charge(0, TimePoint{1h}).allowed ? 1 : 0;
  EXPECT_EQ(admitted, 20);
}

TEST(KeyedGate, ThreadsOnNewKeysOfOneBucketNeverAdmitOneTooMany) {
  for (int round = 0; round < 100; ++round) {
    KeyedGate gate({.limit = kTenPerSecond, .keys = 4});
    std::atomic<int> admitted{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&, t] {
        for (uint64_t i = 0; i < 7 * 30; ++i) {
          const uint64_t name = (i + static_cast<uint64_t>(t)) % 7;
          admitted += gate.Charge(HashOf(name), TimePoint{1h}).allowed ? 1 : 0;
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    ASSERT_EQ(admitted.load(), 7 * 20);
  }
}

TEST(KeyedGate, ThreadsThatDisplaceEachOthersKeysLeaveAHeavyOneExact) {
  KeyedGate gate({.limit = {.rate = {.count = 1, .per = 1h}, .burst = 1000}, .keys = 4});
  const TimePoint now{1h};
  // Heavy from the start, so that nothing may displace it; the others fight for six slots.
  ASSERT_TRUE(gate.Charge(HashOf(0), now, 10).allowed);
  std::atomic<int> admitted{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&, t] {
      for (uint64_t i = 0; i < 20'000; ++i) {
        admitted += gate.Charge(HashOf(0), now).allowed ? 1 : 0;
        const KeyHash other = HashOf(1 + i * 3 + static_cast<uint64_t>(t));
        if (gate.Charge(other, now).allowed && i % 3 == 0) gate.Refund(other);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(admitted.load(), 990);
  EXPECT_GT(gate.evicted(), 1000u);
}

}  // namespace
}  // namespace sluice::ratelimit
