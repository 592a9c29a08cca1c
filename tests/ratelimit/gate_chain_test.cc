#include "ratelimit/gate_chain.h"

#include <gtest/gtest.h>

#include <array>
#include <thread>
#include <vector>

#include "ratelimit/keyed_gate.h"

namespace sluice::ratelimit {
namespace {

using namespace std::chrono_literals;

KeyedSpec PerSecond(uint64_t count, uint64_t burst) {
  return {.limit = {.rate = {.count = count, .per = 1s}, .burst = burst}, .keys = 100};
}

TEST(GateChain, WithoutClaimsEverythingPasses) {
  EXPECT_TRUE(ChargeAll({}, TimePoint{1h}).verdict.allowed);
}

TEST(GateChain, ARequestRefusedByTheLastLimitHasSpentNothingOfTheFirst) {
  KeyedGate wide(PerSecond(100, 10));
  KeyedGate narrow(PerSecond(1, 1));
  const std::array<Claim, 2> claims = {Claim{&wide, 1}, Claim{&narrow, 2}};
  const TimePoint now{1h};
  EXPECT_TRUE(ChargeAll(claims, now).verdict.allowed);
  for (int i = 0; i < 100; ++i) {
    const ChainVerdict refused = ChargeAll(claims, now);
    EXPECT_FALSE(refused.verdict.allowed);
    EXPECT_EQ(refused.claim, 1u);
  }
  EXPECT_EQ(wide.Peek(1, now, 0).remaining, 9u);
}

TEST(GateChain, TheLongestOfTheWaitsIsTold) {
  KeyedGate second(PerSecond(1, 1));
  KeyedGate minute({.limit = {.rate = {.count = 1, .per = 1min}, .burst = 1}, .keys = 100});
  const TimePoint now{1h};
  for (const bool swapped : {false, true}) {
    std::array<Claim, 2> claims = {Claim{&second, 1}, Claim{&minute, 1}};
    if (swapped) std::swap(claims[0], claims[1]);
    ChargeAll(claims, now);
    const ChainVerdict refused = ChargeAll(claims, now);
    EXPECT_EQ(refused.verdict.retry_after, 1min);
    EXPECT_EQ(refused.claim, swapped ? 0u : 1u);
  }
}

TEST(GateChain, TheTightestOfThoseThatAgreeIsTold) {
  KeyedGate wide(PerSecond(100, 10));
  KeyedGate narrow(PerSecond(100, 5));
  const std::array<Claim, 3> claims = {Claim{&wide, 1}, Claim{&narrow, 1, 2}, Claim{&wide, 2}};
  const ChainVerdict passed = ChargeAll(claims, TimePoint{1h});
  EXPECT_EQ(passed.claim, 1u);
  EXPECT_EQ(passed.verdict.remaining, 3u);
}

TEST(GateChain, OneKeyTwiceIsChargedTwiceOrNotAtAll) {
  KeyedGate gate(PerSecond(1, 3));
  const std::array<Claim, 2> claims = {Claim{&gate, 1, 2}, Claim{&gate, 1, 2}};
  EXPECT_FALSE(ChargeAll(claims, TimePoint{1h}).verdict.allowed);
  EXPECT_EQ(gate.Peek(1, TimePoint{1h}, 0).remaining, 3u);
}

TEST(GateChain, ThreadsOverdrawNeitherOfTwoLimitsAndChargeBothAlike) {
  KeyedGate shared({.limit = {.rate = {.count = 1, .per = 1h}, .burst = 500}, .keys = 100});
  KeyedGate own({.limit = {.rate = {.count = 1, .per = 1h}, .burst = 200}, .keys = 100});
  const TimePoint now{1h};
  std::atomic<uint64_t> admitted{0};
  std::vector<std::thread> threads;
  for (uint64_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      const std::array<Claim, 2> claims = {Claim{&own, 1 + t}, Claim{&shared, 1}};
      for (int i = 0; i < 5000; ++i) admitted += ChargeAll(claims, now).verdict.allowed ? 1 : 0;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(admitted.load(), 500u);
  uint64_t charged = 0;
  for (uint64_t t = 0; t < 4; ++t) charged += 200 - own.Peek(1 + t, now, 0).remaining;
  EXPECT_EQ(charged, 500u);
}

}  // namespace
}  // namespace sluice::ratelimit
