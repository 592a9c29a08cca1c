// Hammering: who goes on and on after being refused, and for how long he is to be banned. Refusals
// of each key are counted as by a limit of their own: `refusals` at once are forgiven, and one more
// each within / refusals. So whoever is refused more slowly than that for ever is never banned, and
// nobody who is refused 2 x `refusals` times within `within` escapes.
//
// The first ban is for `ban`, each further one for twice the one before, up to `longest`; one is
// forgotten for each `longest` that passes. Who calls asks only for keys that are not banned: what
// is refused because of a ban makes it no longer.
//
// Threads: any. Time: an argument; stepping back makes nothing longer than `longest`. Memory: two
// tables for `keys`, see keyed_gate.h: a flood of new keys lets nobody begin anew. Cost: that of
// one KeyedGate, and of another where a ban begins.
#ifndef SLUICE_RATELIMIT_HAMMERING_H_
#define SLUICE_RATELIMIT_HAMMERING_H_

#include "ratelimit/keyed_gate.h"
#include "ratelimit/spec.h"
#include "ratelimit/verdict.h"

namespace sluice::ratelimit {

class Hammering {
 public:
  explicit Hammering(const HammeringSpec& spec);

  // A request of `key` was refused. How long `key` is to be banned from now on; 0: it is not yet.
  Duration Refused(KeyHash key, TimePoint now);

  size_t bytes() const { return refusals_.bytes() + bans_.bytes(); }

 private:
  const HammeringSpec spec_;
  const uint64_t doublings_;  // from `ban` to `longest`
  KeyedGate refusals_;
  KeyedGate bans_;  // that are remembered
};

}  // namespace sluice::ratelimit

#endif  // SLUICE_RATELIMIT_HAMMERING_H_
