// Limit: one [[limit]] of the configuration at work: who is counted together, what is left for
// them, and what came of it. A gatekeeper (gatekeeper.h) applies it to requests.
//
// Live state: a reload or a change at run time that leaves alone what is counted and how (rate,
// burst, number, key, ban) keeps what everybody owes; another rate begins anew.
//
// Threads: any; counters one writer per shard. Cost: see LimitKey and the gates; memory 32 bytes a
// key of `keys`, taken at once.
#ifndef SLUICE_PROXY_ADMISSION_LIMIT_H_
#define SLUICE_PROXY_ADMISSION_LIMIT_H_

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "conf/limit.h"
#include "proxy/admission/limit_key.h"
#include "proxy/base/cidr_set.h"
#include "proxy/base/siphash.h"
#include "proxy/base/time.h"
#include "proxy/observe/counters.h"
#include "proxy/observe/histogram.h"
#include "proxy/observe/top.h"
#include "ratelimit/gate.h"
#include "ratelimit/hammering.h"
#include "ratelimit/keyed_concurrency.h"
#include "ratelimit/keyed_gate.h"

namespace sluice::admission {

// What came of a request at a limit. The names are those of the label in /metrics.
enum class LimitEnd : uint8_t {
  kPassed,
  kRejected,
  kDelayed,
  kTagged,
  kClosed,
  kWouldRefuse,  // it is only tried out (dry_run)
  kExempt,
  kMissing,         // the key lacks a part, so it passed
  kMissingRefused,  // the same, and it was refused
  kBanned,
};
inline constexpr std::array<std::string_view, 10> kLimitEnds = {
    "passed",       "rejected", "delayed", "tagged",          "closed",
    "would_refuse", "exempt",   "missing", "missing_refused", "banned"};

struct LimitStats {
  std::array<observe::Cell, kLimitEnds.size()> ends;
  observe::Histogram delays;
};

// Over all shards.
struct LimitTotals {
  std::array<uint64_t, kLimitEnds.size()> ends{};
  observe::HistogramSnapshot delays;

  uint64_t of(LimitEnd end) const { return ends[static_cast<size_t>(end)]; }
};
LimitTotals Sum(const observe::Sharded<LimitStats>& stats);

class Limit {
 public:
  enum class Action : uint8_t { kReject, kDelay, kTag, kClose };
  enum class Missing : uint8_t { kPass, kShare, kReject };
  enum class Tells : uint8_t { kRefused, kAlways, kNever };

  // `secret` is that of the keys: of this process, or of the fleet. `fleet`: what is behind it in
  // place of this machine's own table; null: nothing is. `before`: the limit of that name until
  // now, whose state goes on if it counts the same. An error is a sentence about the limit.
  static absl::StatusOr<std::shared_ptr<Limit>> Make(const conf::Limit& spec, const SipKey& secret,
                                                     size_t shards,
                                                     std::shared_ptr<ratelimit::Gate> fleet,
                                                     const Limit* before = nullptr);

  bool Exempts(const Ip& client) const { return exempt_.Find(client) != 0; }

  // How long a request that has passed, with this verdict, is held back.
  Duration DelayOf(const ratelimit::Verdict& verdict) const;
  // How many more would pass without being held back.
  uint64_t Remaining(const ratelimit::Verdict& verdict) const;

  // RateLimit-Policy (draft-ietf-httpapi-ratelimit-headers-10), the same for all requests.
  const std::string& policy() const { return policy_; }

  // Since the last call: how many it refused and who most, in a sentence; empty: none. One
  // thread's.
  std::string Report();

  const conf::Limit spec;
  const SipKey secret;
  const Action action;
  const Missing missing;
  const Tells tells;   // of which answers the headers speak
  const bool by_time;  // charged when the answer is there, in milliseconds
  const LimitKey key;
  // One of the two.
  const std::shared_ptr<ratelimit::Gate> gate;
  const std::shared_ptr<ratelimit::KeyedConcurrency> at_once;
  // Who is to be banned; null: nobody is.
  const std::shared_ptr<ratelimit::Hammering> hammering;
  observe::Sharded<LimitStats> stats;
  observe::Top refused;  // the keys that were most

 private:
  Limit(const conf::Limit& written, LimitKey by, const SipKey& keys, size_t shards,
        std::shared_ptr<ratelimit::Gate> fleet, CidrSet exempt, const Limit* before);
  static ratelimit::RateSpec Delaying(const conf::Limit& spec);
  static bool CountsTheSame(const conf::Limit& a, const conf::Limit& b);

  const std::string policy_;
  CidrSet exempt_;
  Duration burst_lasts_{0};  // what a key owes that has used up its burst
  uint64_t held_back_ = 0;   // of those that pass
  uint64_t reported_ = 0;    // refusals
};

}  // namespace sluice::admission

#endif  // SLUICE_PROXY_ADMISSION_LIMIT_H_
