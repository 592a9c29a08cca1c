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
};

}  // namespace sluice::balancer

#endif  // SLUICE_BALANCER_SPEC_H_
