// KeyedConcurrency: for each of many keys at most so many at once, in memory that is fixed from the
// start. Whoever gets in holds a KeyedPermit; its destruction leaves. A key of whom nobody is in
// needs no room.
//
// A table of buckets of seven keys. When all seven of a bucket have somebody in, a new key takes
// the place of one that has a single one in; that one is forgotten, so its key may have one too
// many until it leaves. If all have more, the new key gets in unnoted. So a full table refuses
// nobody who would get into an empty one, and forgives no key more than one. Both are counted.
//
// Keys are hashes, see gate.h. Threads: any, exact over all of them: one short lock per bucket.
// Ownership: the table outlives its permits. Cost: some 20 ns, 32 bytes a key.
#ifndef SLUICE_RATELIMIT_KEYED_CONCURRENCY_H_
#define SLUICE_RATELIMIT_KEYED_CONCURRENCY_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "ratelimit/gate.h"

namespace sluice::ratelimit {

class KeyedConcurrency;

class [[nodiscard]] KeyedPermit {
 public:
  KeyedPermit(KeyedPermit&& other) noexcept
      : from_(std::exchange(other.from_, nullptr)), key_(other.key_) {}
  KeyedPermit& operator=(KeyedPermit&& other) noexcept {
    std::swap(from_, other.from_);
    std::swap(key_, other.key_);
    return *this;
  }
  ~KeyedPermit();

 private:
  friend class KeyedConcurrency;  // the only maker
  KeyedPermit(KeyedConcurrency* from, KeyHash key) : from_(from), key_(key) {}

  KeyedConcurrency* from_;
  KeyHash key_;
};

class KeyedConcurrency {
 public:
  // `limit` at least 1; room for `keys` that have somebody in.
  KeyedConcurrency(uint32_t limit, uint64_t keys);
  KeyedConcurrency(const KeyedConcurrency&) = delete;
  KeyedConcurrency& operator=(const KeyedConcurrency&) = delete;

  std::optional<KeyedPermit> TryEnter(KeyHash key);
  // How many of the key are in.
  uint32_t active(KeyHash key) const;

  uint64_t evicted() const { return evicted_.load(std::memory_order_relaxed); }
  uint64_t unplaced() const { return unplaced_.load(std::memory_order_relaxed); }
  size_t bytes() const { return size_ * sizeof(Bucket); }

 private:
  friend class KeyedPermit;
  static constexpr size_t kSlots = 7;

  struct Slot {
    KeyHash key = 0;
    uint32_t active = 0;  // 0: the slot is free
  };
  struct alignas(128) Bucket {
    mutable std::atomic<int> lock{0};
    std::array<Slot, kSlots> slots{};

    // The key's, else null. REQUIRES: the lock.
    Slot* Find(KeyHash key);
  };
  static_assert(sizeof(Bucket) == 128);

  Bucket& BucketOf(KeyHash key) const;
  void Leave(KeyHash key);

  const uint32_t limit_;
  const size_t size_;  // buckets
  const std::unique_ptr<Bucket[]> buckets_;
  // Written when the table is too small.
  alignas(64) std::atomic<uint64_t> evicted_{0};
  std::atomic<uint64_t> unplaced_{0};
};

}  // namespace sluice::ratelimit

#endif  // SLUICE_RATELIMIT_KEYED_CONCURRENCY_H_
