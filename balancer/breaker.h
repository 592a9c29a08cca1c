// Breaker: the circuit breaker of one pool. When of the tries in a window so many fail that further
// ones only keep busy what cannot answer, it opens: for a while no request is let in, and whoever
// asks is told at once to come back. Then it is half open: a tenth of the requests is let in, and
// more with every moment until all are; if they fail as before, it opens again.
//
// It is the last of the rules. Where one server fails, that server is ejected (outlier_sweep.h); a
// breaker is for what all of them share, as a broken database.
//
// Threads: Tick() and what describes it from one, the tick's. Admits() from any: while the breaker
// is closed it is one relaxed load of a line that is hardly ever written.
// Time: an argument. A clock that steps back prolongs a state by as much, or begins it again.
#ifndef SLUICE_BALANCER_BREAKER_H_
#define SLUICE_BALANCER_BREAKER_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "absl/random/bit_gen_ref.h"
#include "absl/random/distributions.h"
#include "balancer/host.h"
#include "balancer/spec.h"

namespace sluice::balancer {

class Breaker {
 public:
  enum class State : uint8_t { kClosed, kOpen, kHalfOpen };
  struct Counts {
    uint64_t requests = 0;  // tries that were answered or failed
    uint64_t errors = 0;    // of them
  };

  // Of all requests that ask, about as many as are to be let in. Counts those that are not.
  bool Admits(absl::BitGenRef rng) {
    const uint32_t share = share_.load(std::memory_order_relaxed);
    if (share == kWhole || absl::Uniform<uint32_t>(rng, 0, kWhole) < share) return true;
    refused_.fetch_add(1, std::memory_order_relaxed);
    return false;
  }
  // When it is worth to ask again, for who was refused; a second or more.
  Duration RetryAfter(TimePoint now) const;

  // `since` the last call. Returns the new state when it is another one. Without `spec` it closes.
  std::optional<State> Tick(const BreakerSpec* spec, const Counts& since, TimePoint now);

  State state() const { return state_; }
  uint32_t share() const { return share_.load(std::memory_order_relaxed); }  // in 1/65536
  uint64_t opened() const { return opened_; }                                // times, ever
  uint64_t refused() const { return refused_.load(std::memory_order_relaxed); }
  // Of the window by which it last opened: the evidence.
  const Counts& evidence() const { return evidence_; }

 private:
  // The window moves by a tenth of itself.
  static constexpr size_t kSteps = 10;
  // Let in while half open, before these are judged: of fewer, chance decides.
  static constexpr uint64_t kLeastTrial = 10;

  Counts InWindow() const;
  void MoveWindow(Duration window, TimePoint now);
  void BeginWindow(TimePoint now);
  bool Failing(const BreakerSpec& spec, uint64_t least) const;
  State Next(const BreakerSpec& spec, TimePoint now) const;
  void Enter(State state, const BreakerSpec& spec, TimePoint now);

  // Written by the tick when it changes, read by every request.
  alignas(64) std::atomic<uint32_t> share_{kWhole};
  std::atomic<int64_t> asks_again_ns_{0};
  // Written by every worker, of requests that are refused.
  alignas(64) std::atomic<uint64_t> refused_{0};

  // The tick's.
  alignas(64) State state_ = State::kClosed;
  TimePoint since_{};    // in this state
  TimePoint stepped_{};  // when the newest mark was set
  Counts ever_;
  std::array<Counts, kSteps> marks_{};  // of ever_, at the steps of the window
  size_t oldest_ = 0;
  Counts evidence_;
  uint64_t opened_ = 0;
};

}  // namespace sluice::balancer

#endif  // SLUICE_BALANCER_BREAKER_H_
