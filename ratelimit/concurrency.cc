#include "ratelimit/concurrency.h"

namespace sluice::ratelimit {

std::optional<Permit> Concurrency::TryEnter() {
  uint32_t active = active_.load(std::memory_order_relaxed);
  do {
    if (active >= limit_.load(std::memory_order_relaxed)) return std::nullopt;
    // Relaxed: the number guards nothing but itself.
  } while (!active_.compare_exchange_weak(active, active + 1, std::memory_order_relaxed));
  return Permit(this);
}

}  // namespace sluice::ratelimit
