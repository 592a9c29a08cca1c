// Gcra: a rate with a burst, as arithmetic on one 64-bit number per key: the generic cell rate
// algorithm (ITU-T I.371, "virtual scheduling"), which is a token bucket told as a time. The number
// is the moment at which the key will owe nothing any more. A request of cost c moves it c
// intervals on from there, or from now if that is later, and is refused where it would come to lie
// more than `burst` intervals ahead. So a key that owes nothing behaves like one never seen, and
// needs no memory (keyed_gate.h).
//
// Exact: times are kept in ticks, 2^shift to an interval, with shift such that a tick is at most a
// nanosecond and more than half of one. Costs are then shifts, nothing is rounded but the present
// (down to a tick, each time anew), and no error adds up, whatever the rate. The clock is converted
// by one multiplication with 64 bits behind the point.
//
// Time: an argument, of any clock that starts near 0; before 0 counts as 0, after 146 years as
// that. Threads of different loops bring times that differ by a turn; a time that steps back by up
// to kSlack is only stricter, for as long as the step. A cell further ahead than that and the burst
// is of another clock: it counts as one request short of full, so that nobody is locked out and
// nobody gets a fresh burst.
//
// Threads: any, on the same cell too; Charge() is one compare-and-swap and admits not one too many.
// Cost: some 13 ns, most of them for the verdict (bench/ratelimit_bench.cc). What Validate() would
// refuse is brought to the nearest that it takes.
#ifndef SLUICE_RATELIMIT_GCRA_H_
#define SLUICE_RATELIMIT_GCRA_H_

#include <atomic>
#include <cstdint>

#include "ratelimit/spec.h"
#include "ratelimit/verdict.h"

namespace sluice::ratelimit {

class Gcra {
 public:
  // The state of one key. 0, or any moment past: owes nothing.
  using Cell = std::atomic<uint64_t>;

  static constexpr Duration kSlack = std::chrono::minutes(1);

  explicit Gcra(const RateSpec& spec);

  // What Charge() would say.
  Verdict Peek(const Cell& cell, TimePoint now, uint64_t cost = 1) const;
  // Charges all of `cost` if there is room, else nothing. Cost 0 always passes.
  Verdict Charge(Cell& cell, TimePoint now, uint64_t cost = 1) const;
  // Takes back what a Charge() of `cost` that passed did.
  void Refund(Cell& cell, uint64_t cost = 1) const;

  // For tables of cells; all in ticks of this rate.
  struct Step {
    bool allowed;
    uint64_t owed_until;  // if charged
    uint64_t debt;        // before
  };
  uint64_t Ticks(TimePoint now) const;
  uint64_t Price(uint64_t cost) const { return cost > burst_ ? 0 : cost << shift_; }
  // How far ahead of `now` the cell is; 0 for those of another clock.
  uint64_t Debt(uint64_t owed_until, uint64_t now) const;
  Step Try(uint64_t owed_until, uint64_t now, uint64_t cost) const;
  Verdict Tell(const Step& step, TimePoint now, uint64_t cost) const;

 private:
  uint64_t FromNanos(uint64_t nanos) const;
  // To the first nanosecond at which Ticks() has come to `ticks`.
  Duration Until(uint64_t ticks, TimePoint now) const;

  unsigned shift_;
  uint64_t burst_;
  uint64_t most_;   // the burst in ticks
  uint64_t slack_;  // in ticks
  uint64_t more_;   // a nanosecond is 1 + more_ / 2^64 ticks
  uint64_t less_;   // a tick is 1 - less_ / 2^64 nanoseconds
};

}  // namespace sluice::ratelimit

#endif  // SLUICE_RATELIMIT_GCRA_H_
