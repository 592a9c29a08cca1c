// What an operator may say about balancing. Plain values; conf fills them, pickers read them.
#ifndef SLUICE_BALANCER_SPEC_H_
#define SLUICE_BALANCER_SPEC_H_

#include <chrono>
#include <cstdint>
#include <string>

namespace sluice::balancer {

struct PickerSpec {
  std::string strategy = "least_request";  // a name of kPickerKinds (picker.h)
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
