#include "proxy/exchange/exchange.h"

#include <bit>
#include <chrono>
#include <utility>

#include "proxy/base/block.h"
#include "proxy/base/check.h"
#include "proxy/exchange/report.h"

namespace sluice::exchange {

using http::HasBody;

namespace {

// RFC 8555 section 8.3: asked for in plain text, whatever the site does otherwise.
constexpr std::string_view kAcmeChallenge = "/.well-known/acme-challenge/";

}  // namespace

Exchange::Exchange(Context& context, Arena& arena, http::Downstream& client,
                   http::RequestHead& head, const Peer& peer, const conf::Listener& listener)
    : context_(context),
      view_(context.view()),
      arena_(arena),
      client_(client),
      head_(head),
      peer_(peer),
      listener_(listener),
      first_(*this, context, arena),
      started_(context.loop().now()) {
  record_.started = context_.Wall(started_);
  record_.listener = listener.name;
  record_.client_ip = peer.ip;
  record_.tls = peer.tls;
  DescribeRequest(head_, record_);
}

Exchange::~Exchange() {
  EndTries(nullptr);
  if (hedge_ != nullptr) hedge_->~UpstreamRequest();
  if (counted_in_flight_) route_stats_->in_flight.Sub();
}

// Before a server.

void Exchange::Refuse(const http::Refusal& refusal) {
  request_ended_ = true;
  route_stats_ = &view_->shared->unrouted->shard(context_.shard());
  identity_.ip = identity_.peer = peer_.ip;
  identity_.peer_is_unix = peer_.is_unix;
  record_.request_id =
      RequestId(head_, view_->shared->config->forwarding, identity_, context_.random());
  Fail({.side = Side::kDownstream,
        .cause = refusal.status == 431 || refusal.status == 414 ? Cause::kTooLarge
                 : refusal.status == 408                        ? Cause::kTooSlow
                                                                : Cause::kMalformed,
        .why = std::string(refusal.why)},
       refusal.status);
}

void Exchange::Start() {
  const RuntimeView& shared = *view_->shared;
  request_ended_ = !HasBody(head_.framing);
  identity_ = admission::Resolve(peer_.ip, peer_.is_unix, head_, shared.trusted);
  record_.client_ip = identity_.ip;
  record_.request_id = RequestId(head_, shared.config->forwarding, identity_, context_.random());
  FindRoute();
  if (!DeniesClient() && Admitted()) GoOn();
}

void Exchange::GoOn() {
  phase_ = Phase::kGather;
  if (AnswersOfRoom() || AnswerHere() || BodyTooLarge(record_.request_bytes)) return;
  if (!PassesRoom() || !PrepareForward() || BreakerRefuses()) return;
  if (route_->timeouts.total > Duration::zero()) {
    context_.loop().Arm(total_, route_->timeouts.total);
  }
  client_.SetHighMark(route_->conf.response_buffer);
  if (!request_ended_ && head_.expect_continue && route_->conf.request_buffer > 0) {
    http::ResponseHead go_on(arena_);
    go_on.status = 100;
    go_on.reason = http::ReasonOf(100);
    client_.SendInterim(go_on);
  }
  // What came while a limit held it back was not paid for.
  if (held_.size() < route_->conf.request_buffer) ReturnRequestCredit();
  if (phase_ == Phase::kGather) GatherOrPlace();
}

void Exchange::FindRoute() {
  const RuntimeView& shared = *view_->shared;
  const bool redirected = listener_.redirect_https && !head_.path.starts_with(kAcmeChallenge);
  const route::Router& router = redirected ? *shared.to_https : *shared.router;
  route_ = router.Find(head_);
  const std::shared_ptr<RouteCounters>& counters = route_ == nullptr ? shared.unrouted
                                                   : redirected      ? shared.redirected
                                                                     : shared.routes[route_->index];
  const bool limited_by_route = route_ != nullptr && !redirected;
  limits_ = limited_by_route ? &shared.limits[route_->index] : &shared.unrouted_limits;
  route_stats_ = &counters->shard(context_.shard());
  route_stats_->in_flight.Add();
  counted_in_flight_ = true;
}

// True when the client's address is not let in, which it has been told.
bool Exchange::DeniesClient() {
  const RuntimeView& shared = *view_->shared;
  if (shared.access == nullptr || shared.access->Allows(identity_)) return false;
  Fail({.side = Side::kDownstream,
        .cause = Cause::kDenied,
        .why = "requests from this address are not answered here"},
       403);
  return true;
}

// Everything that needs no server. True when the answer is on its way.
bool Exchange::AnswerHere() {
  if (const std::optional<http::Refusal> refused = RefusedMethod(head_.method)) {
    ReplyError(refused->status, refused->why);
    return true;
  }
  if (route_ == nullptr) {
    ReplyError(404, "no route of this site matches the request");
    return true;
  }
  record_.route = route_->conf.name;
  if (EndsHere(head_)) {
    SendReply(MakeOptions(head_, context_.Date()));
    return true;
  }
  if (route_->conf.redirect) {
    SendReply(MakeRedirect(head_, Forwarding(), context_.Date(), view_->shared->answers));
    return true;
  }
  if (route_->conf.respond) {
    SendReply(MakeFixed(head_, Forwarding(), context_.Date()));
    return true;
  }
  return head_.framing.kind == http::Framing::Kind::kLength && BodyTooLarge(head_.framing.length);
}

bool Exchange::BodyTooLarge(uint64_t bytes) {
  if (route_->conf.max_body == 0 || bytes <= route_->conf.max_body) return false;
  Fail({.side = Side::kDownstream,
        .cause = Cause::kTooLarge,
        .why = "the request body is larger than this site accepts"},
       413);
  return true;
}

bool Exchange::PrepareForward() {
  SLUICE_CHECK(route_->pool.has_value());
  cluster_ = &view_->clusters[*route_->pool];
  record_.pool = pool_spec().name;
  const ForwardedRequest forwarded = ForwardRequest(head_, Forwarding());
  if (forwarded.refusal) {
    ReplyError(forwarded.refusal->status, forwarded.refusal->why);
    return false;
  }
  head_.target = forwarded.target;
  if (!limits_->empty()) {
    // Nobody else says so.
    head_.fields.Remove("X-Sluice-Limited");
    if (ruling_.tagged != nullptr) head_.fields.Add("X-Sluice-Limited", ruling_.tagged->spec.name);
  }
  upgrade_ = forwarded.upgrade;
  return true;
}

bool Exchange::BreakerRefuses() {
  if (pool().breaker.Admits(context_.random())) return false;
  retry_after_ = pool().breaker.RetryAfter(context_.loop().now());
  Fail({.cause = Cause::kBreaker,
        .why = "too much fails at the servers of this pool; its circuit breaker is open"},
       503);
  return true;
}

void Exchange::GatherOrPlace() {
  // Who converses waits for answers before it ends its request.
  const bool wait = !request_ended_ && !head_.streaming &&
                    held_.size() < route_->conf.request_buffer && !BufferBudget::Exhausted();
  if (wait) return;
  record_.body_wait = context_.loop().now() - started_ - record_.limit_wait;
  Place();
}

void Exchange::OnRequestBody(std::string_view bytes) {
  record_.request_bytes += bytes.size();
  if (phase_ == Phase::kDone) return client_.Consumed(bytes.size());
  if (phase_ == Phase::kHeld) {
    // Nothing more is taken from who is held back.
    held_.Append(bytes);
    request_owed_ += bytes.size();
    return;
  }
  if (phase_ == Phase::kTunnel) ArmProgress(route_->timeouts.tunnel_idle);
  if (phase_ != Phase::kTunnel && BodyTooLarge(record_.request_bytes)) return;
  if (phase_ == Phase::kGather || phase_ == Phase::kPlace || phase_ == Phase::kConnect) {
    held_.Append(bytes);
    // What is within request_buffer is ours to hold; beyond it the client waits.
    request_owed_ += bytes.size();
    if (held_.size() < route_->conf.request_buffer) ReturnRequestCredit();
    if (phase_ == Phase::kGather) GatherOrPlace();
    return;
  }
  body_in_hand_ = false;
  request_owed_ += bytes.size();
  at_->stream().SendBody(bytes);
  if (!at_->stream().Full()) ReturnRequestCredit();
  // While the answer waits for the client, nothing is expected of the server.
  if (phase_ == Phase::kSend || (phase_ == Phase::kAnswer && progress_.armed())) {
    ArmProgress(route_->timeouts.idle);
  }
}

void Exchange::OnRequestEnd(const http::Fields* trailers) {
  request_ended_ = true;
  request_trailers_ = trailers;
  if (phase_ == Phase::kGather) return GatherOrPlace();
  if (phase_ == Phase::kPlace || phase_ == Phase::kConnect || phase_ == Phase::kDone ||
      !at_->leased()) {
    return;
  }
  at_->stream().SendEnd(trailers);
  if (phase_ == Phase::kSend) {
    at_->Sent();
    ArmProgress(route_->timeouts.head);
    ArmSecondThoughts();
  }
}

void Exchange::ReturnRequestCredit() {
  if (const size_t owed = std::exchange(request_owed_, 0); owed > 0) client_.Consumed(owed);
}

// A server.

void Exchange::OnLeased(UpstreamRequest& from) {
  SetUpstreamHost(head_, *route_, from.server().host);
  http::Upstream& server = from.stream();
  server.SendHead(head_);
  absl::InlinedVector<std::string_view, 8> held;
  held_.ForEach([&](std::string_view piece) { held.push_back(piece); });
  server.SendBody(held);
  if (&from != at_) return server.SendEnd(request_trailers_);  // the second of two
  phase_ = Phase::kSend;
  if (from.adaptive()) ArmStreamDue();
  if (request_ended_) {
    server.SendEnd(request_trailers_);
    ArmProgress(route_->timeouts.head);
    ArmSecondThoughts();
  } else {
    // Only a body wholly held can be sent twice, and this one may be of any length.
    body_in_hand_ = held_.empty();
    held_.Clear();
    ArmProgress(route_->timeouts.idle);
  }
  if (!server.Full()) ReturnRequestCredit();
}

void Exchange::OnUpstreamWritable(UpstreamRequest&) {
  ReturnRequestCredit();
  if (phase_ == Phase::kSend && !request_ended_) ArmProgress(route_->timeouts.idle);
}

// The answer.

void Exchange::OnInterim(UpstreamRequest&, const http::ResponseHead& head) {
  // Ours has been sent already when we asked for the body ourselves.
  if (head.status == 100 && route_->conf.request_buffer > 0) return;
  http::ResponseHead interim = head;
  ForwardInterim(interim, view_->shared->config->forwarding);
  client_.SendInterim(interim);
}

void Exchange::OnResponse(UpstreamRequest& from, const http::ResponseHead& head) {
  if (head.status == 101 && !upgrade_) {
    return OnFailed(from,
                    {.side = Side::kUpstream,
                     .cause = Cause::kMalformed,
                     .why = "the server switched protocols without being asked"},
                    /*reused=*/false);
  }
  from.Praise(head);
  if (from.adaptive()) NoteAnswer(from, head);
  if (head.status >= 400 && TriesAgainAfter(from, head)) return;
  hedge_due_.Cancel();
  try_due_.Cancel();
  if (UpstreamRequest* const slower = OtherThan(from)) {
    slower->Outrun();
    if (&from == hedge_) pool_stats().hedges_won.Add();
  }
  at_ = &from;
  answered_at_ = context_.loop().now();
  record_.server = from.server().label;
  record_.connect = from.connect_time();
  record_.first_byte = answered_at_ - from.sent_at();
  record_.server_status = record_.status = head.status;
  held_.Clear();
  body_in_hand_ = false;
  head_sent_ = true;
  http::ResponseHead answer = head;
  if (const auto& sticky = cluster_->shared->sticky) {
    sticky->Filter(answer.fields);
    if (!in_session_) sticky->Begin(answer.fields, from.host(), head_.scheme == "https");
  }
  if (entrance_ != nullptr) LeaveRoom(head, answer);
  ForwardResponse(answer, head_, Forwarding(), context_.Date());
  phase_ = head.status == 101 ? Phase::kTunnel : Phase::kAnswer;
  if (phase_ == Phase::kTunnel) {
    total_.Cancel();  // tunnel_idle_timeout rules from here
    from.LeavePlace();
  }
  SendHead(answer);
  ArmProgress(phase_ == Phase::kTunnel ? route_->timeouts.tunnel_idle : route_->timeouts.idle);
}

void Exchange::OnResponseBody(UpstreamRequest& from, std::string_view bytes) {
  record_.response_bytes += bytes.size();
  response_owed_ += bytes.size();
  client_.SendBody(bytes);
  if (client_.Full()) {
    // The client is slow, not the server: its own rule watches it (min_body_rate).
    if (phase_ != Phase::kTunnel) progress_.Cancel();
    return;
  }
  if (Pace()) return;
  ArmProgress(phase_ == Phase::kTunnel ? route_->timeouts.tunnel_idle : route_->timeouts.idle);
  from.stream().Consumed(std::exchange(response_owed_, 0));
}

void Exchange::OnDownstreamWritable() {
  if (!at_->leased() || response_owed_ == 0 || Pace()) return;
  ArmProgress(phase_ == Phase::kTunnel ? route_->timeouts.tunnel_idle : route_->timeouts.idle);
  at_->stream().Consumed(std::exchange(response_owed_, 0));
}

void Exchange::OnResponseEnd(UpstreamRequest&, const http::Fields* trailers) {
  client_.SendEnd(trailers);
  phase_ = Phase::kDone;
  ReturnRequestCredit();
  EndTries(nullptr);
}

// When something goes wrong.

// Ends the exchange: with an answer of our own while that is possible, else by cutting.
void Exchange::Fail(const Failure& why, int status) {
  if (phase_ == Phase::kDone) return;
  record_.side = why.side;
  record_.end = why.cause;
  why_ = why.why;
  record_.why = why_;
  EndTries(&why);
  if (!head_sent_ || client_.Retract()) return ReplyError(status, why_);
  phase_ = Phase::kDone;
  total_.Cancel();
  client_.Reset();
}

void Exchange::OnRequestFailed(const Failure& why) {
  if (phase_ == Phase::kDone) return;
  switch (why.cause) {
    case Cause::kClientLeft:
    case Cause::kReset:
      return ClientLeft(why.why);
    case Cause::kTooSlow:
      return Fail(why, 408);
    case Cause::kTooLarge:
      return Fail(why, 413);
    case Cause::kShutdown:
      return Fail(why, 503);
    default:
      return Fail(why, 400);
  }
}

// While a request waits, who closes has left; what was sent to a server is still answered.
void Exchange::OnClientFinished() {
  client_finished_ = true;
  if (phase_ == Phase::kPlace || phase_ == Phase::kHeld) {
    ClientLeft("the client closed while its request waited");
  }
}

// Nobody is there to be answered.
void Exchange::ClientLeft(std::string_view why) {
  if (waits()) queue_stats().ended[observe::kQueueLeft].Add();
  record_.side = Side::kDownstream;
  record_.end = Cause::kClientLeft;
  why_ = why;
  record_.why = why_;
  phase_ = Phase::kDone;
  EndTries(nullptr);
  client_.Reset();
}

void Exchange::ReplyError(int status, std::string_view why) {
  std::optional<std::chrono::seconds> retry_after;
  if (status == 503 || status == 429)
    retry_after = std::chrono::ceil<std::chrono::seconds>(retry_after_);
  SendReply(MakeError(head_,
                      {.status = status,
                       .why = why,
                       .request_id = record_.request_id,
                       .date = context_.Date(),
                       .retry_after = retry_after},
                      view_->shared->answers));
}

// Only over TLS: elsewhere anybody could have written it (RFC 6797 section 7.2).
void Exchange::SendHead(http::ResponseHead& head) {
  AddLimitFields(head);
  if (ticket_) GiveTicket(head);
  if (listener_.tls && listener_.tls->hsts > Duration::zero()) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(listener_.tls->hsts);
    const std::string_view age = arena_.Decimal(static_cast<uint64_t>(seconds.count()));
    head.fields.Set("Strict-Transport-Security", arena_.Concat({"max-age=", age}));
  }
  client_.SendHead(head);
}

