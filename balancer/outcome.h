// Outcome: what became of one try at a server, and what the server is remembered by. Every strategy
// reads the same record (host.h), so that all workers know what any of them saw and a reload or a
// change of strategy forgets nothing.
//
// Threads: any. Cost: BM_Settle; a dozen nanoseconds when no other worker wants the same line.
#ifndef SLUICE_BALANCER_OUTCOME_H_
#define SLUICE_BALANCER_OUTCOME_H_

#include <cstdint>
#include <optional>
#include <utility>

#include "balancer/host.h"

namespace sluice::balancer {

enum class Result : uint8_t {
  kAnswered,
  kFailed,      // no connection, a broken one, or an answer that says the server failed
  kTimedOut,    // a failure that may be everybody's: see overload in outlier.h
  kOverloaded,  // refused because it has too much to do, which is not a failure
};

// 429, and 503 that says when to come back, are a server's way to ask for less; of the other 5xx
// those count that say something about the server and not about the request.
Result ResultOf(int status, bool retry_after);

struct Outcome {
  Result result = Result::kAnswered;
  Duration latency{0};      // from the choice of the server to the head of its answer
  Duration retry_after{0};  // as the server asked; overload.h bounds it
};

// Remembers an outcome. A failure is never counted as fast: one that came sooner than answers do
// leaves the service time alone, or a server that fails in 1 ms would look like the best of all.
void Record(HostStats& host, const Outcome& outcome, TimePoint now);

// One request that a host works on, from the pick to the end of its work. The host must outlive it.
// Sequentially consistent with whoever waits for a place: see proxy/upstream/dispatch.h.
class [[nodiscard]] ActiveRequest {
 public:
  ActiveRequest(HostStats& host, TimePoint now) : host_(&host) {
    host.active.fetch_add(1);
    Wait(now);
  }
  // One of at most `limit` (slow_start.h, LimitNow; 0: any number), exactly, over all threads.
  static std::optional<ActiveRequest> TryBegin(HostStats& host, uint32_t limit, TimePoint now) {
    if (limit == 0) return ActiveRequest(host, now);
    uint32_t active = host.active.load();
    do {
      if (active >= limit) return std::nullopt;
    } while (!host.active.compare_exchange_weak(active, active + 1));
    ActiveRequest request(&host);
    request.Wait(now);
    return request;
  }
  ActiveRequest(ActiveRequest&& other) noexcept
      : host_(std::exchange(other.host_, nullptr)), waits_(std::exchange(other.waits_, false)) {}
  ActiveRequest& operator=(ActiveRequest&& other) noexcept {
    std::swap(host_, other.host_);
    std::swap(waits_, other.waits_);
    return *this;
  }
  ~ActiveRequest() {
    if (host_ == nullptr) return;
    StopWaiting();
    host_->active.fetch_sub(1);
  }

  // The answer has begun, or will not come. The request stays active until this object goes: its
  // body may take long, and a tunnel longer. Only the first outcome counts.
  void Settle(const Outcome& outcome, TimePoint now) {
    if (!waits_) return;
    StopWaiting();
    Record(*host_, outcome, now);
  }

 private:
  explicit ActiveRequest(HostStats* host) : host_(host) {}
  void Wait(TimePoint now) {
    if (host_->waiting.fetch_add(1, std::memory_order_relaxed) == 0) {
      host_->busy_since_ns.store(Nanos(now), std::memory_order_relaxed);
    }
  }
  void StopWaiting() {
    if (std::exchange(waits_, false)) host_->waiting.fetch_sub(1, std::memory_order_relaxed);
  }

  HostStats* host_;
  bool waits_ = true;
};

}  // namespace sluice::balancer

#endif  // SLUICE_BALANCER_OUTCOME_H_
