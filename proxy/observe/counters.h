// Counters that cost a worker nothing: each worker has its own copy of every counter and is the
// only one that writes it; readers (/metrics, /status, the tick) add the copies up when they want
// to know.
//
// Threads: a Cell or Gauge is written by one thread and read by any. An increment is a plain load,
// add and store (no lock prefix); a reader may be a turn late, it never sees a torn number.
#ifndef SLUICE_PROXY_OBSERVE_COUNTERS_H_
#define SLUICE_PROXY_OBSERVE_COUNTERS_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "proxy/base/check.h"

namespace sluice::observe {

// Only grows.
class Cell {
 public:
  void Add(uint64_t count = 1) {
    value_.store(value_.load(std::memory_order_relaxed) + count, std::memory_order_relaxed);
  }
  uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

// Goes both ways. What one worker adds another may take off (a connection that moved): only the sum
// over the workers means something.
class Gauge {
 public:
  void Add(int64_t count = 1) {
    value_.store(value_.load(std::memory_order_relaxed) + count, std::memory_order_relaxed);
  }
  void Sub(int64_t count = 1) { Add(-count); }
  int64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<int64_t> value_{0};
};

// One T per writer, on cache lines of its own. Writers are numbered 0..shards-1: the workers, and
// one more where the main thread counts too.
template <typename T>
class Sharded {
 public:
  explicit Sharded(size_t shards) : slots_(new Slot[shards]), size_(shards) {}

  size_t size() const { return size_; }
  T& shard(size_t writer) {
    SLUICE_CHECK(writer < size_);
    return slots_[writer].value;
  }
  const T& shard(size_t writer) const {
    SLUICE_CHECK(writer < size_);
    return slots_[writer].value;
  }

  template <typename Fn>  // void(const T&), once per shard
  void ForEach(Fn&& fn) const {
    for (size_t i = 0; i < size_; ++i) fn(slots_[i].value);
  }

 private:
  struct alignas(64) Slot {
    T value;
  };
  std::unique_ptr<Slot[]> slots_;
  size_t size_;
};

}  // namespace sluice::observe

#endif  // SLUICE_PROXY_OBSERVE_COUNTERS_H_
