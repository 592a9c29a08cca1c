// SpareMemory: when to give memory back to the system that nobody uses any more. After a rush or an
// attack glibc keeps what lies below the last block in use of each thread's heap, which may be
// nearly all of it; malloc_trim() gives that back.
//
// Threads: one, the supervisor's, once a second. Cost of a look: a line of /proc and a walk over
// malloc's free lists, each under its lock; of giving back: some 0.1 us for each 4 KiB, under them
// too, so that a worker that allocates then waits for it.
#ifndef SLUICE_PROXY_SERVER_SPARE_MEMORY_H_
#define SLUICE_PROXY_SERVER_SPARE_MEMORY_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace sluice::server {

class SpareMemory {
 public:
  // Less is kept for the next rush.
  static constexpr size_t kWorth = 24 << 20;
  // Looks in a row that must agree: what is freed and taken again within a second stays.
  static constexpr int kLooks = 3;

  // `resident` bytes of the process; `in_use` of them were taken from malloc. True: now is the
  // time.
  bool Due(size_t resident, size_t in_use) {
    const size_t spare = resident - std::min(resident, in_use);
    // What was left the last time is no malloc's, or in pages that something else lives in.
    left_ = just_gave_ ? spare : std::min(left_, spare);
    just_gave_ = false;
    calm_ = spare >= left_ + kWorth ? calm_ + 1 : 0;
    if (calm_ < kLooks) return false;
    calm_ = 0;
    just_gave_ = true;
    return true;
  }

  // Looks, and gives back when it is due.
  void Look();

 private:
  size_t left_ = 0;
  int calm_ = 0;
  bool just_gave_ = true;  // or just begun: nothing is kept yet
};

}  // namespace sluice::server

#endif  // SLUICE_PROXY_SERVER_SPARE_MEMORY_H_
