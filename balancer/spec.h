// What an operator may say about balancing. Plain values; conf fills them, pickers read them.
#ifndef SLUICE_BALANCER_SPEC_H_
#define SLUICE_BALANCER_SPEC_H_

#include <chrono>
#include <cstdint>
#include <string>

namespace sluice::balancer {

struct PickerSpec {
  std::string strategy = "expected_delay";  // a name of kPickerKinds (picker.h)
  // How long a server that is new or came back is brought up to its full share; 0: at once.
  std::chrono::nanoseconds slow_start = std::chrono::seconds(10);
  // When fewer of the servers than this can be used, all are: what drives out the many would then
  // drive out the few. 0: only when none can be.
  uint32_t panic_percent = 50;
  // maglev: what a server may hold of the pool's requests, in percent of its share.
  uint32_t hash_load_percent = 150;
};

// Passive health: a server that fails `failures` times in a row rests for `rest`, twice as long
// each time it fails again at once, up to `rest_max`. When all rest, all are used.
struct OutlierSpec {
  uint32_t failures = 3;  // 0: never
  std::chrono::nanoseconds rest = std::chrono::seconds(2);
  std::chrono::nanoseconds rest_max = std::chrono::seconds(60);
  uint32_t max_ejected_percent = 50;  // of the pool, those that are down included
};

// Passive health by comparison with the pool's other servers (outlier_sweep.h). Its rests are
// those of OutlierSpec, twice as long each time in a row.
struct SweepSpec {
  // Requests of a server, and of all the others, before it is judged; of fewer, chance decides.
  uint32_t min_requests = 50;
  std::chrono::nanoseconds window = std::chrono::seconds(10);  // in which they are counted
  uint32_t error_percent = 50;  // failures that eject, if the others have less than half
  uint32_t deviations = 4;      // or so many standard deviations above the others
  uint32_t slow_factor = 10;    // or so many times the others' latency; 0: never
};

// The circuit breaker of a pool (breaker.h): when so much fails that more requests only make it
// worse, and how it is found out that they do not any more.
struct BreakerSpec {
  uint32_t error_percent = 50;  // of the tries in `window`, from which on it opens
  uint32_t min_requests = 100;  // tries in it, before it is judged
  std::chrono::nanoseconds window = std::chrono::seconds(10);
  std::chrono::nanoseconds open = std::chrono::seconds(5);   // in which nothing is let in
  std::chrono::nanoseconds ramp = std::chrono::seconds(10);  // from a tenth let in to all
};

// Active health: how many checks change a verdict, and how often they come.
struct HealthSpec {
  std::chrono::nanoseconds interval = std::chrono::seconds(2);
  std::chrono::nanoseconds fast_interval = std::chrono::milliseconds(500);  // while it fails
  uint32_t jitter_percent = 10;                                             // of the interval
  uint32_t fall = 3;  // failures in a row that take a server down
  uint32_t rise = 2;  // passes in a row that bring it back
};

// Retries on their way at once, over the pool's active requests.
struct RetryBudgetSpec {
  uint32_t percent = 20;
  uint32_t least = 3;
};

}  // namespace sluice::balancer

#endif  // SLUICE_BALANCER_SPEC_H_
