// Served: whose turn in the admission queue it was. Goes with the place that was given, and comes
// back when that is free again (admission_queue.h). A value, of any thread.
#ifndef SLUICE_RATELIMIT_SERVED_H_
#define SLUICE_RATELIMIT_SERVED_H_

#include <cstddef>
#include <cstdint>

namespace sluice::ratelimit {

struct Served {
  uint64_t client = 0;
  uint64_t turn = 0;  // its number in that line
  size_t line = 0;
};

}  // namespace sluice::ratelimit

#endif  // SLUICE_RATELIMIT_SERVED_H_
