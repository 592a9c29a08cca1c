#include "ratelimit/keyed_concurrency.h"

#include <algorithm>

#include "ratelimit/spec.h"
#include "ratelimit/word_lock.h"

namespace sluice::ratelimit {
namespace {

// Keys per bucket at which nearly all find room in its seven slots.
constexpr uint64_t kKeysPerBucket = 4;

}  // namespace

KeyedPermit::~KeyedPermit() {
  if (from_ != nullptr) from_->Leave(key_);
}

KeyedConcurrency::KeyedConcurrency(uint32_t limit, uint64_t keys)
    : limit_(std::max(limit, 1u)),
      size_((std::clamp(keys, uint64_t{1}, kMostKeys) + kKeysPerBucket - 1) / kKeysPerBucket),
      buckets_(new Bucket[size_]) {}

KeyedConcurrency::Bucket& KeyedConcurrency::BucketOf(KeyHash key) const {
  using Wide = unsigned __int128;
  return buckets_[static_cast<size_t>((Wide{key} * size_) >> 64)];
}

KeyedConcurrency::Slot* KeyedConcurrency::Bucket::Find(KeyHash key) {
  const auto found = std::find_if(slots.begin(), slots.end(), [&](const Slot& slot) {
    return slot.key == key && slot.active > 0;
  });
  return found == slots.end() ? nullptr : &*found;
}

std::optional<KeyedPermit> KeyedConcurrency::TryEnter(KeyHash key) {
  Bucket& bucket = BucketOf(key);
  const WordLock lock(bucket.lock);
  if (Slot* const slot = bucket.Find(key)) {
    if (slot->active >= limit_) return std::nullopt;
    ++slot->active;
    return KeyedPermit(this, key);
  }
  Slot& least = *std::min_element(bucket.slots.begin(), bucket.slots.end(),
                                  [](const Slot& a, const Slot& b) { return a.active < b.active; });
  if (least.active > 1) {
    unplaced_.fetch_add(1, std::memory_order_relaxed);
    return KeyedPermit(nullptr, key);
  }
  if (least.active == 1) evicted_.fetch_add(1, std::memory_order_relaxed);
  least = {.key = key, .active = 1};
  return KeyedPermit(this, key);
}

// What was forgotten since has nothing to give back; if its key is there again, the one that leaves
// is one of those that were counted.
void KeyedConcurrency::Leave(KeyHash key) {
  Bucket& bucket = BucketOf(key);
  const WordLock lock(bucket.lock);
  if (Slot* const slot = bucket.Find(key)) --slot->active;
}

uint32_t KeyedConcurrency::active(KeyHash key) const {
  Bucket& bucket = BucketOf(key);
  const WordLock lock(bucket.lock);
  const Slot* const slot = bucket.Find(key);
  return slot == nullptr ? 0 : slot->active;
}

}  // namespace sluice::ratelimit
