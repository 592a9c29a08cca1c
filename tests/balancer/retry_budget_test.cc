#include "balancer/retry_budget.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace sluice::balancer {
namespace {

size_t TakeAll(RetryBudget& budget, uint64_t active, std::vector<RetryBudget::Retry>& taken) {
  for (;;) {
    RetryBudget::Retry retry = budget.Take({}, active);
    if (!retry) return taken.size();
    taken.push_back(std::move(retry));
  }
}

TEST(RetryBudget, IsAFifthOfTheActiveRequests) {
  RetryBudget budget;
  std::vector<RetryBudget::Retry> taken;
  EXPECT_EQ(TakeAll(budget, 100, taken), 20u);
  EXPECT_EQ(TakeAll(budget, 150, taken), 30u) << "it grows with them";
  EXPECT_FALSE(budget.Take({}, 100)) << "and shrinks";
}

TEST(RetryBudget, AQuietPoolHasThree) {
  RetryBudget budget;
  std::vector<RetryBudget::Retry> taken;
  EXPECT_EQ(TakeAll(budget, 1, taken), 3u);
}

TEST(RetryBudget, ARetryThatEndedIsGivenBackOnce) {
  RetryBudget budget;
  const RetryBudgetSpec one{.least = 1};
  {
    RetryBudget::Retry retry = budget.Take(one, 1);
    RetryBudget::Retry moved = std::move(retry);
    EXPECT_FALSE(budget.Take(one, 1));
    EXPECT_EQ(budget.retries(), 1u);
  }
  EXPECT_EQ(budget.retries(), 0u);
  EXPECT_TRUE(budget.Take(one, 1));
}

TEST(RetryBudget, ZeroAndZeroMeansNoRetries) {
  RetryBudget budget;
  EXPECT_FALSE(budget.Take({.percent = 0, .least = 0}, 1000));
}

TEST(RetryBudget, WorkersTogetherNeverTakeMore) {
  RetryBudget budget;
  std::atomic<uint64_t> most{0};
  std::vector<std::thread> workers;
  for (int worker = 0; worker < 4; ++worker) {
    workers.emplace_back([&] {
      for (int i = 0; i < 20'000; ++i) {
        const RetryBudget::Retry retry = budget.Take({}, 25);
        const uint64_t now = budget.retries();
        uint64_t seen = most.load();
        while (now > seen && !most.compare_exchange_weak(seen, now)) {
        }
      }
    });
  }
  for (std::thread& worker : workers) worker.join();
  EXPECT_LE(most, 5u);
  EXPECT_EQ(budget.retries(), 0u);
}

}  // namespace
}  // namespace sluice::balancer
