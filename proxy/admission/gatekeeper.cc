#include "proxy/admission/gatekeeper.h"

#include <algorithm>
#include <chrono>

#include "proxy/base/log.h"
#include "ratelimit/gate_chain.h"

namespace sluice::admission {
namespace {

// One refusal in so many is noted with its key.
constexpr uint64_t kNoted = 16;
// Who runs too many at once is told to come back after so long; nobody knows when one will end.
constexpr Duration kLeaveTime = std::chrono::seconds(1);

constexpr int kAttempts = 8;

bool OnlyTriedOut(const Limit& limit) {
  return limit.spec.dry_run || limit.action == Limit::Action::kTag;
}

uint64_t Milliseconds(Duration time) {
  return static_cast<uint64_t>(std::chrono::ceil<std::chrono::milliseconds>(time).count());
}

}  // namespace

void Pass::Charge(Duration server_time, TimePoint now) {
  const uint64_t cost = Milliseconds(server_time);
  for (const Timed& timed : by_time_) {
    // A key cannot owe more than its burst: what is beyond is forgiven. Another may charge it
    // between the look and the charge.
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
      const uint64_t most = timed.gate->Peek(timed.key, now, 0).remaining;
      if (timed.gate->Charge(timed.key, now, std::min(cost, most)).allowed) break;
    }
  }
  by_time_.clear();
}

Ruling Gatekeeper::Admit(const std::vector<RouteLimit>& limits, Pass& pass) {
  Ruling ruling;
  for (const RouteLimit& applied : limits) {
    if (!Look(applied, pass, ruling)) {
      pass.Clear();
      return ruling;
    }
  }
  if (!ChargeRates(ruling)) {
    pass.Clear();
    return ruling;
  }
  for (const Charged& entered : entered_) Count(*entered.limit, LimitEnd::kPassed);
  TryOut(pass, ruling);
  return ruling;
}

bool Gatekeeper::Look(const RouteLimit& applied, Pass& pass, Ruling& ruling) {
  Limit& limit = *applied.limit;
  if (limit.Exempts(asker_.client.ip)) {
    Count(limit, LimitEnd::kExempt);
    return true;
  }
  const LimitKey::Key key = limit.key.Of(asker_);
  if (key.missing != nullptr && limit.missing != Limit::Missing::kShare) {
    const bool refused = limit.missing == Limit::Missing::kReject && !OnlyTriedOut(limit);
    Count(limit, refused ? LimitEnd::kMissingRefused : LimitEnd::kMissing);
    if (!refused) return true;
    ruling = {.kind = Ruling::Kind::kForbid,
              .by = &limit,
              .end = LimitEnd::kMissingRefused,
              .verdict = {.allowed = false},
              .delay = {},
              .tagged = nullptr,
              .missing = key.missing};
    return false;
  }
  if (!limit.spec.dry_run && bans_.Until(key.hash, now_)) {
    Count(limit, LimitEnd::kBanned);
    ruling = {.kind = Ruling::Kind::kForbid,
              .by = &limit,
              .end = LimitEnd::kBanned,
              .verdict = {.allowed = false},
              .delay = {},
              .tagged = nullptr,
              .missing = nullptr};
    return false;
  }
  const Charged charged = {
      .limit = &limit, .key = key.hash, .cost = applied.cost, .whole = key.missing == nullptr};
  if (OnlyTriedOut(limit)) {
    others_.push_back(charged);
  } else if (limit.at_once != nullptr) {
    std::optional<ratelimit::KeyedPermit> permit = limit.at_once->TryEnter(key.hash);
    if (!permit) {
      ruling = Refuse(charged, {.allowed = false, .retry_after = kLeaveTime});
      return false;
    }
    pass.permits_.push_back(*std::move(permit));
    entered_.push_back(charged);
  } else if (limit.by_time) {
    const ratelimit::Verdict verdict = limit.gate->Peek(key.hash, now_, 1);
    if (!verdict.allowed) {
      ruling = Refuse(charged, verdict);
      return false;
    }
    pass.by_time_.push_back({.gate = limit.gate.get(), .key = key.hash});
    entered_.push_back(charged);
  } else {
    rates_.push_back(charged);
  }
  return true;
}

