// Moment: something that happens once, in one thread, and that others wait for. Every wait of the
// flow tests has the same bound, after which the test has failed.
//
// Threads: any.
#ifndef SLUICE_TESTS_SUPPORT_FLOW_MOMENT_H_
#define SLUICE_TESTS_SUPPORT_FLOW_MOMENT_H_

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace sluice::test {

// Long enough for a sanitizer on a busy machine; nothing that works comes near it.
inline constexpr std::chrono::seconds kPatience{20};

class Moment {
 public:
  void Happen() {
    const std::lock_guard lock(mutex_);
    happened_ = true;
    changed_.notify_all();
  }

  // False when it did not happen within kPatience.
  [[nodiscard]] bool Await() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, [this] { return happened_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool happened_ = false;
};

}  // namespace sluice::test

#endif  // SLUICE_TESTS_SUPPORT_FLOW_MOMENT_H_
