// WordLock: holds a lock that is one word, 0 while it is free: for tables with a lock for every few
// entries. Who finds it held waits in the kernel, should the holder be put off its processor.
//
// Threads: any. Cost: some 10 ns when free. Never held across anything that waits.
#ifndef SLUICE_RATELIMIT_WORD_LOCK_H_
#define SLUICE_RATELIMIT_WORD_LOCK_H_

#include <atomic>

namespace sluice::ratelimit {

class WordLock {
 public:
  explicit WordLock(std::atomic<int>& word) : word_(word) {
    while (word_.exchange(1, std::memory_order_acquire) != 0) {
      word_.wait(1, std::memory_order_relaxed);
    }
  }
  WordLock(const WordLock&) = delete;
  WordLock& operator=(const WordLock&) = delete;
  ~WordLock() {
    word_.store(0, std::memory_order_release);
    word_.notify_one();
  }

 private:
  std::atomic<int>& word_;
};

}  // namespace sluice::ratelimit

#endif  // SLUICE_RATELIMIT_WORD_LOCK_H_
