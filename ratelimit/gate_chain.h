// Several limits on one request: all are looked at, then all are charged or none. A request refused
// by one has spent nothing of the others.
//
// Between the look and the charge another thread may take the last of a limit. Then what was
// charged is given back, so no limit is ever overdrawn; at worst a request on another thread, in
// the nanoseconds between, is refused for what was not to be.
//
// Threads: any. Cost: a Peek() and a Charge() of each gate; of a single one only the Charge(). No
// memory.
#ifndef SLUICE_RATELIMIT_GATE_CHAIN_H_
#define SLUICE_RATELIMIT_GATE_CHAIN_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "ratelimit/gate.h"
#include "ratelimit/verdict.h"

namespace sluice::ratelimit {

// What a request asks of one gate.
struct Claim {
  Gate* gate;
  KeyHash key;
  uint64_t cost = 1;
};

// The verdict that counts, and of which claim it is. Refused: the longest wait, since whoever comes
// back sooner is refused again. Allowed: the one with the least remaining.
struct ChainVerdict {
  Verdict verdict;
  size_t claim = 0;
};

// No claims: allowed.
inline ChainVerdict ChargeAll(std::span<const Claim> claims, TimePoint now) {
  ChainVerdict answer;
  if (claims.size() > 1) {
    for (size_t i = 0; i < claims.size(); ++i) {
      const Verdict seen = claims[i].gate->Peek(claims[i].key, now, claims[i].cost);
      if (seen.allowed) continue;
      if (answer.verdict.allowed || seen.retry_after > answer.verdict.retry_after) {
        answer = {seen, i};
      }
    }
    if (!answer.verdict.allowed) return answer;
  }
  for (size_t i = 0; i < claims.size(); ++i) {
    const Verdict charged = claims[i].gate->Charge(claims[i].key, now, claims[i].cost);
    if (!charged.allowed) {
      for (const Claim& earlier : claims.first(i)) {
        earlier.gate->Refund(earlier.key, earlier.cost);
      }
      return {charged, i};
    }
    if (i == 0 || charged.remaining < answer.verdict.remaining) answer = {charged, i};
  }
  return answer;
}

}  // namespace sluice::ratelimit

#endif  // SLUICE_RATELIMIT_GATE_CHAIN_H_
