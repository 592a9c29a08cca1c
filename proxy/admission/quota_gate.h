// QuotaGate: a limit of scope "fleet", as a Gate: a table of this machine's part of each key
// (ratelimit/quota_lease.h), and what of it is to be told to the store (quota_sync.h does that).
//
// Memory is fixed from the start: buckets of seven slots under one lock each, 96 bytes for each of
// `keys`. A key that owes nothing needs no slot. When all seven of a bucket are taken, a new key
// takes the one of who owes least, if that is no more than the new key would: so a key forgotten is
// forgiven no more than the request that displaced it. Where all owe more, those who find no slot
// share one key's share among them, per bucket: they get neither everything nor nothing. Both cases
// are counted.
//
// While the store is silent, and before its first word, it goes by `when_silent`: this instance's
// share (quota_lease.h has the bounds), everything, or nothing.
//
// Keys are hashed with the fleet's secret (fleet_hash.h).
//
// Threads: Peek, Charge, Refund: any, exact over all of them; they wait for nobody but each other,
// for some nanoseconds. The rest: the main loop's. Cost: bench/ratelimit_bench.cc.
#ifndef SLUICE_PROXY_ADMISSION_QUOTA_GATE_H_
#define SLUICE_PROXY_ADMISSION_QUOTA_GATE_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ratelimit/gate.h"
#include "ratelimit/quota_lease.h"
#include "ratelimit/spec.h"

namespace sluice::admission {

using ratelimit::KeyHash;
using ratelimit::QuotaLease;

enum class WhenSilent : uint8_t { kShare, kOpen, kClosed };

class QuotaGate final : public ratelimit::Gate {
 public:
  // What refusals by a closed gate tell: nobody knows how long the store will be silent.
  static constexpr ratelimit::Duration kClosedRetry = std::chrono::seconds(1);

  // `name` is the limit's, and part of the names of its keys in the store.
  QuotaGate(std::string name, const ratelimit::KeyedSpec& spec, WhenSilent when_silent);

  ratelimit::Verdict Peek(KeyHash key, ratelimit::TimePoint now, uint64_t cost) const override;
  ratelimit::Verdict Charge(KeyHash key, ratelimit::TimePoint now, uint64_t cost) override;
  void Refund(KeyHash key, uint64_t cost) override;

  // What the store is to be told of one key.
  struct Word {
    KeyHash key;
    uint32_t bucket;
    uint32_t slot;
    QuotaLease::Ask ask;
  };
  // Takes up to `most` keys there is something to tell of, the most active first. Each must come
  // back by Settle() or Lose() before the next Collect().
  void Collect(ratelimit::TimePoint now, size_t most, std::vector<Word>& words);
  void Settle(const Word& word, const QuotaLease::Word& answer, ratelimit::TimePoint now);
  void Lose(const Word& word);
  // The store has spoken, and how many instances there are; or it is silent.
  void SetStanding(uint32_t instances);
  void SetSilent() { silent_.store(true, std::memory_order_relaxed); }
  void SetSilent(uint32_t instances);
  // The keys have other hashes from now on. What was known and owed is forgotten.
  void Forget();

  uint64_t evicted() const override { return evicted_.load(std::memory_order_relaxed); }
  uint64_t unplaced() const override { return unplaced_.load(std::memory_order_relaxed); }

  const std::string& name() const { return name_; }
  const QuotaLease& rule() const { return rule_; }
  WhenSilent when_silent() const { return when_silent_; }
  QuotaLease::Standing standing() const {
    return {.instances = instances_.load(std::memory_order_relaxed),
            .silent = silent_.load(std::memory_order_relaxed)};
  }
  size_t bytes() const { return size_ * sizeof(Bucket) + dirty_words_ * sizeof(uint64_t); }

  // Tokens, summed over all keys; and requests that were decided while the store was silent, keys
  // forgotten while they owed something, and requests of keys without a slot.
  struct Stats {
    uint64_t granted = 0;
    uint64_t owed = 0;
    uint64_t returned = 0;
    uint64_t words = 0;
    uint64_t lost_words = 0;
    uint64_t silent_decisions = 0;
    uint64_t evicted = 0;
    uint64_t unplaced = 0;
  };
  Stats stats() const;

 private:
  static constexpr size_t kSlots = 7;
  static constexpr size_t kAbsent = kSlots;
  using Cell = QuotaLease::Cell;

  struct alignas(64) Bucket {
    std::atomic<int> lock{0};
    uint32_t on_the_way = 0;  // a bit a slot: the store is being told
    std::array<KeyHash, kSlots> keys{};
    std::array<Cell, kSlots> cells{};
    Cell others;  // of those without a slot

    size_t Find(KeyHash key) const;
    bool Untold() const;
  };
  static_assert(sizeof(Bucket) == 384);

  size_t IndexOf(KeyHash key) const;
  // The slot of `key`, which may be another's no longer; kAbsent: it shares `others`.
  size_t Place(Bucket& bucket, KeyHash key, ratelimit::TimePoint now, uint64_t cost);
  // What a silent store makes of a request without looking at its key.
  std::optional<ratelimit::Verdict> WithoutStore(QuotaLease::Standing standing) const;
  void MarkDirty(size_t bucket) const;
  void ClearIfTold(size_t bucket);

  const std::string name_;
  const QuotaLease rule_;
  const WhenSilent when_silent_;
  const size_t size_;  // buckets
  const std::unique_ptr<Bucket[]> buckets_;
  // A bit for each bucket with something to tell.
  const size_t dirty_words_;
  const std::unique_ptr<std::atomic<uint64_t>[]> dirty_;
  size_t cursor_ = 0;  // where the next look at `dirty_` begins
  struct Candidate {
    uint32_t bucket;
    uint32_t slot;
    KeyHash key;
    uint32_t activity;
  };
  std::vector<Candidate> candidates_;  // keeps its capacity
  Stats told_;                         // the main loop's part

  alignas(64) std::atomic<uint32_t> instances_{1};
  std::atomic<bool> silent_{true};
  // Written only when something is wrong.
  alignas(64) mutable std::atomic<uint64_t> silent_decisions_{0};
  std::atomic<uint64_t> evicted_{0};
  std::atomic<uint64_t> unplaced_{0};
};

}  // namespace sluice::admission

#endif  // SLUICE_PROXY_ADMISSION_QUOTA_GATE_H_
