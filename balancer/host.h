// HostStats: what is known, live, about one server of a pool. One object per server for the whole
// process, shared by all workers and all views that name the server; it outlives every view, so a
// reload forgets neither load nor rests.
//
// Threads: any; every field is a relaxed atomic, because each number guards nothing but itself.
// Ownership: shared_ptr from the registry to the HostViews; pickers and exchanges use plain
// pointers while they hold a view.
// Time: an argument everywhere, nanoseconds of the steady clock.
#ifndef SLUICE_BALANCER_HOST_H_
#define SLUICE_BALANCER_HOST_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <utility>

namespace sluice::balancer {

using Duration = std::chrono::nanoseconds;
using TimePoint = std::chrono::time_point<std::chrono::steady_clock, Duration>;

// A server's place in one HostView; means nothing in another.
using HostIndex = uint32_t;

struct HostStats {
  // Read on every pick, written only when a rest begins.
  alignas(64) std::atomic<int64_t> rest_until_ns{0};  // 0: has never rested

  // Written by every worker on every request.
  alignas(64) std::atomic<uint32_t> active{0};  // requests on their way, see ActiveRequest

  // Written by outlier.cc on failures, and on the first success after some.
  std::atomic<uint32_t> failures{0};  // in a row
  std::atomic<uint32_t> rests{0};     // in a row; each doubles the next

  // A resting server is skipped while another one can be used.
  bool Resting(TimePoint now) const {
    return now.time_since_epoch().count() < rest_until_ns.load(std::memory_order_relaxed);
  }
};
static_assert(sizeof(HostStats) == 128,
              "what is read on picks shares no line with what is counted");

// One request counted as active on a host, from the pick to its end. The host must outlive it.
class [[nodiscard]] ActiveRequest {
 public:
  explicit ActiveRequest(HostStats& host) : host_(&host) {
    host_->active.fetch_add(1, std::memory_order_relaxed);
  }
  ActiveRequest(ActiveRequest&& other) noexcept : host_(std::exchange(other.host_, nullptr)) {}
  ActiveRequest& operator=(ActiveRequest&& other) noexcept {
    std::swap(host_, other.host_);
    return *this;
  }
  ~ActiveRequest() {
    if (host_ != nullptr) host_->active.fetch_sub(1, std::memory_order_relaxed);
  }

 private:
  HostStats* host_;
};

}  // namespace sluice::balancer

#endif  // SLUICE_BALANCER_HOST_H_