void Exchange::SendReply(const LocalReply& reply) {
  own_answer_ = true;
  head_sent_ = true;
  phase_ = Phase::kDone;
  total_.Cancel();
  answered_at_ = context_.loop().now();
  record_.status = reply.head.status;
  record_.response_bytes = reply.body.size();
  http::ResponseHead head = reply.head;
  SendHead(head);
  client_.SendBody(reply.body);
  client_.SendEnd(nullptr);
  ReturnRequestCredit();
}

// Time.

void Exchange::ArmProgress(Duration length) {
  if (length > Duration::zero()) context_.loop().Arm(progress_, length);
}

// For lengths that no configuration states: a loop keeps a queue for each length it ever sees, so
// they are waited for in powers of two of a millisecond. False when `due` has come.
bool Exchange::ArmUntil(Deadline& deadline, TimePoint due) {
  const Duration left = due - context_.loop().now();
  if (left <= Duration::zero()) return false;
  const auto whole = std::chrono::ceil<std::chrono::milliseconds>(left).count();
  context_.loop().Arm(deadline,
                      std::chrono::milliseconds(std::bit_floor(static_cast<uint64_t>(whole))));
  return true;
}

void Exchange::OnNoProgress() {
  switch (phase_) {
    case Phase::kHeld:
      if (ArmUntil(progress_, held_until_)) return;
      return GoOn();
    case Phase::kPlace:
      return OnPauseOver();
    case Phase::kSend:
      if (request_ended_) {
        return OnFailed(*at_,
                        {.side = Side::kUpstream,
                         .cause = Cause::kHeadTimeout,
                         .why = "the server sent no answer within head_timeout"},
                        /*reused=*/false);
      }
      if (at_->stream().Full()) {
        return OnFailed(*at_,
                        {.side = Side::kUpstream,
                         .cause = Cause::kIdleTimeout,
                         .why = "the server did not read the request within idle_timeout"},
                        /*reused=*/false);
      }
      return Fail({.side = Side::kDownstream,
                   .cause = Cause::kTooSlow,
                   .why = "no part of the request body came within idle_timeout"},
                  408);
    case Phase::kAnswer:
      return OnFailed(*at_,
                      {.side = Side::kUpstream,
                       .cause = Cause::kIdleTimeout,
                       .why = "the server stopped in the middle of its answer"},
                      /*reused=*/false);
    case Phase::kTunnel:
      return Fail({.side = Side::kSluice,
                   .cause = Cause::kIdleTimeout,
                   .why = "nothing passed through the tunnel within tunnel_idle_timeout"},
                  504);
    case Phase::kGather:
    case Phase::kConnect:
    case Phase::kDone:
      return;
  }
}

