#include "ratelimit/keyed_gate.h"

#include <algorithm>
#include <bit>

#include "ratelimit/word_lock.h"

namespace sluice::ratelimit {
namespace {

using Wide = unsigned __int128;

// Keys per bucket at which nearly all find room in its seven slots.
constexpr uint64_t kKeysPerBucket = 4;

// 0 marks an empty slot.
KeyHash Marked(KeyHash key) { return key == 0 ? 1 : key; }

}  // namespace

// How two threads keep out of each other's way. Keys are written only under the bucket's lock.
// Whoever charges a cell reads the slot's key before and after; the change of a cell is an atomic
// step, and the key is taken away before the cell gets its new owner's debt. So a charge that meets
// the old debt either makes the change of hands fail or is followed by the old key; one that meets
// the new debt sees that the key is gone, and is taken back.

KeyedGate::KeyedGate(const KeyedSpec& spec)
    : rate_(spec.limit),
      size_((std::clamp(spec.keys, uint64_t{1}, kMostKeys) + kKeysPerBucket - 1) / kKeysPerBucket),
      buckets_(new Bucket[size_]) {}

KeyedGate::Bucket& KeyedGate::BucketOf(KeyHash key) const {
  return buckets_[static_cast<size_t>((Wide{key} * size_) >> 64)];
}

size_t KeyedGate::Bucket::Find(KeyHash key) const {
  // All seven are compared: they are in one line, and which one it is no branch could foresee.
  unsigned found = 1u << kAbsent;
  for (size_t slot = 0; slot < kSlots; ++slot) {
    found |= unsigned{keys[slot].load(std::memory_order_acquire) == key} << slot;
  }
  return static_cast<size_t>(std::countr_zero(found));
}

Verdict KeyedGate::Peek(KeyHash key, TimePoint now, uint64_t cost) const {
  key = Marked(key);
  const Bucket& bucket = BucketOf(key);
  for (;;) {
    const size_t slot = bucket.Find(key);
    if (slot == kAbsent) return rate_.Peek(Gcra::Cell(0), now, cost);
    const Verdict verdict = rate_.Peek(bucket.owed[slot], now, cost);
    if (bucket.keys[slot].load(std::memory_order_acquire) == key) return verdict;
  }
}

Verdict KeyedGate::Charge(KeyHash key, TimePoint now, uint64_t cost) {
  key = Marked(key);
  Bucket& bucket = BucketOf(key);
  for (;;) {
    const size_t slot = bucket.Find(key);
    if (slot == kAbsent) {
      if (const std::optional<Verdict> verdict = Place(bucket, key, now, cost)) return *verdict;
      continue;
    }
    const Verdict verdict = rate_.Charge(bucket.owed[slot], now, cost);
    if (bucket.keys[slot].load(std::memory_order_acquire) == key) return verdict;
    if (verdict.allowed) rate_.Refund(bucket.owed[slot], cost);
  }
}

void KeyedGate::Refund(KeyHash key, uint64_t cost) {
  key = Marked(key);
  Bucket& bucket = BucketOf(key);
  for (;;) {
    const size_t slot = bucket.Find(key);
    if (slot == kAbsent) return;
    rate_.Refund(bucket.owed[slot], cost);
    if (bucket.keys[slot].load(std::memory_order_acquire) == key) return;
    bucket.owed[slot].fetch_add(rate_.Price(cost), std::memory_order_acq_rel);
  }
}

std::optional<Verdict> KeyedGate::Place(Bucket& bucket, KeyHash key, TimePoint now, uint64_t cost) {
  const uint64_t ticks = rate_.Ticks(now);
  const Gcra::Step step = rate_.Try(0, ticks, cost);
  const Verdict verdict = rate_.Tell(step, now, cost);
  if (!step.allowed || cost == 0) return verdict;

  const WordLock lock(bucket.placing);
  for (;;) {
    if (bucket.Find(key) != kAbsent) return std::nullopt;
    size_t least = 0;
    uint64_t least_debt = UINT64_MAX;
    uint64_t judged = 0;
    for (size_t slot = 0; slot < kSlots && least_debt > 0; ++slot) {
      const uint64_t owed_until = bucket.owed[slot].load(std::memory_order_acquire);
      const uint64_t debt = rate_.Debt(owed_until, ticks);
      if (debt >= least_debt) continue;
      least = slot;
      least_debt = debt;
      judged = owed_until;
    }
    if (least_debt > rate_.Price(cost)) {
      unplaced_.fetch_add(1, std::memory_order_relaxed);
      return verdict;
    }
    const KeyHash before = bucket.keys[least].load(std::memory_order_relaxed);
    bucket.keys[least].store(0, std::memory_order_release);
    if (bucket.owed[least].compare_exchange_strong(
            judged, step.owed_until, std::memory_order_acq_rel, std::memory_order_acquire)) {
      bucket.keys[least].store(key, std::memory_order_release);
      if (least_debt > 0) evicted_.fetch_add(1, std::memory_order_relaxed);
      return verdict;
    }
    // Charged at that moment: it stays.
    bucket.keys[least].store(before, std::memory_order_release);
  }
}

}  // namespace sluice::ratelimit
