// QuotaLease: this machine's part of a limit that many share, as arithmetic on one small cell per
// key. The whole limit is kept, exactly, by a store that all can reach; no request waits for it.
//
// A request is paid for in one of two ways. Either with a token leased from the store beforehand,
// and paid there; or on this instance's share: a token bucket of 1/instances of the rate and burst,
// which begins where the store last said the key stands, and what passes on it is reported as debt
// with the next word to the store. Some ten times a second, for each key that was asked for, the
// debt is told, leased tokens that are not needed are given back, and where the share would not do
// new ones are leased, as many as were asked for of late (refusals included). So quota follows the
// load within a word or two, a light key never needs a lease, and a key never heard of passes at
// once. While the store is silent the share alone goes on, at the part of the rate that was this
// instance's of late if that is more; what passes then is not reported.
//
// What it adds up to. Per key, in any time t, all instances together admit no more than
//   rate * (t + 3 * sync) + capacity + instances * max(1, capacity / instances)
// with capacity = max(burst, rate * kSyncReserve), as long as each knows how many they are: leases
// may be held for some words to the store while its bucket fills again, and the shares of a bucket
// that has just been emptied by others may be spent once. In the long run it is the rate, for debt
// is paid before anything is granted; and where more than the rate is asked for, no less than it.
// While the store is silent it is the sum of max(share, recent part): below 2 times the rate.
//
// Time: an argument, of any clock that starts near 0. A step back is only stricter, for as long;
// a cell from further ahead than any debt could be counts as full.
// Threads: one at a time for each cell (quota_gate.h has the locks). Cost: some 10 ns, no memory.
#ifndef SLUICE_RATELIMIT_QUOTA_LEASE_H_
#define SLUICE_RATELIMIT_QUOTA_LEASE_H_

#include <cstdint>

#include "ratelimit/spec.h"
#include "ratelimit/verdict.h"

namespace sluice::ratelimit {

class QuotaLease {
 public:
  // What the rate brings between two words to the store must not overflow its bucket.
  static constexpr Duration kSyncReserve = std::chrono::milliseconds(100);
  // Of a lease and of a debt; a larger burst counts as this.
  static constexpr uint64_t kMostTokens = uint64_t{1} << 30;

  // The state of one key; all zeros: nothing known, nothing owed.
  struct Cell {
    int64_t owed_until = 0;  // ns; of the share's bucket, see gcra.h
    int64_t told_at = 0;     // ns; the last word of the store
    uint32_t lease = 0;      // tokens paid for, not spent
    uint32_t unsaid = 0;     // tokens spent, not yet reported
    uint32_t asked = 0;      // since the last word to the store, refusals included
    uint32_t forecast = 0;   // of `asked`
    float part = 0;          // of the rate, that was ours in the last second or so
  };
  // How this machine stands to the others.
  struct Standing {
    uint32_t instances = 1;
    bool silent = false;  // the store is
  };
  // To the store about one key: pay `owed`, take `back`, then grant up to `want`.
  struct Ask {
    uint32_t owed = 0;
    uint32_t back = 0;
    uint32_t want = 0;
  };
  // From the store: what was granted, and how many more could be; below 0: the key is in debt.
  struct Word {
    uint32_t granted = 0;
    int64_t left = 0;
  };

  explicit QuotaLease(const RateSpec& spec);

  // Charges all of `cost` or nothing. A refusal says when the share alone will have room; a lease
  // may come sooner.
  Verdict Charge(Cell& cell, TimePoint now, uint64_t cost, Standing standing) const;
  // What Charge() would say. A refusal counts as asked for, for no Charge() will follow.
  Verdict Peek(Cell& cell, TimePoint now, uint64_t cost, Standing standing) const;
  // Takes back what a Charge() that passed did.
  void Refund(Cell& cell, uint64_t cost, Standing standing) const;

  // A word to the store and its answer; until then there is no other Begin() of the cell. A word
  // that may be lost is Lost(): its debt is told again, what it gave back is gone, so that a store
  // which fails makes the limit stricter by that and never looser.
  Ask Begin(Cell& cell, TimePoint now, Standing standing) const;
  void End(Cell& cell, const Ask& ask, const Word& word, TimePoint now, Standing standing) const;
  static void Lost(Cell& cell, const Ask& ask);

  // There is something to tell the store.
  static bool Untold(const Cell& cell) { return (cell.lease | cell.unsaid | cell.asked) != 0; }
  // How much the key owes by what is known here, in tokens of `standing`'s share; rounded up.
  uint64_t Debt(const Cell& cell, TimePoint now, Standing standing) const;

  uint64_t capacity() const { return capacity_; }
  double interval_ns() const { return interval_ns_; }  // one token's

 private:
  struct Step {
    bool allowed = true;
    uint32_t leased = 0;  // of the cost
    int64_t owed_until = 0;
    int64_t wait = 0;  // ns
  };
  double ShareOf(const Cell& cell, Standing standing) const;
  int64_t DebtNs(const Cell& cell, int64_t now, Standing standing) const;
  int64_t Price(uint64_t tokens, double share) const;
  Step Try(const Cell& cell, int64_t now, uint64_t cost, Standing standing) const;
  Verdict Tell(const Cell& cell, const Step& step, int64_t now, uint64_t cost,
               Standing standing) const;
  void NoteAsked(Cell& cell, uint64_t cost) const;

  double interval_ns_;
  uint64_t capacity_;
  int64_t window_ns_;  // capacity * interval
};

}  // namespace sluice::ratelimit

#endif  // SLUICE_RATELIMIT_QUOTA_LEASE_H_
