// Gatekeeper: whether a request may go on, by all limits that are for it. All are looked at, then
// all are charged or none: a request that one limit refuses has cost nothing of the others. Limits
// that are only tried out, or only tag, never keep a request from anything; they are charged when
// the others have let it pass.
//
// Threads: any; what is counted goes to the caller's shard. Time: an argument. Cost: of each limit
// a key and a charge, some 60 ns; of a refusal no allocation but for every sixteenth, whose key is
// noted as text (observe/top.h).
//
// Bans: who goes on after being refused is banned by the limits that say so, and refused by all of
// those which count by the same parts.
#ifndef SLUICE_PROXY_ADMISSION_GATEKEEPER_H_
#define SLUICE_PROXY_ADMISSION_GATEKEEPER_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "proxy/admission/bans.h"
#include "proxy/admission/limit.h"
#include "proxy/admission/request_part.h"
#include "proxy/base/time.h"
#include "ratelimit/keyed_concurrency.h"
#include "ratelimit/verdict.h"

namespace sluice::admission {

// A limit as a route names it.
struct RouteLimit {
  std::shared_ptr<Limit> limit;
  uint64_t cost = 1;  // of one request
};

// What an admitted request holds of its limits until it is over.
class Pass {
 public:
  // The servers took so long for it; charged to limits of server time.
  void Charge(Duration server_time, TimePoint now);
  void Clear() {
    permits_.clear();
    by_time_.clear();
  }

 private:
  friend class Gatekeeper;
  struct Timed {
    ratelimit::Gate* gate;
    ratelimit::KeyHash key;
  };
  absl::InlinedVector<ratelimit::KeyedPermit, 1> permits_;
  absl::InlinedVector<Timed, 1> by_time_;
};

struct Ruling {
  enum class Kind : uint8_t {
    kPass,
    kDelay,   // passes, after `delay`
    kReject,  // by `by`, with a verdict that says when to come back
    kClose,
    kForbid,  // banned, or without what the key needs
  };
  Kind kind = Kind::kPass;
  // Whose doing it is; of those that pass, the one with the least left. Null: no limit is for it.
  const Limit* by = nullptr;
  LimitEnd end = LimitEnd::kPassed;  // at `by`
  ratelimit::Verdict verdict;
  Duration delay{0};
  const Limit* tagged = nullptr;         // the limit that says to put it behind the others
  const RequestPart* missing = nullptr;  // what it lacks, if that is why
};

class Gatekeeper {
 public:
  Gatekeeper(const Asker& asker, Bans& bans, TimePoint now, uint32_t shard)
      : asker_(asker), bans_(bans), now_(now), shard_(shard) {}

  // `pass` is filled only for who may go on.
  Ruling Admit(const std::vector<RouteLimit>& limits, Pass& pass);

 private:
  struct Charged {
    Limit* limit;
    ratelimit::KeyHash key;
    uint64_t cost;
    bool whole;  // no part of the key was missing
  };
  using Many = absl::InlinedVector<Charged, 4>;

  // False: `ruling` ends the matter. What the limit has to be charged with is noted for later.
  bool Look(const RouteLimit& applied, Pass& pass, Ruling& ruling);
  bool ChargeRates(Ruling& ruling);
  void TryOut(Pass& pass, Ruling& ruling);
  Ruling Refuse(const Charged& charged, const ratelimit::Verdict& verdict);
  void MayBan(const Charged& charged);
  void Count(Limit& limit, LimitEnd end);

  const Asker& asker_;
  Bans& bans_;
  const TimePoint now_;
  const uint32_t shard_;
  Many rates_;    // to be charged
  Many entered_;  // nothing to be charged now
  Many others_;   // only tried out
};

}  // namespace sluice::admission

#endif  // SLUICE_PROXY_ADMISSION_GATEKEEPER_H_
