// The tries of an exchange: choosing a server, waiting for one, a second beside the first, and what
// follows one that failed.
#include <algorithm>
#include <array>
#include <new>
#include <string_view>
#include <utility>

#include "absl/random/distributions.h"
#include "absl/strings/str_format.h"
#include "proxy/admission/client_key.h"
#include "proxy/exchange/exchange.h"
#include "proxy/exchange/kind.h"
#include "proxy/exchange/report.h"
#include "ratelimit/admission_queue.h"

namespace sluice::exchange {
namespace {

// For the retry budget, each up to twice as long as the one before: with the usual backoff a second
// and a half in all.
constexpr uint32_t kMostPauses = 6;

// In the order of ratelimit::AdmissionQueue::Refusal.
constexpr std::array<std::string_view, ratelimit::AdmissionQueue::kRefusals> kWhyRefused = {
    "all servers of the pool are full, and so is its queue",
    "all servers of the pool are full, and so is its queue; its place went to one that goes first",
    "more requests come than the servers of the pool can serve, and this one has waited too long",
    "no server of the pool had room in time"};

// Of the answer to a client whose request no try has got through.
int StatusOf(Cause cause) {
  switch (cause) {
    case Cause::kConnectTimeout:
    case Cause::kHeadTimeout:
    case Cause::kIdleTimeout:
      return 504;
    case Cause::kLimit:
      return 503;
    default:
      return 502;
  }
}

}  // namespace

void Exchange::Place() {
  phase_ = Phase::kPlace;
  const TimePoint now = context_.loop().now();
  const balancer::PickInput in = InputAt(now);
  upstream::Placed session;
  if (Returns(in, session)) return StartTry(first_, std::move(session));
  const upstream::Dispatch::Request request = {
      .cluster = cluster_->shared, .picker = *cluster_->picker, .in = in, .rng = context_.random()};
  if (auto placed = pool().dispatch.TryPlace(request)) {
    return StartTry(first_, *std::move(placed));
  }
  upstream::Dispatch::Answer answer =
      pool().dispatch.Place(request, RankAt(now), *this, context_.loop());
  switch (answer.result) {
    case upstream::Dispatch::Result::kPlaced:
      return StartTry(first_, std::move(answer.placed));
    case upstream::Dispatch::Result::kWaits:
      placing_ = now;
      record_.queue_position = answer.ahead + 1;
      if (client_finished_) return ClientLeft("the client closed while its request waited");
      queue_stats().queued.Add();
      return ReportQueue(cluster_->shared->spec.name);
    case upstream::Dispatch::Result::kRefused:
      return RefusePlace(answer.refused);
    case upstream::Dispatch::Result::kNobody:
      if (failed_) return Fail(*failed_, StatusOf(failed_->cause));
      return Fail({.cause = Cause::kNoServer, .why = "the pool has no server to send this to"},
                  503);
  }
}

ratelimit::Priority Exchange::PriorityHere() const {
  if (ruling_.tagged != nullptr) return ratelimit::Priority::kLow;
  return ratelimit::PriorityNamed(route_->conf.priority);
}

observe::QueueStats& Exchange::queue_stats() const {
  static_assert(observe::kQueueClasses == ratelimit::kPriorityNames.size());
  return pool_stats().queue[static_cast<size_t>(PriorityHere())];
}

upstream::Dispatch::Rank Exchange::RankAt(TimePoint now) const {
  TimePoint deadline = now + pool_spec().queue_timeout;
  if (const Duration total = route_->timeouts.total; total > Duration::zero()) {
    deadline = std::min(deadline, started_ + total);
  }
  return {.priority = PriorityHere(),
          .client = visitor_ != 0 ? visitor_ : admission::ClientKey(identity_.ip),
          .again = record_.tries > 0,
          .holder = visitor_ != 0,
          .bytes = held_.size(),
          .deadline = deadline};
}

balancer::PickInput Exchange::InputAt(TimePoint now) const {
  return {.now = now, .tried = tried_, .key = cluster_->affinity.KeyOf(head_, identity_.ip)};
}

// To the server of its session, when that has room. One that is full for the moment stays the
// session's.
bool Exchange::Returns(const balancer::PickInput& in, upstream::Placed& placed) {
  const upstream::Cluster& cluster = *cluster_->shared;
  if (!cluster.sticky) return false;
  const std::optional<balancer::HostIndex> host = cluster.sticky->SessionOf(head_.fields);
  in_session_ = host && upstream::MayStay(cluster.hosts, *host, in);
  if (!in_session_) return false;
  std::optional<upstream::Placed> there = upstream::Dispatch::TryAt(cluster, *host, in.now);
  if (!there) return false;
  placed = *std::move(there);
  return true;
}

void Exchange::OnPlaced(upstream::Placed placed) {
  const Duration waited = context_.loop().now() - placing_;
  record_.queue_wait += waited;
  queue_stats().wait.Record(waited);
  StartTry(first_, std::move(placed));
}

void Exchange::OnRefused(const upstream::Dispatch::Refused& refused) {
  record_.queue_wait += context_.loop().now() - placing_;
  RefusePlace(refused);
}

void Exchange::RefusePlace(const upstream::Dispatch::Refused& refused) {
  const auto why = static_cast<size_t>(refused.why);
  static_assert(kWhyRefused.size() + 1 == observe::kQueueEnds.size());
  queue_stats().ended[why].Add();
  retry_after_ =
      ratelimit::RetryAfter(refused.drain, absl::Uniform<double>(context_.random(), 0, 1));
  Fail({.cause = Cause::kLimit, .why = std::string(kWhyRefused[why])}, 503);
}

void Exchange::StartTry(UpstreamRequest& request, upstream::Placed placed) {
  if (&request == &first_) phase_ = Phase::kConnect;
  upstream::Server& server = *cluster_->shared->servers[placed.host];
  record_.server = server.label;
  if (++record_.tries > 1) server.stats.shard(context_.shard()).retries.Add();
  // A server may close a kept connection at the moment we use it. What may not be sent twice takes
  // only one that was used a moment ago, else a fresh one.
  const bool repeatable = request_ended_ && http::IsIdempotent(head_.method);
  request.Start(*cluster_, std::move(placed),
                repeatable ? Duration::max() : std::chrono::seconds(1), route_->timeouts.connect);
}

// Beside and after the first.

// What may happen before head_timeout, once the whole request was sent.
void Exchange::ArmSecondThoughts() {
  if (!body_in_hand_ || record_.tries >= pool_spec().tries) return;
  if (http::IsIdempotent(head_.method) && pool_spec().retry.try_timeout > Duration::zero()) {
    context_.loop().Arm(try_due_, pool_spec().retry.try_timeout);
  }
  const bool reads = head_.method == http::Method::kGet || head_.method == http::Method::kHead;
  if (!reads || pool_spec().hedge.percentile == 0 || hedge_ != nullptr || upgrade_) return;
  if (const Duration after = pool().hedge.after(); after > Duration::zero()) {
    pool().hedges.Earn(pool_spec().hedge.percentile);
    context_.loop().Arm(hedge_due_, after);
  }
}

// A second try never waits in a queue: it is there to save time.
void Exchange::OnHedgeDue() {
  if (phase_ != Phase::kSend || record_.tries >= pool_spec().tries) return;
  if (pool().hedges.Take()) {
    hedging_ = pool().retries.Take(pool_spec().retry.budget, cluster_->shared->hosts.active());
  }
  if (!hedging_) return pool_stats().retries_denied.Add();
  tried_.push_back(first_.host());
  const balancer::PickInput in = InputAt(context_.loop().now());
  std::optional<upstream::Placed> placed = pool().dispatch.TryPlace({.cluster = cluster_->shared,
                                                                     .picker = *cluster_->picker,
                                                                     .in = in,
                                                                     .rng = context_.random()});
  if (!placed) {
    tried_.pop_back();
    hedging_ = {};
    return;
  }
  pool_stats().hedges.Add();
  hedge_ = new (arena_.Allocate(sizeof(UpstreamRequest))) UpstreamRequest(*this, context_, arena_);
  StartTry(*hedge_, *std::move(placed));
}

void Exchange::OnTryTooLong() {
  if (phase_ != Phase::kSend) return;
  const Failure slow = {.side = Side::kUpstream,
                        .cause = Cause::kHeadTimeout,
                        .why = "the server sent no answer within try_timeout"};
  // The last try has as long as head_timeout says.
  if (NextAfter(slow, /*reused=*/false) != Again::kOtherServer) return;
  OnFailed(*at_, slow, /*reused=*/false);
}

// How crowded the server is.

uint64_t Exchange::Kind() {
  if (kind_ == 0) kind_ = KindOf(route_->conf.name, head_.method, head_.path);
  return kind_;
}

// Its time, unless that says nothing: of what failed, was not asked in one piece, or is not a page.
// An event stream stays for as long as its reader, and holds no place.
void Exchange::NoteAnswer(UpstreamRequest& from, const http::ResponseHead& head) {
  if (IsEventStream(head)) return from.LeavePlace();
  const bool tells = balancer::ResultOf(head.status, false) == balancer::Result::kAnswered &&
                     request_ended_ && from.sent_at_once() && head.status != 101;
  if (!tells) return;
  const Duration time = context_.loop().now() - from.sent_at() - context_.loop().turn();
  upstream::AdaptiveLimits::NoteTime(from.server(), Kind(),
                                     KindOf(route_->conf.name, head_.method, ""),
                                     std::max(time, Duration::zero()), pool_spec().stream_after);
}

// Streams, either way, and long polls would hold a place for as long as they like.
void Exchange::ArmStreamDue() {
  const Duration after = pool_spec().stream_after;
  if (pool().calm_times.Of(Kind()) >= after) return at_->LeavePlace();
  context_.loop().Arm(stream_due_, after);
}

// Of a kind of which no answer is known, one that comes late may be a poll's.
void Exchange::OnStreamDue() {
  const bool streams = phase_ == Phase::kAnswer || !request_ended_;
  const bool polls = phase_ == Phase::kSend && pool().calm_times.Of(Kind()) == Duration::zero();
  if (streams || polls) at_->LeavePlace();
}

void Exchange::EndTries(const Failure* why) {
  progress_.Cancel();
  hedge_due_.Cancel();
  try_due_.Cancel();
  stream_due_.Cancel();
  pace_.Cancel();
  if (waits()) {
    record_.queue_wait += context_.loop().now() - placing_;
    Leave();
  }
  if (hedge_ != nullptr) hedge_->End(at_ == hedge_ ? why : nullptr);
  first_.End(at_ == &first_ ? why : nullptr);
  retry_ = {};
  hedging_ = {};
  response_owed_ = 0;
}

// The other of two tries that both run.
UpstreamRequest* Exchange::OtherThan(const UpstreamRequest& request) {
  UpstreamRequest* const other = &request == &first_ ? hedge_ : &first_;
  return other != nullptr && other->running() ? other : nullptr;
}

Again Exchange::NextAfter(const Failure& why, bool reused) const {
  if (head_sent_) return Again::kNo;
  const std::vector<std::string>& on = pool_spec().retry.on;
  const std::string_view cause = RetryCause(why.cause, why.nothing_sent);
  return exchange::TryAgain(
      {.cause = why.cause,
       .nothing_sent = why.nothing_sent,
       .reused_connection = reused,
       .answer_begun = why.answer_begun,
       .method = head_.method,
       .body_in_hand = body_in_hand_,
       .wanted = std::find(on.begin(), on.end(), cause) != on.end(),
       .tries_left = pool_spec().tries > record_.tries ? pool_spec().tries - record_.tries : 0});
}

void Exchange::OnFailed(UpstreamRequest& from, const Failure& why, bool reused) {
  UpstreamRequest* const other = OtherThan(from);
  const Again again = NextAfter(why, reused);
  if (again == Again::kSameServer && other == nullptr) {
    // Not the server's failure: it had closed an idle connection, as it may.
    progress_.Cancel();
    hedge_due_.Cancel();
    try_due_.Cancel();
    phase_ = Phase::kConnect;
    return from.StartAgain();
  }
  tried_.push_back(from.host());
  const bool repeated =
      other == nullptr && again == Again::kOtherServer && cluster_->shared->hosts.AnyLeft(tried_);
  ReportFailedTry(from.server(), why, repeated || other != nullptr, record_);
  from.Blame(why);
  from.End(&why);
  if (other != nullptr) return GoOnWith(*other);
  if (!repeated) return Fail(why, StatusOf(why.cause));
  failed_ = why;
  TryAgain(why.cause);
}

void Exchange::GoOnWith(UpstreamRequest& other) {
  at_ = &other;
  ArmProgress(route_->timeouts.head);
}

// An answer that the pool wants from another server, if there is one.
bool Exchange::TriesAgainAfter(UpstreamRequest& from, const http::ResponseHead& head) {
  const std::vector<std::string>& on = pool_spec().retry.on;
  const auto is_status = [&](const std::string& cause) {
    return cause.size() == 3 && cause[0] - '0' == head.status / 100 &&
           cause[1] - '0' == head.status / 10 % 10 && cause[2] - '0' == head.status % 10;
  };
  if (head_sent_ || std::none_of(on.begin(), on.end(), is_status)) return false;
  const Failure why = {.side = Side::kUpstream,
                       .answer_begun = true,
                       .why = absl::StrFormat("the server answered %d", head.status)};
  FailedTry failed = {.answer_begun = true, .method = head_.method, .body_in_hand = body_in_hand_};
  failed.tries_left = pool_spec().tries > record_.tries ? 1 : 0;
  UpstreamRequest* const other = OtherThan(from);
  tried_.push_back(from.host());
  if (other == nullptr) {
    const bool may = exchange::TryAgain(failed) == Again::kOtherServer &&
                     cluster_->shared->hosts.AnyLeft(tried_);
    // An answer in hand is better than waiting for the budget.
    if (may && !TakeRetry()) pool_stats().retries_denied.Add();
    if (!may || !retry_) return false;
  }
  ReportFailedTry(from.server(), why, true, record_);
  record_.server_status = head.status;
  from.End(nullptr);
  if (other != nullptr) {
    GoOnWith(*other);
  } else {
    failed_ = why;
    TryAgain(Cause::kNone);
  }
  return true;
}

bool Exchange::TakeRetry() {
  retry_ = pool().retries.Take(pool_spec().retry.budget, cluster_->shared->hosts.active());
  return static_cast<bool>(retry_);
}

// After `failed_`.
void Exchange::TryAgain(Cause cause) {
  pool_stats().retries.Add(cause);
  progress_.Cancel();
  hedge_due_.Cancel();
  try_due_.Cancel();
  at_ = &first_;
  phase_ = Phase::kPlace;
  pauses_ = record_.tries - 1;
  if (failed_->nothing_sent && pauses_ == 0) return Place();
  Pause();
}

void Exchange::Pause() {
  const Duration pause = Backoff(pool_spec().retry.backoff, ++pauses_,
                                 absl::Uniform<uint32_t>(context_.random(), 1, 9));
  if (pause == Duration::zero()) return OnPauseOver();
  ArmProgress(pause);
}

// The budget is for what may cost servers more work than clients ask for. A server that dies fails
// many requests at once, more than may be tried again at once: those wait for their turn.
void Exchange::OnPauseOver() {
  if (failed_->nothing_sent || retry_ || TakeRetry()) return Place();
  if (pauses_ < kMostPauses && pool_spec().retry.backoff > Duration::zero()) return Pause();
  pool_stats().retries_denied.Add();
  Fail(*failed_, StatusOf(failed_->cause));
}

}  // namespace sluice::exchange
