#include "ratelimit/keyed_concurrency.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace sluice::ratelimit {
namespace {

// Keys of which all are in one bucket of a table of one.
KeyHash InTheBucket(uint64_t n) { return n + 1; }

TEST(KeyedConcurrency, EachKeyHasItsOwnPlaces) {
  KeyedConcurrency table(2, 1000);
  auto a = table.TryEnter(1);
  auto b = table.TryEnter(1);
  EXPECT_TRUE(a && b);
  EXPECT_FALSE(table.TryEnter(1));
  EXPECT_TRUE(table.TryEnter(uint64_t{1} << 63));
  EXPECT_EQ(table.active(1), 2u);
}

TEST(KeyedConcurrency, WhoLeavesMakesRoom) {
  KeyedConcurrency table(1, 1000);
  {
    const auto in = table.TryEnter(7);
    EXPECT_FALSE(table.TryEnter(7));
  }
  EXPECT_EQ(table.active(7), 0u);
  auto again = table.TryEnter(7);
  ASSERT_TRUE(again);
  KeyedPermit moved = *std::move(again);
  again.reset();
  EXPECT_EQ(table.active(7), 1u) << "a permit that was moved from holds nothing";
}

TEST(KeyedConcurrency, AFullTableRefusesNobodyAndForgivesAKeyNoMoreThanOne) {
  KeyedConcurrency table(3, 1);
  std::vector<KeyedPermit> held;
  // The heavy one has three in.
  for (int i = 0; i < 3; ++i) held.push_back(*table.TryEnter(InTheBucket(0)));
  for (uint64_t key = 1; key < 100; ++key) {
    auto in = table.TryEnter(InTheBucket(key));
    ASSERT_TRUE(in) << "innocent key " << key;
    held.push_back(*std::move(in));
  }
  EXPECT_FALSE(table.TryEnter(InTheBucket(0))) << "the flood has washed the heavy one away";
  EXPECT_GT(table.evicted(), 0u);
}

TEST(KeyedConcurrency, WithHeavyKeysOnlyANewOneGetsInUnnoted) {
  KeyedConcurrency table(2, 1);
  std::vector<KeyedPermit> held;
  for (uint64_t key = 0; key < 7; ++key) {
    for (int i = 0; i < 2; ++i) held.push_back(*table.TryEnter(InTheBucket(key)));
  }
  auto in = table.TryEnter(InTheBucket(7));
  EXPECT_TRUE(in);
  EXPECT_EQ(table.unplaced(), 1u);
  EXPECT_EQ(table.active(InTheBucket(7)), 0u);
  in.reset();
  for (uint64_t key = 0; key < 7; ++key) EXPECT_EQ(table.active(InTheBucket(key)), 2u);
}

TEST(KeyedConcurrency, NeverOneTooManyOverThreads) {
  KeyedConcurrency table(3, 100);
  std::atomic<int> inside{0};
  std::atomic<int> most{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 20000; ++i) {
        const auto in = table.TryEnter(42);
        if (!in) continue;
        const int now = inside.fetch_add(1) + 1;
        for (int seen = most.load(); now > seen && !most.compare_exchange_weak(seen, now);) {
        }
        inside.fetch_sub(1);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(most.load(), 3);
  EXPECT_EQ(table.active(42), 0u);
}

}  // namespace
}  // namespace sluice::ratelimit
