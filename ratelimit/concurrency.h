// Concurrency: at most `limit` at once. Whoever gets in holds a Permit; its destruction leaves.
//
// Threads: any, no lock; the cap is exact over all threads. Lowering the limit throws nobody out:
// the number inside shrinks as permits leave. Ownership: the Concurrency outlives its permits.
// Cost: one compare-and-swap to enter, one subtraction to leave.
#ifndef SLUICE_RATELIMIT_CONCURRENCY_H_
#define SLUICE_RATELIMIT_CONCURRENCY_H_

#include <atomic>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>

namespace sluice::ratelimit {

class Concurrency;

class [[nodiscard]] Permit {
 public:
  Permit(Permit&& other) noexcept : from_(std::exchange(other.from_, nullptr)) {}
  Permit& operator=(Permit&& other) noexcept {
    std::swap(from_, other.from_);
    return *this;
  }
  inline ~Permit();

 private:
  friend class Concurrency;  // the only maker
  explicit Permit(Concurrency* from) : from_(from) {}
  Concurrency* from_;
};

class Concurrency {
 public:
  static constexpr uint32_t kUnlimited = std::numeric_limits<uint32_t>::max();

  // 0 lets nobody in.
  explicit Concurrency(uint32_t limit) : limit_(limit) {}
  Concurrency(const Concurrency&) = delete;
  Concurrency& operator=(const Concurrency&) = delete;

  std::optional<Permit> TryEnter();

  void SetLimit(uint32_t limit) { limit_.store(limit, std::memory_order_relaxed); }
  uint32_t limit() const { return limit_.load(std::memory_order_relaxed); }
  uint32_t active() const { return active_.load(std::memory_order_relaxed); }

 private:
  friend class Permit;

  // Written when an operator or a rule moves it.
  alignas(64) std::atomic<uint32_t> limit_;
  // Written on every way in and out.
  alignas(64) std::atomic<uint32_t> active_{0};
};

inline Permit::~Permit() {
  if (from_ != nullptr) from_->active_.fetch_sub(1, std::memory_order_relaxed);
}

}  // namespace sluice::ratelimit

#endif  // SLUICE_RATELIMIT_CONCURRENCY_H_