void Exchange::OnTotalTimeout() {
  // A deadline of the queue too, which looks at its own with every tick.
  if (waits()) {
    return RefusePlace(
        {.why = upstream::Dispatch::Refusal::kDeadline, .drain = pool().dispatch.DrainTime()});
  }
  Fail({.side = Side::kSluice,
        .cause = Cause::kTotalTimeout,
        .why = "the request took longer than total_timeout"},
       504);
}

// Settled.

void Exchange::OnResponseDone(bool complete) {
  const TimePoint now = context_.loop().now();
  record_.total = now - started_;
  if (answered_at_ != TimePoint{}) record_.transfer = now - answered_at_;
  if (!complete && record_.end == Cause::kNone) {
    record_.side = Side::kDownstream;
    record_.end = Cause::kClientLeft;
    record_.why = "the client closed before its answer was complete";
  }
  Settle();
  if (own_answer_) route_stats_->own_answers.Add();
  route_stats_->Add(record_);
  context_.recorder().Record(record_, *view_->shared);
}

ForwardContext Exchange::Forwarding() const {
  return {.forwarding = view_->shared->config->forwarding,
          .route = *route_,
          .client = identity_,
          .scheme = peer_.scheme(),
          .tls = peer_.tls,
          .request_id = record_.request_id};
}

}  // namespace sluice::exchange
