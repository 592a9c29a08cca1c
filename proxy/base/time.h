// The two time types of the proxy. Durations are nanoseconds so that arithmetic never rounds; the
// monotonic TimePoint is read once per loop turn (net/loop.h) and passed down as an argument.
#ifndef SLUICE_PROXY_BASE_TIME_H_
#define SLUICE_PROXY_BASE_TIME_H_

#include <chrono>

namespace sluice {

using Duration = std::chrono::nanoseconds;
using TimePoint = std::chrono::time_point<std::chrono::steady_clock, Duration>;
using WallTime = std::chrono::time_point<std::chrono::system_clock, Duration>;

}  // namespace sluice

#endif  // SLUICE_PROXY_BASE_TIME_H_
