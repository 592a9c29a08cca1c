// Exchange: one request, from its head to its record. It walks the stops of a request: route,
// identify, wait for the body, place (a server), lease (a connection), send, answer, settle,
// record; and is the only one who decides to try again, or at a second server beside the first
// (hedging). Each try is an UpstreamRequest.
//
// It sees a client and a server only through http/exchange_streams.h and never learns which
// protocol either speaks.
//
// Memory: lives in the arena of its request. Bodies stream through; what one side cannot take stops
// the other. Up to request_buffer of the request body is held so that a slow client does not hold a
// server; a body held to its last byte can be sent again.
//
// Threads: one worker's. Ownership: the connection or stream that made it, which destroys it after
// OnResponseDone().
#ifndef SLUICE_PROXY_EXCHANGE_EXCHANGE_H_
#define SLUICE_PROXY_EXCHANGE_EXCHANGE_H_

#include <memory>
#include <optional>
#include <string>

#include "absl/container/inlined_vector.h"
#include "balancer/outcome.h"
#include "proxy/admission/gatekeeper.h"
#include "proxy/base/bytes.h"
#include "proxy/base/deadline.h"
#include "proxy/base/peer.h"
#include "proxy/exchange/context.h"
#include "proxy/exchange/forward_head.h"
#include "proxy/exchange/local_reply.h"
#include "proxy/exchange/retry.h"
#include "proxy/exchange/upstream_request.h"
#include "proxy/http/exchange_streams.h"
#include "proxy/http/h1_codec.h"
#include "proxy/observe/record.h"

