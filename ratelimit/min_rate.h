// MinRate: is a peer too slow? It may fall behind `rate` bytes per second by as much as `grace`
// seconds are worth; a quick start is not held in its favour beyond that. A body of any size may
// take as long as it needs, but a peer that trickles to hold a connection is told from one on a bad
// line.
//
// Threads: one. Time: an argument, as the length of the spell just over.
#ifndef SLUICE_RATELIMIT_MIN_RATE_H_
#define SLUICE_RATELIMIT_MIN_RATE_H_

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace sluice::ratelimit {

class MinRate {
 public:
  // rate 0: nothing is too slow.
  MinRate(uint64_t rate_bytes_per_second, std::chrono::nanoseconds grace)
      : rate_(rate_bytes_per_second),
        cap_(static_cast<double>(rate_bytes_per_second) *
             std::chrono::duration<double>(grace).count()),
        credit_(cap_) {}

  // `bytes` came during the last `spell`. False when the peer has used up its grace.
  bool Note(uint64_t bytes, std::chrono::nanoseconds spell) {
    if (rate_ == 0) return true;
    credit_ += static_cast<double>(bytes) -
               static_cast<double>(rate_) * std::chrono::duration<double>(spell).count();
    credit_ = std::min(credit_, cap_);
    return credit_ >= 0;
  }

 private:
  uint64_t rate_;
  double cap_;     // bytes
  double credit_;  // bytes
};

}  // namespace sluice::ratelimit

#endif  // SLUICE_RATELIMIT_MIN_RATE_H_
