// Gate: a limit with a key, as whoever admits requests sees it: looked at, charged, and given back
// when another limit on the same request says no (gate_chain.h). What stands behind it is this
// machine's own table (keyed_gate.h), or this machine's part of a limit that many share.
//
// Threads: any. No implementation waits for anything.
#ifndef SLUICE_RATELIMIT_GATE_H_
#define SLUICE_RATELIMIT_GATE_H_

#include <cstdint>

#include "ratelimit/verdict.h"

namespace sluice::ratelimit {

// Of a key's bytes, keyed with a secret: two keys of one hash share a limit, and nobody outside may
// choose with whom.
using KeyHash = uint64_t;

class Gate {
 public:
  virtual ~Gate() = default;

  // What Charge() would say.
  virtual Verdict Peek(KeyHash key, TimePoint now, uint64_t cost) const = 0;
  // Charges all of `cost` if there is room, else nothing. Cost 0 always passes.
  virtual Verdict Charge(KeyHash key, TimePoint now, uint64_t cost) = 0;
  // Takes back what a Charge() of `cost` that passed did; nothing if the key is forgotten since.
  virtual void Refund(KeyHash key, uint64_t cost) = 0;

  // Keys forgotten while they owed something, and requests that passed without being noted: where
  // they grow there is too little room.
  virtual uint64_t evicted() const = 0;
  virtual uint64_t unplaced() const = 0;
};

}  // namespace sluice::ratelimit

#endif  // SLUICE_RATELIMIT_GATE_H_
