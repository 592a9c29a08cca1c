#include "ratelimit/concurrency.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>
#include <utility>
#include <vector>

namespace sluice::ratelimit {
namespace {

TEST(Concurrency, LetsInAsManyAsTheLimitAndNotOneMore) {
  Concurrency door(2);
  const std::optional<Permit> first = door.TryEnter();
  const std::optional<Permit> second = door.TryEnter();
  EXPECT_TRUE(first && second);
  EXPECT_FALSE(door.TryEnter());
  EXPECT_EQ(door.active(), 2u);
}

TEST(Concurrency, APermitThatEndsMakesRoom) {
  Concurrency door(1);
  std::optional<Permit> inside = door.TryEnter();
  ASSERT_TRUE(inside);
  inside.reset();
  EXPECT_EQ(door.active(), 0u);
  EXPECT_TRUE(door.TryEnter());
}

TEST(Concurrency, AMovedPermitLeavesOnce) {
  Concurrency door(3);
  std::optional<Permit> one = door.TryEnter();
  std::optional<Permit> two = door.TryEnter();
  {
    Permit moved = *std::move(one);
    one.reset();
    EXPECT_EQ(door.active(), 2u);
    moved = *std::move(two);  // both are still held, by the two names
    EXPECT_EQ(door.active(), 2u);
  }
  two.reset();
  EXPECT_EQ(door.active(), 0u);
}

TEST(Concurrency, ALoweredLimitThrowsNobodyOut) {
  Concurrency door(3);
  std::vector<Permit> inside;
  for (int i = 0; i < 3; ++i) inside.push_back(*door.TryEnter());
  door.SetLimit(1);
  EXPECT_EQ(door.active(), 3u);
  inside.pop_back();
  inside.pop_back();
  EXPECT_FALSE(door.TryEnter());
  inside.pop_back();
  EXPECT_TRUE(door.TryEnter());
}

TEST(Concurrency, ARaisedLimitLetsMoreInAtOnce) {
  Concurrency door(0);
  EXPECT_FALSE(door.TryEnter());
  door.SetLimit(1);
  EXPECT_TRUE(door.TryEnter());
}

TEST(Concurrency, UnlimitedNeverRefuses) {
  Concurrency door(Concurrency::kUnlimited);
  std::vector<Permit> inside;
  for (int i = 0; i < 1000; ++i) {
    std::optional<Permit> permit = door.TryEnter();
    ASSERT_TRUE(permit);
    inside.push_back(*std::move(permit));
  }
}

TEST(Concurrency, IsExactOverThreads) {
  Concurrency door(3);
  std::atomic<uint32_t> inside{0};
  std::atomic<uint32_t> most{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 2000; ++i) {
        const std::optional<Permit> permit = door.TryEnter();
        if (!permit) continue;
        const uint32_t now = inside.fetch_add(1) + 1;
        uint32_t seen = most.load();
        while (seen < now && !most.compare_exchange_weak(seen, now)) {
        }
        inside.fetch_sub(1);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(most.load(), 3u);
  EXPECT_GE(most.load(), 1u);
  EXPECT_EQ(door.active(), 0u);
}

}  // namespace
}  // namespace sluice::ratelimit
