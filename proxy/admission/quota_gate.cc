#include "proxy/admission/quota_gate.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "ratelimit/word_lock.h"

namespace sluice::admission {
namespace {

using ratelimit::TimePoint;
using ratelimit::Verdict;
using ratelimit::WordLock;
using Wide = unsigned __int128;

// Keys per bucket at which nearly all find room in its seven slots.
constexpr uint64_t kKeysPerBucket = 4;
// Looked at for one word to the store: some 100 us.
constexpr size_t kMostCandidates = 8192;

// 0 marks an empty slot.
KeyHash Marked(KeyHash key) { return key == 0 ? 1 : key; }

}  // namespace

QuotaGate::QuotaGate(std::string name, const ratelimit::KeyedSpec& spec, WhenSilent when_silent)
    : name_(std::move(name)),
      rule_(spec.limit),
      when_silent_(when_silent),
      size_((std::clamp(spec.keys, uint64_t{1}, ratelimit::kMostKeys) + kKeysPerBucket - 1) /
            kKeysPerBucket),
      buckets_(new Bucket[size_]),
      dirty_words_((size_ + 63) / 64),
      dirty_(new std::atomic<uint64_t>[dirty_words_]()) {}

size_t QuotaGate::IndexOf(KeyHash key) const {
  return static_cast<size_t>((Wide{key} * size_) >> 64);
}

size_t QuotaGate::Bucket::Find(KeyHash key) const {
  // All seven are compared: they are in one line, and which one it is no branch could foresee.
  unsigned found = 1u << kAbsent;
  for (size_t slot = 0; slot < kSlots; ++slot) found |= unsigned{keys[slot] == key} << slot;
  return static_cast<size_t>(std::countr_zero(found));
}

bool QuotaGate::Bucket::Untold() const {
  return std::any_of(cells.begin(), cells.end(), QuotaLease::Untold);
}

void QuotaGate::MarkDirty(size_t bucket) const {
  std::atomic<uint64_t>& word = dirty_[bucket / 64];
  const uint64_t bit = uint64_t{1} << (bucket % 64);
  if ((word.load(std::memory_order_relaxed) & bit) == 0) {
    word.fetch_or(bit, std::memory_order_relaxed);
  }
}

void QuotaGate::ClearIfTold(size_t bucket) {
  if (buckets_[bucket].Untold()) return;
  dirty_[bucket / 64].fetch_and(~(uint64_t{1} << (bucket % 64)), std::memory_order_relaxed);
}

std::optional<Verdict> QuotaGate::WithoutStore(QuotaLease::Standing standing) const {
  if (!standing.silent) return std::nullopt;
  silent_decisions_.fetch_add(1, std::memory_order_relaxed);
  switch (when_silent_) {
    case WhenSilent::kShare:
      break;
    case WhenSilent::kOpen:
      return Verdict{.allowed = true, .remaining = rule_.capacity()};
    case WhenSilent::kClosed:
      return Verdict{.allowed = false, .retry_after = kClosedRetry};
  }
  return std::nullopt;
}

Verdict QuotaGate::Peek(KeyHash key, TimePoint now, uint64_t cost) const {
  const QuotaLease::Standing standing = this->standing();
  if (const std::optional<Verdict> verdict = WithoutStore(standing)) return *verdict;
  key = Marked(key);
  const size_t index = IndexOf(key);
  Bucket& bucket = buckets_[index];
  const WordLock lock(bucket.lock);
  const size_t slot = bucket.Find(key);
  if (slot == kAbsent) {
    Cell unknown;
    return rule_.Peek(unknown, now, cost, standing);
  }
  const Verdict verdict = rule_.Peek(bucket.cells[slot], now, cost, standing);
  if (QuotaLease::Untold(bucket.cells[slot])) MarkDirty(index);
  return verdict;
}

Verdict QuotaGate::Charge(KeyHash key, TimePoint now, uint64_t cost) {
  QuotaLease::Standing standing = this->standing();
  if (const std::optional<Verdict> verdict = WithoutStore(standing)) return *verdict;
  key = Marked(key);
  const size_t index = IndexOf(key);
  Bucket& bucket = buckets_[index];
  const WordLock lock(bucket.lock);
  size_t slot = bucket.Find(key);
  if (slot == kAbsent) slot = Place(bucket, key, now, cost);
  if (slot == kAbsent) {
    // Nobody's debt in particular: the store is not told.
    standing.silent = true;
    return rule_.Charge(bucket.others, now, cost, standing);
  }
  const Verdict verdict = rule_.Charge(bucket.cells[slot], now, cost, standing);
  if (QuotaLease::Untold(bucket.cells[slot])) MarkDirty(index);
  return verdict;
}

void QuotaGate::Refund(KeyHash key, uint64_t cost) {
  QuotaLease::Standing standing = this->standing();
  if (standing.silent && when_silent_ != WhenSilent::kShare) return;
  key = Marked(key);
  const size_t index = IndexOf(key);
  Bucket& bucket = buckets_[index];
  const WordLock lock(bucket.lock);
  const size_t slot = bucket.Find(key);
  if (slot == kAbsent) {
    standing.silent = true;
    return rule_.Refund(bucket.others, cost, standing);
  }
  rule_.Refund(bucket.cells[slot], cost, standing);
  if (QuotaLease::Untold(bucket.cells[slot])) MarkDirty(index);
}

size_t QuotaGate::Place(Bucket& bucket, KeyHash key, TimePoint now, uint64_t cost) {
  const QuotaLease::Standing standing = this->standing();
  size_t least = kAbsent;
  uint64_t least_debt = UINT64_MAX;
  for (size_t slot = 0; slot < kSlots && least_debt > 0; ++slot) {
    const Cell& cell = bucket.cells[slot];
    // Leased tokens are worth giving back, and an answer must find its key.
    if (cell.lease != 0 || (bucket.on_the_way >> slot & 1) != 0) continue;
    const uint64_t debt = bucket.keys[slot] == 0 ? 0 : rule_.Debt(cell, now, standing);
    if (debt >= least_debt) continue;
    least = slot;
    least_debt = debt;
  }
  if (least == kAbsent || least_debt > cost) {
    unplaced_.fetch_add(1, std::memory_order_relaxed);
    return kAbsent;
  }
  if (least_debt > 0) evicted_.fetch_add(1, std::memory_order_relaxed);
  bucket.keys[least] = key;
  bucket.cells[least] = {};
  return least;
}

// Words to the store.

void QuotaGate::Collect(TimePoint now, size_t most, std::vector<Word>& words) {
  const QuotaLease::Standing standing = this->standing();
  candidates_.clear();
  for (size_t i = 0; i < dirty_words_ && candidates_.size() < kMostCandidates; ++i) {
    const size_t place = cursor_;
    cursor_ = cursor_ + 1 == dirty_words_ ? 0 : cursor_ + 1;
    for (uint64_t bits = dirty_[place].load(std::memory_order_relaxed); bits != 0;
         bits &= bits - 1) {
      const size_t index = place * 64 + static_cast<size_t>(std::countr_zero(bits));
      Bucket& bucket = buckets_[index];
      const WordLock lock(bucket.lock);
      for (size_t slot = 0; slot < kSlots; ++slot) {
        const Cell& cell = bucket.cells[slot];
        if (!QuotaLease::Untold(cell)) continue;
        candidates_.push_back({.bucket = static_cast<uint32_t>(index),
                               .slot = static_cast<uint32_t>(slot),
                               .key = bucket.keys[slot],
                               .activity = cell.asked + cell.unsaid});
      }
      ClearIfTold(index);
    }
  }
  if (candidates_.size() > most) {
    std::nth_element(
        candidates_.begin(), candidates_.begin() + static_cast<ptrdiff_t>(most), candidates_.end(),
        [](const Candidate& a, const Candidate& b) { return a.activity > b.activity; });
    candidates_.resize(most);
  }
  for (const Candidate& candidate : candidates_) {
    Bucket& bucket = buckets_[candidate.bucket];
    const WordLock lock(bucket.lock);
    Cell& cell = bucket.cells[candidate.slot];
    if (bucket.keys[candidate.slot] != candidate.key || !QuotaLease::Untold(cell)) continue;
    words.push_back({.key = candidate.key,
                     .bucket = candidate.bucket,
                     .slot = candidate.slot,
                     .ask = rule_.Begin(cell, now, standing)});
    bucket.on_the_way |= 1u << candidate.slot;
    ClearIfTold(candidate.bucket);
  }
}

void QuotaGate::Settle(const Word& word, const QuotaLease::Word& answer, TimePoint now) {
  ++told_.words;
  told_.owed += word.ask.owed;
  told_.returned += word.ask.back;
  told_.granted += std::min(answer.granted, word.ask.want);
  Bucket& bucket = buckets_[word.bucket];
  const WordLock lock(bucket.lock);
  if (bucket.keys[word.slot] != word.key) return;  // forgotten meanwhile
  bucket.on_the_way &= ~(1u << word.slot);
  Cell& cell = bucket.cells[word.slot];
  rule_.End(cell, word.ask, answer, now, standing());
  if (QuotaLease::Untold(cell)) MarkDirty(word.bucket);
}

void QuotaGate::Lose(const Word& word) {
  ++told_.lost_words;
  Bucket& bucket = buckets_[word.bucket];
  const WordLock lock(bucket.lock);
  if (bucket.keys[word.slot] != word.key) return;
  bucket.on_the_way &= ~(1u << word.slot);
  Cell& cell = bucket.cells[word.slot];
  QuotaLease::Lost(cell, word.ask);
  if (QuotaLease::Untold(cell)) MarkDirty(word.bucket);
}

void QuotaGate::SetStanding(uint32_t instances) {
  instances_.store(std::max(instances, uint32_t{1}), std::memory_order_relaxed);
  silent_.store(false, std::memory_order_relaxed);
}

void QuotaGate::SetSilent(uint32_t instances) {
  instances_.store(std::max(instances, uint32_t{1}), std::memory_order_relaxed);
  SetSilent();
}

void QuotaGate::Forget() {
  for (size_t index = 0; index < size_; ++index) {
    Bucket& bucket = buckets_[index];
    const WordLock lock(bucket.lock);
    bucket.on_the_way = 0;
    bucket.keys = {};
    bucket.cells = {};
    ClearIfTold(index);
  }
}

QuotaGate::Stats QuotaGate::stats() const {
  Stats stats = told_;
  stats.silent_decisions = silent_decisions_.load(std::memory_order_relaxed);
  stats.evicted = evicted_.load(std::memory_order_relaxed);
  stats.unplaced = unplaced_.load(std::memory_order_relaxed);
  return stats;
}

}  // namespace sluice::admission
