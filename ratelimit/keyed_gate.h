// KeyedGate: one rate for each of many keys, in memory that is fixed from the start. A table of
// buckets of seven slots; a slot is a key's hash and its Gcra cell. A key may only be in the bucket
// its hash names. A key that owes nothing needs no slot, so its slot is free to be taken.
//
// When all seven of a bucket owe something, a new key takes the slot of the one that owes least,
// unless that owes more than the new key would: then the new key passes unnoted. Two things follow.
// A key forgotten is forgiven no more than the price of the one request that displaced it, so a
// flood of new keys gives nobody a fresh burst; and a full table refuses nobody who would pass in
// an empty one. Both cases are counted; where `unplaced` grows the table is too small for those who
// are at their limit. With `keys` of them owing something at once, some 2 % meet a full bucket.
//
// Keys come as 64-bit hashes. They must be keyed with a secret (proxy/base/siphash.h): two keys of
// one hash share a limit, and nobody outside may choose with whom.
//
// Threads: any, exact over all of them. A key that is there is looked at and charged without a
// lock, a refusal writes nothing, so that those refused cost other cores no cache line; placing a
// new key takes the lock of its bucket for some 20 ns. Between the placing of one key and the
// charge of another in the same slot a request may, for some nanoseconds, be judged by the wrong
// one's debt; it is then judged again.
// Time: an argument, see gcra.h. Cost: two cache lines; some 20 ns when they are at hand, 120 among
// a million keys (bench/ratelimit_bench.cc).
#ifndef SLUICE_RATELIMIT_KEYED_GATE_H_
#define SLUICE_RATELIMIT_KEYED_GATE_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "ratelimit/gate.h"
#include "ratelimit/gcra.h"
#include "ratelimit/spec.h"
#include "ratelimit/verdict.h"

namespace sluice::ratelimit {

class KeyedGate final : public Gate {
 public:
  explicit KeyedGate(const KeyedSpec& spec);
  KeyedGate(const KeyedGate&) = delete;
  KeyedGate& operator=(const KeyedGate&) = delete;

  Verdict Peek(KeyHash key, TimePoint now, uint64_t cost = 1) const override;
  Verdict Charge(KeyHash key, TimePoint now, uint64_t cost = 1) override;
  void Refund(KeyHash key, uint64_t cost = 1) override;

  uint64_t evicted() const override { return evicted_.load(std::memory_order_relaxed); }
  uint64_t unplaced() const override { return unplaced_.load(std::memory_order_relaxed); }
  size_t bytes() const { return size_ * sizeof(Bucket); }

 private:
  static constexpr size_t kSlots = 7;
  static constexpr size_t kAbsent = kSlots;

  // One line that is read, with the keys, and one that is written, with the debts.
  struct alignas(128) Bucket {
    std::array<std::atomic<KeyHash>, kSlots> keys{};  // 0: none, or about to change hands
    std::atomic<int> placing{0};                      // 1: somebody holds the lock
    alignas(64) std::array<Gcra::Cell, kSlots> owed{};

    size_t Find(KeyHash key) const;
  };
  static_assert(sizeof(Bucket) == 128);

  Bucket& BucketOf(KeyHash key) const;
  // Finds `key` a slot and charges it; nothing if another thread has placed it meanwhile.
  std::optional<Verdict> Place(Bucket& bucket, KeyHash key, TimePoint now, uint64_t cost);

  const Gcra rate_;
  const size_t size_;  // buckets
  const std::unique_ptr<Bucket[]> buckets_;
  // Written when a table is too small.
  alignas(64) std::atomic<uint64_t> evicted_{0};
  std::atomic<uint64_t> unplaced_{0};
};

}  // namespace sluice::ratelimit

#endif  // SLUICE_RATELIMIT_KEYED_GATE_H_