namespace sluice::exchange {

class Exchange final : public http::DownstreamEvents,
                       private UpstreamRequest::Owner,
                       private upstream::Dispatch::Waiter {
 public:
  // All references outlive the exchange.
  Exchange(Context& context, Arena& arena, http::Downstream& client, http::RequestHead& head,
           const Peer& peer, const conf::Listener& listener);
  ~Exchange() override;

  // Exactly one of these, at once after construction.
  void Start();
  void Refuse(const http::Refusal& refusal);  // the head was not fit to be served

 private:
  enum class Phase : uint8_t {
    kHeld,     // held back by a limit
    kGather,   // reading the request body before a server is chosen
    kPlace,    // waiting for a server with room, or before another try
    kConnect,  // waiting for a connection
    kSend,     // the request is on its way, no answer yet
    kAnswer,   // the answer is passing through
    kTunnel,
    kDone,  // the last byte of the answer has been given to the client side
  };

  // http::DownstreamEvents
  void OnRequestBody(std::string_view bytes) override;
  void OnRequestEnd(const http::Fields* trailers) override;
  void OnRequestFailed(const Failure& why) override;
  void OnClientFinished() override;
  void OnDownstreamWritable() override;
  void OnResponseDone(bool complete) override;

  // UpstreamRequest::Owner
  void OnLeased(UpstreamRequest& from) override;
  void OnFailed(UpstreamRequest& from, const Failure& why, bool reused) override;
  void OnInterim(UpstreamRequest& from, const http::ResponseHead& head) override;
  void OnResponse(UpstreamRequest& from, const http::ResponseHead& head) override;
  void OnResponseBody(UpstreamRequest& from, std::string_view bytes) override;
  void OnResponseEnd(UpstreamRequest& from, const http::Fields* trailers) override;
  void OnUpstreamWritable(UpstreamRequest& from) override;

  // upstream::Dispatch::Waiter
  void OnPlaced(upstream::Placed placed) override;
  void OnRefused(const upstream::Dispatch::Refused& refused) override;

  // Before a server.
  void FindRoute();
  bool DeniesClient();
  bool Admitted();
  void RefuseOver(const admission::Limit& limit);
  void GoOn();
  bool AnswerHere();
  bool AnswersOfRoom();
  bool PassesRoom();
  admission::Doorkeeper::Visit VisitRoom(const Entrance& entrance);
  bool Halts() const;
  admission::Doorkeeper::Visit Halted() const;
  void KeepWaiting(const admission::WaitingPage& page, int status,
                   const admission::Doorkeeper::Visit& visit);
  void LeaveRoom(const http::ResponseHead& head, http::ResponseHead& answer);
  void GiveTicket(http::ResponseHead& answer) const;
  bool PrepareForward();
  void GatherOrPlace();
  bool BodyTooLarge(uint64_t bytes);
  void Place();
  ratelimit::Priority PriorityHere() const;
  upstream::Dispatch::Rank RankAt(TimePoint now) const;
  observe::QueueStats& queue_stats() const;
  void RefusePlace(const upstream::Dispatch::Refused& refused);
  balancer::PickInput InputAt(TimePoint now) const;
  bool Returns(const balancer::PickInput& in, upstream::Placed& placed);
  void StartTry(UpstreamRequest& request, upstream::Placed placed);
  void ArmSecondThoughts();
  void OnHedgeDue();
  void OnTryTooLong();
  uint64_t Kind();
  void NoteAnswer(UpstreamRequest& from, const http::ResponseHead& head);
  void ArmStreamDue();
  void OnStreamDue();

  // When something goes wrong.
  UpstreamRequest* OtherThan(const UpstreamRequest& request);
  Again NextAfter(const Failure& why, bool reused) const;
  bool TriesAgainAfter(UpstreamRequest& from, const http::ResponseHead& head);
  bool TakeRetry();
  void GoOnWith(UpstreamRequest& other);
  void TryAgain(Cause cause);
  void Pause();
  void OnPauseOver();
  void EndTries(const Failure* why);
  void ClientLeft(std::string_view why);
  void Fail(const Failure& why, int status);
  void SendReply(const LocalReply& reply);
  void SendHead(http::ResponseHead& head);
  void AddLimitFields(http::ResponseHead& head) const;
  void Settle();
  bool Pace();
  void OnPaced();
  void ReplyError(int status, std::string_view why);
  // True when the circuit breaker of the pool has it answered 503.
  bool BreakerRefuses();

  void ReturnRequestCredit();
  void ArmProgress(Duration length);
  bool ArmUntil(Deadline& deadline, TimePoint due);
  void OnNoProgress();
  void OnTotalTimeout();
  ForwardContext Forwarding() const;
  const conf::Pool& pool_spec() const { return cluster_->shared->spec; }
  upstream::PoolState& pool() const { return *cluster_->shared->state; }
  observe::PoolStats& pool_stats() const { return pool().stats.shard(context_.shard()); }

  Context& context_;
  const std::shared_ptr<WorkerView> view_;
  Arena& arena_;
  http::Downstream& client_;
  http::RequestHead& head_;
  const Peer peer_;
  const conf::Listener& listener_;
  observe::ExchangeRecord record_;

  const route::Route* route_ = nullptr;
  observe::RouteStats* route_stats_ = nullptr;
  WorkerCluster* cluster_ = nullptr;
  admission::ClientIdentity identity_;
  const Limits* limits_ = nullptr;
  admission::Ruling ruling_;
  admission::Pass pass_;
  const Entrance* entrance_ = nullptr;       // where this has come by
  uint64_t visitor_ = 0;                     // who has been let in there
  std::optional<ratelimit::Ticket> ticket_;  // for the answer

  // The request.
  Bytes held_;                // body bytes not yet sent, or sent and kept for another try
  bool body_in_hand_ = true;  // held_ is the whole body so far
  bool request_ended_ = false;
  const http::Fields* request_trailers_ = nullptr;
  size_t request_owed_ = 0;  // body bytes not yet Consumed()
  bool upgrade_ = false;

  // The tries.
  absl::InlinedVector<balancer::HostIndex, 4> tried_;
  UpstreamRequest first_;
  UpstreamRequest* hedge_ = nullptr;  // beside the first; in the arena
  UpstreamRequest* at_ = &first_;     // whose answer it is, or is likely to be
  balancer::RetryBudget::Retry retry_;
  balancer::RetryBudget::Retry hedging_;
  std::optional<Failure> failed_;  // the last try that did, and another followed
  uint32_t pauses_ = 0;            // before this retry
  TimePoint placing_{};
  uint64_t kind_ = 0;  // Kind(), once asked
  bool client_finished_ = false;
  bool in_session_ = false;  // its cookie names a server that it may stay at
  bool counted_in_flight_ = false;
  TimePoint held_until_{};  // by a limit

  // The answer.
  Phase phase_ = Phase::kGather;
  bool head_sent_ = false;
  bool own_answer_ = false;
  Duration retry_after_ = std::chrono::seconds(1);  // of a 503 of ours
  size_t response_owed_ = 0;                        // body bytes not yet Consumed()
  TimePoint started_{};
  TimePoint answered_at_{};
  std::string why_;  // record_.why points here

  BoundDeadline<Exchange, &Exchange::OnNoProgress> progress_{this};
  BoundDeadline<Exchange, &Exchange::OnHedgeDue> hedge_due_{this};
  BoundDeadline<Exchange, &Exchange::OnTryTooLong> try_due_{this};
  BoundDeadline<Exchange, &Exchange::OnStreamDue> stream_due_{this};
  BoundDeadline<Exchange, &Exchange::OnTotalTimeout> total_{this};
  BoundDeadline<Exchange, &Exchange::OnPaced> pace_{this};
};

}  // namespace sluice::exchange

#endif  // SLUICE_PROXY_EXCHANGE_EXCHANGE_H_
