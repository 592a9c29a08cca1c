// HostStats: what is known, live, about one server of a pool. One object per server for the whole
// process, shared by all workers and all views that name the server; it outlives every view, so a
// reload forgets neither load nor rests.
//
// Threads: any; every field is a relaxed atomic, because each number guards nothing but itself. The
// averages are loaded, changed and stored: of two workers that answer in the same nanosecond one
// may be forgotten, which an average of dozens does not notice and a lock would cost everybody.
// Ownership: shared_ptr from the registry to the HostViews; pickers and exchanges use plain
// pointers while they hold a view.
// Time: an argument everywhere, nanoseconds of the steady clock.
#ifndef SLUICE_BALANCER_HOST_H_
#define SLUICE_BALANCER_HOST_H_

#include <atomic>
#include <chrono>
#include <cstdint>

namespace sluice::balancer {

using Duration = std::chrono::nanoseconds;
using TimePoint = std::chrono::time_point<std::chrono::steady_clock, Duration>;

inline int64_t Nanos(TimePoint at) { return at.time_since_epoch().count(); }

// A server's place in one HostView; means nothing in another.
using HostIndex = uint32_t;

// Shares are kept in 1/65536.
inline constexpr uint32_t kWhole = 1u << 16;

// What an operator lets a server do.
enum class Duty : uint8_t {
  kReady,
  kDraining,     // what it has begun, and requests of sessions it has; nothing new
  kMaintenance,  // what it has begun
};

struct HostStats {
  // Read on every pick, written when health changes.
  alignas(64) std::atomic<int64_t> rest_until_ns{0};  // 0: has never rested
  std::atomic<int64_t> ramp_from_ns{0};  // slow_start.h: when it was new or came back; 0: long ago
  std::atomic<int64_t> shrunk_at_ns{0};  // overload.h: when `share` was set
  std::atomic<uint32_t> share{kWhole};   // overload.h: of its weight, then
  std::atomic<uint32_t> limit{0};        // requests at once; 0: as many as come
  std::atomic<bool> adaptive{false};     // `limit` is found from its answers, not stated
  std::atomic<bool> at_rest{true};       // adaptive: nobody waits and it is not crowded
  std::atomic<float> crowding{1};        // adaptive: its times over those usual for the kind
  std::atomic<bool> down{false};         // health.h: the checks say so
  std::atomic<Duty> duty{Duty::kReady};  // what is not ready gets no request, panic or not

  // Written by every worker on every request.
  alignas(64) std::atomic<uint32_t> active{0};  // requests it works on, see ActiveRequest
  std::atomic<uint32_t> waiting{0};             // those of them without an answer yet
  std::atomic<uint32_t> failing{0};             // recent share of failures
  std::atomic<uint32_t> service_us{0};          // mean time to an answer; 0: none measured
  std::atomic<uint32_t> peak_us{0};             // the same, jumping up and sinking slowly
  std::atomic<int64_t> busy_since_ns{0};        // when the first of those that wait was sent
  std::atomic<int64_t> settled_at_ns{0};        // when it last answered or failed
  std::atomic<uint64_t> settled{0};             // answers and failures, ever
  // Of answers whose time tells how crowded it is; ever, and they wrap:
  std::atomic<uint32_t> timed{0};     // their number
  std::atomic<uint32_t> stretch{0};   // time over the usual one of the kind, in 1/1024
  std::atomic<uint32_t> timed_us{0};  // times

  // Written on failures, and on the first success after some.
  alignas(64) std::atomic<uint32_t> failures{0};  // in a row
  std::atomic<uint32_t> rests{0};                 // in a row; each doubles the next
  std::atomic<uint64_t> errors{0};                // failed answers, ever
  std::atomic<uint64_t> timeouts{0};              // of them, those that never came
  std::atomic<uint64_t> overloads{0};             // answers that asked for less, ever

  // A resting server is skipped while another one can be used.
  bool Resting(TimePoint now) const {
    return Nanos(now) < rest_until_ns.load(std::memory_order_relaxed);
  }
  bool Ready() const { return duty.load(std::memory_order_relaxed) == Duty::kReady; }
  // So is one that fails its health checks.
  bool Away(TimePoint now) const { return Resting(now) || down.load(std::memory_order_relaxed); }
};
static_assert(sizeof(HostStats) == 192,
              "what is read on picks shares no line with what is counted");

}  // namespace sluice::balancer

#endif  // SLUICE_BALANCER_HOST_H_
