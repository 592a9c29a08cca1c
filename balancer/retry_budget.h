// RetryBudget: how many of a pool's requests may be retries at the same time. A fifth of those
// active, and three when there are few; so a pool in trouble gets at most a fifth more work from us
// and not tries times as much. One per pool, over all workers.
//
// Threads: any, no lock. Exact: of workers that take the last one at once, one gets it.
#ifndef SLUICE_BALANCER_RETRY_BUDGET_H_
#define SLUICE_BALANCER_RETRY_BUDGET_H_

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <utility>

#include "balancer/spec.h"

namespace sluice::balancer {

class RetryBudget {
 public:
  RetryBudget() = default;
  RetryBudget(const RetryBudget&) = delete;
  RetryBudget& operator=(const RetryBudget&) = delete;

  // A retry on its way; given back when it goes. False: there was none left.
  class [[nodiscard]] Retry {
   public:
    Retry() = default;
    Retry(Retry&& other) noexcept : from_(std::exchange(other.from_, nullptr)) {}
    Retry& operator=(Retry&& other) noexcept {
      std::swap(from_, other.from_);
      return *this;
    }
    ~Retry() {
      if (from_ != nullptr) from_->retries_.fetch_sub(1, std::memory_order_relaxed);
    }
    explicit operator bool() const { return from_ != nullptr; }

   private:
    friend class RetryBudget;
    explicit Retry(RetryBudget* from) : from_(from) {}
    RetryBudget* from_ = nullptr;
  };

  // `active`: the pool's requests, this one included. The budget must outlive the retry.
  Retry Take(const RetryBudgetSpec& spec, uint64_t active) {
    uint64_t now = retries_.load(std::memory_order_relaxed);
    do {
      if (now >= Most(spec, active)) return Retry();
    } while (!retries_.compare_exchange_weak(now, now + 1, std::memory_order_relaxed));
    return Retry(this);
  }

  static uint64_t Most(const RetryBudgetSpec& spec, uint64_t active) {
    return std::max<uint64_t>(active * spec.percent / 100, spec.least);
  }
  uint64_t retries() const { return retries_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> retries_{0};
};

}  // namespace sluice::balancer

#endif  // SLUICE_BALANCER_RETRY_BUDGET_H_