bool Gatekeeper::ChargeRates(Ruling& ruling) {
  if (rates_.empty()) return true;
  absl::InlinedVector<ratelimit::Claim, 4> claims;
  for (const Charged& rate : rates_) {
    claims.push_back({.gate = rate.limit->gate.get(), .key = rate.key, .cost = rate.cost});
  }
  const ratelimit::ChainVerdict answer = ratelimit::ChargeAll(claims, now_);
  const Charged& decides = rates_[answer.claim];
  if (!answer.verdict.allowed) {
    ruling = Refuse(decides, answer.verdict);
    return false;
  }
  ruling.by = decides.limit;
  ruling.verdict = answer.verdict;
  for (const Charged& rate : rates_) {
    ratelimit::Verdict verdict = answer.verdict;
    Duration delay{0};
    if (rate.limit->action == Limit::Action::kDelay) {
      if (rates_.size() > 1) verdict = rate.limit->gate->Peek(rate.key, now_, 0);
      delay = rate.limit->DelayOf(verdict);
    }
    Count(*rate.limit, delay > Duration::zero() ? LimitEnd::kDelayed : LimitEnd::kPassed);
    if (delay == Duration::zero()) continue;
    rate.limit->stats.shard(shard_).delays.Record(delay);
    if (delay <= ruling.delay) continue;
    ruling.kind = Ruling::Kind::kDelay;
    ruling.by = rate.limit;
    ruling.verdict = verdict;
    ruling.end = LimitEnd::kDelayed;
    ruling.delay = delay;
  }
  return true;
}

void Gatekeeper::TryOut(Pass& pass, Ruling& ruling) {
  for (const Charged& other : others_) {
    Limit& limit = *other.limit;
    bool passes = true;
    if (limit.at_once != nullptr) {
      std::optional<ratelimit::KeyedPermit> permit = limit.at_once->TryEnter(other.key);
      passes = permit.has_value();
      if (permit) pass.permits_.push_back(*std::move(permit));
    } else if (limit.by_time) {
      passes = limit.gate->Peek(other.key, now_, 1).allowed;
      pass.by_time_.push_back({.gate = limit.gate.get(), .key = other.key});
    } else {
      passes = limit.gate->Charge(other.key, now_, other.cost).allowed;
    }
    if (passes) {
      Count(limit, LimitEnd::kPassed);
    } else if (limit.spec.dry_run) {
      Count(limit, LimitEnd::kWouldRefuse);
    } else {
      Count(limit, LimitEnd::kTagged);
      ruling.tagged = &limit;
    }
  }
}

Ruling Gatekeeper::Refuse(const Charged& charged, const ratelimit::Verdict& verdict) {
  Limit& limit = *charged.limit;
  const bool closes = limit.action == Limit::Action::kClose;
  const LimitEnd end = closes ? LimitEnd::kClosed : LimitEnd::kRejected;
  Count(limit, end);
  if (limit.stats.shard(shard_).ends[static_cast<size_t>(end)].value() % kNoted == 1) {
    limit.refused.Add(charged.key, kNoted, [&] { return limit.key.Describe(asker_); });
  }
  MayBan(charged);
  return {.kind = closes ? Ruling::Kind::kClose : Ruling::Kind::kReject,
          .by = &limit,
          .end = end,
          .verdict = verdict};
}

// Never those who only have in common that they lack a part of the key.
void Gatekeeper::MayBan(const Charged& charged) {
  const Limit& limit = *charged.limit;
  if (limit.hammering == nullptr || !charged.whole) return;
  const Duration length = limit.hammering->Refused(charged.key, now_);
  if (length == Duration::zero()) return;
  Ban ban = {.key = charged.key,
             .what = limit.key.Describe(asker_),
             .by = limit.spec.name,
             .why = "it went on and on after being refused",
             .until = now_ + length};
  log::Warn(log::kUnlimited, "limit %s: %s is banned for %d s: %s", limit.spec.name, ban.what,
            std::chrono::duration_cast<std::chrono::seconds>(length).count(), ban.why);
  bans_.Insert(std::move(ban), now_);
}

void Gatekeeper::Count(Limit& limit, LimitEnd end) {
  limit.stats.shard(shard_).ends[static_cast<size_t>(end)].Add();
}

}  // namespace sluice::admission
