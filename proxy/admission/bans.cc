#include "proxy/admission/bans.h"

#include <algorithm>
#include <utility>

namespace sluice::admission {

using ratelimit::KeyHash;

namespace {

int64_t Nanos(TimePoint at) { return at.time_since_epoch().count(); }

}  // namespace

size_t Bans::Bucket::SlotOf(KeyHash key) const {
  for (size_t slot = 0; slot < kSlots; ++slot) {
    if (keys[slot].load(std::memory_order_acquire) == key) return slot;
  }
  return kSlots;
}

// By unsigned arithmetic: `until` may be anything that was ordered.
bool Bans::Bucket::InForce(size_t slot, TimePoint now) const {
  const int64_t until = until_ns[slot].load(std::memory_order_acquire);
  const int64_t length = length_ns[slot].load(std::memory_order_acquire);
  if (until <= Nanos(now)) return false;
  const uint64_t left = static_cast<uint64_t>(until) - static_cast<uint64_t>(Nanos(now));
  return left <= static_cast<uint64_t>(length) + static_cast<uint64_t>(kSlack.count());
}

Bans::Bans(size_t most)
    : size_(std::max<size_t>(1, (most + 3) / 4)), buckets_(new Bucket[size_]()) {}

// The high half: the low one may choose a slot elsewhere.
Bans::Bucket& Bans::BucketOf(KeyHash key) const { return buckets_[(key >> 32) * size_ >> 32]; }

std::optional<TimePoint> Bans::Find(KeyHash key, TimePoint now) const {
  key = Named(key);
  const Bucket& bucket = BucketOf(key);
  const size_t slot = bucket.SlotOf(key);
  if (slot == kSlots || !bucket.InForce(slot, now)) return std::nullopt;
  const TimePoint until{Duration{bucket.until_ns[slot].load(std::memory_order_acquire)}};
  // Whoever takes a slot takes its key away first.
  if (bucket.keys[slot].load(std::memory_order_relaxed) != key) return std::nullopt;
  return until;
}

bool Bans::Insert(Ban ban, TimePoint now) {
  ban.key = Named(ban.key);
  for (std::string* const text : {&ban.what, &ban.by, &ban.why}) {
    if (text->size() > kLongestText) text->resize(kLongestText);
  }
  if (ban.until <= now) return true;
  const int64_t until = Nanos(ban.until);
  MutexLock lock(mutex_);
  Bucket& bucket = BucketOf(ban.key);
  size_t slot = bucket.SlotOf(ban.key);
  if (slot != kSlots && bucket.InForce(slot, now) && bucket.until_ns[slot].load() >= until) {
    return true;
  }
  if (slot == kSlots) {
    slot = 0;
    for (size_t i = 0; i < kSlots; ++i) {
      if (bucket.keys[i].load() != 0 && !bucket.InForce(i, now)) Clear(bucket, i);
    }
    const auto ends = [&](size_t i) {
      return bucket.keys[i].load() == 0 ? 0 : bucket.until_ns[i].load();
    };
    for (size_t i = 1; i < kSlots; ++i) {
      if (ends(i) < ends(slot)) slot = i;
    }
    if (bucket.keys[slot].load() != 0) {
      evicted_.fetch_add(1, std::memory_order_relaxed);
      if (bucket.until_ns[slot].load() >= until) return false;
      Clear(bucket, slot);
    }
    live_.fetch_add(1, std::memory_order_relaxed);
  }
  begun_.fetch_add(1, std::memory_order_relaxed);
  // The length first: with the end of before it makes nothing longer, and with the new one it is
  // enough.
  bucket.length_ns[slot].store(until - Nanos(now), std::memory_order_release);
  bucket.until_ns[slot].store(until, std::memory_order_release);
  bucket.keys[slot].store(ban.key, std::memory_order_release);
  told_[ban.key] = std::move(ban);
  return true;
}

void Bans::Clear(Bucket& bucket, size_t slot) {
  told_.erase(bucket.keys[slot].exchange(0));
  live_.fetch_sub(1, std::memory_order_relaxed);
}

bool Bans::Lift(KeyHash key, TimePoint now) {
  key = Named(key);
  MutexLock lock(mutex_);
  Bucket& bucket = BucketOf(key);
  const size_t slot = bucket.SlotOf(key);
  if (slot == kSlots) return false;
  const bool was = bucket.InForce(slot, now);
  Clear(bucket, slot);
  if (was) lifted_.fetch_add(1, std::memory_order_relaxed);
  return was;
}

size_t Bans::LiftAll(TimePoint now) {
  size_t count = 0;
  for (const Ban& ban : List(kSlots * size_, now)) count += Lift(ban.key, now) ? 1 : 0;
  return count;
}

void Bans::Sweep(TimePoint now) {
  if (size() == 0) return;
  MutexLock lock(mutex_);
  for (size_t i = 0; i < size_; ++i) {
    Bucket& bucket = buckets_[i];
    for (size_t slot = 0; slot < kSlots; ++slot) {
      if (bucket.keys[slot].load() != 0 && !bucket.InForce(slot, now)) Clear(bucket, slot);
    }
  }
}

std::optional<Ban> Bans::Get(KeyHash key, TimePoint now) const {
  if (!Until(key, now)) return std::nullopt;
  MutexLock lock(mutex_);
  const auto found = told_.find(Named(key));
  if (found == told_.end()) return std::nullopt;
  return found->second;
}

std::vector<Ban> Bans::List(size_t most, TimePoint now) const {
  std::vector<Ban> bans;
  {
    MutexLock lock(mutex_);
    for (const auto& [key, ban] : told_) {
      if (Find(key, now)) bans.push_back(ban);
    }
  }
  std::sort(bans.begin(), bans.end(), [](const Ban& a, const Ban& b) {
    return a.until != b.until ? a.until > b.until : a.key < b.key;
  });
  if (bans.size() > most) bans.resize(most);
  return bans;
}

}  // namespace sluice::admission
