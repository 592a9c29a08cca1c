// Bans: keys that are refused whatever their limits say, until a time; and who they are, by which
// limit and why, for people. A table of buckets of eight slots; a key may only be in the bucket its
// hash names. Room for some `most` (with so many some 2 % meet a full bucket), and twice that where
// chance spreads them well. When a bucket is full the one that ends soonest leaves, which may be
// the new one; that is counted.
//
// Keys are hashes under a secret (limit_key.h), so nobody outside can choose a bucket.
//
// Time: an argument, of the clock of the loops. A ban is over when its time has come, or when the
// clock says that there is more of it left than it was long, by more than kSlack: the clock has
// stepped back, and a ban shall not become longer by that.
//
// Threads: any. Asking takes no lock and writes nothing: one relaxed load while nobody is banned,
// else one cache line, and two more for who is (some 10 and 25 ns among 65,536,
// bench/admission_bench.cc). The others take a lock; Sweep() holds it for up to a millisecond of a
// full table. Memory: 48 bytes for each of `most` from the start (3 MiB for 65,536), some 300 more
// for each that is banned.
#ifndef SLUICE_PROXY_ADMISSION_BANS_H_
#define SLUICE_PROXY_ADMISSION_BANS_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "proxy/base/mutex.h"
#include "proxy/base/time.h"
#include "ratelimit/gate.h"

namespace sluice::admission {

struct Ban {
  ratelimit::KeyHash key = 0;
  std::string what;  // LimitKey::Describe()
  std::string by;    // the limit's name, or who ordered it
  std::string why;
  TimePoint until{};
};

class Bans {
 public:
  static constexpr size_t kMost = 65536;
  static constexpr size_t kLongestText = 120;  // bytes of each text of a ban; more is cut off
  static constexpr Duration kSlack = std::chrono::minutes(1);

  explicit Bans(size_t most = kMost);

  // When the ban of `key` ends; nothing: it is not banned.
  std::optional<TimePoint> Until(ratelimit::KeyHash key, TimePoint now) const {
    if (live_.load(std::memory_order_relaxed) == 0) return std::nullopt;
    return Find(key, now);
  }

  // Bans ban.key until ban.until. One that is banned already stays so until the later of the two
  // times, and what is said of it is what is said with that. False: there was no room for it.
  bool Insert(Ban ban, TimePoint now);
  // Whether it was banned.
  bool Lift(ratelimit::KeyHash key, TimePoint now);
  size_t LiftAll(TimePoint now);
  // Forgets those that are over: to be called about once a second.
  void Sweep(TimePoint now);

  std::optional<Ban> Get(ratelimit::KeyHash key, TimePoint now) const;
  // Those that end last first, `most` of them at most.
  std::vector<Ban> List(size_t most, TimePoint now) const;

  // Those that are in force, and those that are over but not swept yet.
  size_t size() const { return live_.load(std::memory_order_relaxed); }
  // Since the start: begun, ended before their time by hand, and for want of room.
  uint64_t begun() const { return begun_.load(std::memory_order_relaxed); }
  uint64_t lifted() const { return lifted_.load(std::memory_order_relaxed); }
  uint64_t evicted() const { return evicted_.load(std::memory_order_relaxed); }

 private:
  static constexpr size_t kSlots = 8;
  // A line of keys for all who ask, then what is read of those who are there.
  struct alignas(64) Bucket {
    std::array<std::atomic<ratelimit::KeyHash>, kSlots> keys{};  // 0: none, or about to change
    std::array<std::atomic<int64_t>, kSlots> until_ns{};
    std::array<std::atomic<int64_t>, kSlots> length_ns{};

    size_t SlotOf(ratelimit::KeyHash key) const;  // kSlots: it has none
    bool InForce(size_t slot, TimePoint now) const;
  };
  static_assert(sizeof(Bucket) == 192);

  // 0 stands for no key; who has it shares with 1.
  static ratelimit::KeyHash Named(ratelimit::KeyHash key) { return key == 0 ? 1 : key; }
  Bucket& BucketOf(ratelimit::KeyHash key) const;
  std::optional<TimePoint> Find(ratelimit::KeyHash key, TimePoint now) const;
  void Clear(Bucket& bucket, size_t slot) SLUICE_REQUIRES(mutex_);

  const size_t size_;  // buckets
  const std::unique_ptr<Bucket[]> buckets_;
  std::atomic<size_t> live_{0};

  mutable Mutex mutex_;  // of whoever changes the table
  absl::flat_hash_map<ratelimit::KeyHash, Ban> told_ SLUICE_GUARDED_BY(mutex_);
  std::atomic<uint64_t> begun_{0};
  std::atomic<uint64_t> lifted_{0};
  std::atomic<uint64_t> evicted_{0};
};

}  // namespace sluice::admission

#endif  // SLUICE_PROXY_ADMISSION_BANS_H_
