// Pace: how often something has happened lately, of the time in which it could have: an average
// that forgets, over some kSpan. What never was is taken to come now.
//
// Threads: one at a time. Time: an argument; REQUIRES: it does not step back.
// Cost: an exponential function, some 20 ns.
#ifndef SLUICE_RATELIMIT_PACE_H_
#define SLUICE_RATELIMIT_PACE_H_

#include <algorithm>
#include <chrono>
#include <cmath>

#include "ratelimit/verdict.h"

namespace sluice::ratelimit {

class Pace {
 public:
  // A pool that is given another server, or loses one, is at its new pace after two or three.
  static constexpr Duration kSpan = std::chrono::seconds(5);

  // From here on it can happen; the time since End() counts for nothing.
  void Begin(TimePoint now) { last_ = now; }
  void End(TimePoint now) {
    const double kept = Kept(now);
    times_ *= kept;
    seconds_ = Seconds(kept);
    last_ = now;
  }
  // It happens.
  void Note(TimePoint now) {
    End(now);
    times_ += 1;
  }
  // The time between two. REQUIRES: it can happen now.
  Duration Gap(TimePoint now) const {
    const double kept = Kept(now);
    return std::chrono::duration_cast<Duration>(
        std::chrono::duration<double>(Seconds(kept) / std::max(times_ * kept, 1.0)));
  }

 private:
  static constexpr double kSpanSeconds = std::chrono::duration<double>(kSpan).count();
  // Of what was known at `last_`.
  double Kept(TimePoint now) const {
    return std::exp(-std::chrono::duration<double>(now - last_).count() / kSpanSeconds);
  }
  double Seconds(double kept) const { return seconds_ * kept + kSpanSeconds * (1 - kept); }

  double times_ = 0;
  double seconds_ = 0;
  TimePoint last_{};
};

}  // namespace sluice::ratelimit

#endif  // SLUICE_RATELIMIT_PACE_H_
