// Verdict: what a gate says of one request. Plain values; Duration and TimePoint are those of the
// whole proxy (proxy/base/time.h), said again because this room includes nobody.
#ifndef SLUICE_RATELIMIT_VERDICT_H_
#define SLUICE_RATELIMIT_VERDICT_H_

#include <chrono>
#include <cstdint>

namespace sluice::ratelimit {

using Duration = std::chrono::nanoseconds;
using TimePoint = std::chrono::time_point<std::chrono::steady_clock, Duration>;

// A cost above the burst never passes, however long one waits.
inline constexpr Duration kNever = Duration::max();

struct Verdict {
  bool allowed = true;
  // 0 when allowed. Else: after exactly so long the same request passes, if nothing else does.
  Duration retry_after{0};
  // How many more at cost 1 would pass at once, after this one if it is allowed.
  uint64_t remaining = 0;
  // After so long the key owes nothing, if nothing else passes.
  Duration reset{0};
};

}  // namespace sluice::ratelimit

#endif  // SLUICE_RATELIMIT_VERDICT_H_
