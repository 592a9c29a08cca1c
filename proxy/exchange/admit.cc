// What limits mean for an exchange: whether it goes on, and when; what its answer says of them, and
// what it owes them when it is over.
#include <algorithm>
#include <chrono>
#include <string_view>

#include "absl/random/distributions.h"
#include "proxy/exchange/exchange.h"

namespace sluice::exchange {

using admission::Limit;
using admission::Ruling;

namespace {

// Told to clients; what takes longer they need not know.
constexpr Duration kLongestWait = std::chrono::hours(24);

// Those refused in one second must not all be back in one second.
Duration Jittered(Duration wait, absl::BitGenRef rng) {
  const int64_t seconds =
      std::chrono::ceil<std::chrono::seconds>(std::min(wait, kLongestWait)).count();
  return std::chrono::seconds(seconds + absl::Uniform<int64_t>(rng, 0, 2 + seconds / 4));
}

uint64_t Seconds(Duration time) {
  return static_cast<uint64_t>(
      std::chrono::ceil<std::chrono::seconds>(std::min(time, kLongestWait)).count());
}

}  // namespace

// False: it is answered, or held back for a while.
bool Exchange::Admitted() {
  if (limits_->empty()) return true;
  std::optional<admission::Bearer> bearer;
  if (const auto& place = view_->shared->tokens) {
    bearer.emplace(*place, head_, context_.Wall(started_));
  }
  const admission::Asker asker = {
      .head = head_,
      .client = identity_,
      .peer = peer_,
      .listener = listener_.name,
      .route = route_ == nullptr ? std::string_view() : std::string_view(route_->conf.name),
      .bearer = bearer ? &*bearer : nullptr};
  ruling_ = admission::Gatekeeper(asker, *view_->shared->bans, started_, context_.shard())
                .Admit(*limits_, pass_);
  if (ruling_.tagged != nullptr) record_.limit = ruling_.tagged->spec.name;
  switch (ruling_.kind) {
    case Ruling::Kind::kPass:
      return true;
    case Ruling::Kind::kDelay:
      record_.limit = ruling_.by->spec.name;
      record_.limit_wait = ruling_.delay;
      phase_ = Phase::kHeld;
      held_until_ = started_ + ruling_.delay;
      ArmUntil(progress_, held_until_);
      return false;
    case Ruling::Kind::kReject:
    case Ruling::Kind::kClose:
    case Ruling::Kind::kForbid:
      RefuseOver(*ruling_.by);
      return false;
  }
  return true;
}

void Exchange::RefuseOver(const Limit& limit) {
  if (route_ != nullptr) record_.route = route_->conf.name;
  record_.side = Side::kDownstream;
  record_.end = Cause::kOverLimit;
  record_.limit = limit.spec.name;
  record_.logged = limit.spec.log;
  switch (ruling_.kind) {
    case Ruling::Kind::kClose:
      phase_ = Phase::kDone;
      return client_.Reset();
    case Ruling::Kind::kForbid:
      record_.why = ruling_.missing != nullptr ? "the request has not all that the limit asks for"
                                               : "banned, after too many refusals";
      return ReplyError(403, record_.why);
    default:
      record_.why = "over the limit";
      retry_after_ = Jittered(ruling_.verdict.retry_after, context_.random());
      return ReplyError(429, "");
  }
}

// draft-ietf-httpapi-ratelimit-headers-10.
void Exchange::AddLimitFields(http::ResponseHead& head) const {
  if (ruling_.by == nullptr) return;
  const Limit& limit = *ruling_.by;
  const bool refused = ruling_.kind == Ruling::Kind::kReject;
  const bool tells = refused ? limit.tells != Limit::Tells::kNever
                             : limit.tells == Limit::Tells::kAlways && limit.gate != nullptr;
  if (!tells) return;
  head.fields.Add("RateLimit-Policy", limit.policy());
  const Duration time = refused ? ruling_.verdict.retry_after : ruling_.verdict.reset;
  head.fields.Add("RateLimit", arena_.Concat({"\"", limit.spec.name, "\";r=",
                                              arena_.Decimal(limit.Remaining(ruling_.verdict)),
                                              ";t=", arena_.Decimal(Seconds(time))}));
}

// response_rate: true while the server has to wait, because what has passed is ahead of it.
bool Exchange::Pace() {
  const uint64_t rate = route_->conf.response_rate;
  const uint64_t free = route_->conf.response_rate_after;
  if (rate == 0 || phase_ != Phase::kAnswer || record_.response_bytes <= free) return false;
  const Duration due(static_cast<int64_t>(static_cast<double>(record_.response_bytes - free) * 1e9 /
                                          static_cast<double>(rate)));
  if (!ArmUntil(pace_, answered_at_ + due)) return false;
  progress_.Cancel();  // nothing is expected of the server meanwhile
  return true;
}

void Exchange::OnPaced() {
  if (client_.Full()) return;  // goes on when it can take more
  OnDownstreamWritable();
}

// What the servers took is the time to the answer's head: its body waits for the client, too.
void Exchange::Settle() {
  if (limits_ == nullptr) return;
  const Duration waited = record_.limit_wait + record_.body_wait + record_.queue_wait;
  const bool answered = answered_at_ != TimePoint{} && !own_answer_;
  const Duration took =
      answered ? record_.first_byte : std::max(record_.total - waited, Duration::zero());
  if (record_.tries > 0) pass_.Charge(took, context_.loop().now());
  pass_.Clear();
}

}  // namespace sluice::exchange
