#include "proxy/admission/limit.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/strings/str_format.h"

namespace sluice::admission {
namespace {

Limit::Action ActionOf(const conf::Limit& spec) {
  if (spec.action == "delay") return Limit::Action::kDelay;
  if (spec.action == "tag") return Limit::Action::kTag;
  return spec.action == "close" ? Limit::Action::kClose : Limit::Action::kReject;
}

Limit::Missing MissingOf(const conf::Limit& spec) {
  if (spec.missing == "share") return Limit::Missing::kShare;
  return spec.missing == "reject" ? Limit::Missing::kReject : Limit::Missing::kPass;
}

Limit::Tells TellsOf(const conf::Limit& spec) {
  if (spec.charge == "server_time") return Limit::Tells::kNever;  // it has no unit for them
  if (spec.headers == "always") return Limit::Tells::kAlways;
  return spec.headers == "never" ? Limit::Tells::kNever : Limit::Tells::kRefused;
}

// What `count` of a rate take.
Duration Worth(const ratelimit::Rate& rate, uint64_t count) {
  using Wide = __int128;
  const Wide worth = Wide{rate.per.count()} * count / std::max<uint64_t>(rate.count, 1);
  return Duration(static_cast<int64_t>(std::min<Wide>(worth, Duration::max().count())));
}

// How many of a rate come in a while.
uint64_t CountIn(const ratelimit::Rate& rate, Duration while_) {
  using Wide = __int128;
  return static_cast<uint64_t>(Wide{while_.count()} * rate.count / rate.per.count());
}

std::shared_ptr<ratelimit::Hammering> HammeringOf(const conf::Limit& spec) {
  if (!spec.ban) return nullptr;
  return std::make_shared<ratelimit::Hammering>(
      ratelimit::HammeringSpec{.refusals = spec.ban->after->count,
                               .within = spec.ban->after->per,
                               .ban = spec.ban->time,
                               .longest = spec.ban->longest,
                               .keys = spec.keys});
}

std::string PolicyOf(const conf::Limit& spec) {
  if (spec.concurrency != 0) {
    return absl::StrFormat("\"%s\";q=%d;qu=\"concurrent-requests\"", spec.name, spec.concurrency);
  }
  const ratelimit::RateSpec rate = spec.Spec();
  const auto window = std::chrono::ceil<std::chrono::seconds>(Worth(rate.rate, rate.burst));
  return absl::StrFormat("\"%s\";q=%d;w=%d", spec.name, rate.burst, window.count());
}

}  // namespace

// What may wait within max_delay is room beyond the burst: it passes, and is held back until the
// burst alone would have let it pass.
ratelimit::RateSpec Limit::Delaying(const conf::Limit& spec) {
  ratelimit::RateSpec rate = spec.Spec();
  if (ActionOf(spec) == Action::kDelay) rate.burst += CountIn(rate.rate, spec.max_delay);
  return rate;
}

// What one says of a request is what the other would have said.
bool Limit::CountsTheSame(const conf::Limit& a, const conf::Limit& b) {
  if (a.rate.has_value() != b.rate.has_value()) return false;
  if (a.rate && !(Delaying(a) == Delaying(b))) return false;
  conf::Limit as_b = a;
  as_b.action = b.action;
  as_b.max_delay = b.max_delay;
  as_b.dry_run = b.dry_run;
  as_b.missing = b.missing;
  as_b.routes = b.routes;
  as_b.exempt = b.exempt;
  as_b.headers = b.headers;
  as_b.log = b.log;
  return as_b == b;
}

absl::StatusOr<std::shared_ptr<Limit>> Limit::Make(const conf::Limit& spec, const SipKey& secret,
                                                   size_t shards,
                                                   std::shared_ptr<ratelimit::Gate> fleet,
                                                   const Limit* before) {
  absl::StatusOr<LimitKey> key =
      LimitKey::Prepare({.parts = spec.key,
                         .ipv4_bits = static_cast<uint8_t>(spec.ipv4_prefix),
                         .ipv6_bits = static_cast<uint8_t>(spec.ipv6_prefix)},
                        secret);
  if (!key.ok()) return key.status();
  CidrSet::Builder exempt;
  for (const std::string& range : spec.exempt) {
    if (absl::Status status = exempt.Add(range, 1, "exempt"); !status.ok()) return status;
  }
  absl::StatusOr<CidrSet> set = std::move(exempt).Build();
  if (!set.ok()) return set.status();
  return std::shared_ptr<Limit>(
      new Limit(spec, *std::move(key), secret, shards, std::move(fleet), *std::move(set),
                before != nullptr && before->secret == secret && CountsTheSame(spec, before->spec)
                    ? before
                    : nullptr));
}

Limit::Limit(const conf::Limit& written, LimitKey by, const SipKey& keys, size_t shards,
             std::shared_ptr<ratelimit::Gate> fleet, CidrSet exempt, const Limit* before)
    : spec(written),
      secret(keys),
      action(ActionOf(written)),
      missing(MissingOf(written)),
      tells(TellsOf(written)),
      by_time(written.charge == "server_time"),
      key(std::move(by)),
      gate(fleet != nullptr    ? std::move(fleet)
           : before != nullptr ? before->gate
           : written.rate      ? std::make_shared<ratelimit::KeyedGate>(ratelimit::KeyedSpec{
                                     .limit = Delaying(written), .keys = written.keys})
                               : nullptr),
      at_once(before != nullptr ? before->at_once
              : written.rate    ? nullptr
                                : std::make_shared<ratelimit::KeyedConcurrency>(written.concurrency,
                                                                             written.keys)),
      hammering(before != nullptr ? before->hammering : HammeringOf(written)),
      stats(shards),
      policy_(PolicyOf(written)),
      exempt_(std::move(exempt)) {
  if (!spec.rate) return;
  burst_lasts_ = Worth(*spec.rate, spec.Spec().burst);
  held_back_ = Delaying(spec).burst - spec.Spec().burst;
}

Duration Limit::DelayOf(const ratelimit::Verdict& verdict) const {
  if (action != Action::kDelay) return Duration::zero();
  return std::max(verdict.reset - burst_lasts_, Duration::zero());
}

uint64_t Limit::Remaining(const ratelimit::Verdict& verdict) const {
  return verdict.remaining - std::min(verdict.remaining, held_back_);
}

LimitTotals Sum(const observe::Sharded<LimitStats>& stats) {
  LimitTotals totals;
  stats.ForEach([&](const LimitStats& shard) {
    for (size_t i = 0; i < totals.ends.size(); ++i) totals.ends[i] += shard.ends[i].value();
    totals.delays += shard.delays.Snapshot();
  });
  return totals;
}

std::string Limit::Report() {
  const LimitTotals totals = Sum(stats);
  uint64_t refusals = 0;
  for (const LimitEnd end : {LimitEnd::kRejected, LimitEnd::kClosed, LimitEnd::kMissingRefused,
                             LimitEnd::kBanned, LimitEnd::kWouldRefuse}) {
    refusals += totals.of(end);
  }
  const uint64_t now = refusals - std::exchange(reported_, refusals);
  if (now == 0) return {};
  const std::vector<observe::Top::Entry> most = refused.Entries();
  refused.Fade();
  return absl::StrFormat("limit %s: %s %d requests%s%s", spec.name,
                         spec.dry_run ? "would have refused" : "refused", now,
                         most.empty() ? "" : ", most of ", most.empty() ? "" : most.front().text);
}

}  // namespace sluice::admission
