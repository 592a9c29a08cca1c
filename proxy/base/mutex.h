// std::mutex with the annotations that clang's -Wthread-safety reads. Not absl::Mutex: the packaged
// one is not instrumented, and ThreadSanitizer then reports races that are none.
#ifndef SLUICE_PROXY_BASE_MUTEX_H_
#define SLUICE_PROXY_BASE_MUTEX_H_

#include <mutex>

#if defined(__clang__)
#define SLUICE_THREAD_ATTRIBUTE(x) __attribute__((x))
#else
#define SLUICE_THREAD_ATTRIBUTE(x)
#endif
#define SLUICE_GUARDED_BY(mutex) SLUICE_THREAD_ATTRIBUTE(guarded_by(mutex))
// For the predicate of a condition variable, which runs under a lock that clang cannot see.
#define SLUICE_NO_THREAD_SAFETY SLUICE_THREAD_ATTRIBUTE(no_thread_safety_analysis)
#define SLUICE_REQUIRES(mutex) SLUICE_THREAD_ATTRIBUTE(requires_capability(mutex))

namespace sluice {

class SLUICE_THREAD_ATTRIBUTE(capability("mutex")) Mutex {
 public:
  void Lock() SLUICE_THREAD_ATTRIBUTE(acquire_capability()) { mutex_.lock(); }
  void Unlock() SLUICE_THREAD_ATTRIBUTE(release_capability()) { mutex_.unlock(); }
  // For std::condition_variable only.
  std::mutex& native() { return mutex_; }

 private:
  std::mutex mutex_;
};

class SLUICE_THREAD_ATTRIBUTE(scoped_lockable) MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) SLUICE_THREAD_ATTRIBUTE(acquire_capability(mutex))
      : mutex_(mutex) {
    mutex_.Lock();
  }
  ~MutexLock() SLUICE_THREAD_ATTRIBUTE(release_capability()) { mutex_.Unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

}  // namespace sluice

#endif  // SLUICE_PROXY_BASE_MUTEX_H_
