#include "proxy/exchange/upstream_request.h"

#include <utility>

#include "proxy/exchange/report.h"
#include "proxy/exchange/retry.h"

namespace sluice::exchange {

observe::ServerStats& UpstreamRequest::stats() const { return at_->stats.shard(context_.shard()); }

void UpstreamRequest::Start(WorkerCluster& cluster, upstream::Placed placed, Duration max_rest,
                            Duration connect_timeout) {
  cluster_ = &cluster;
  host_ = placed.host;
  permit_ = std::move(placed.permit);
  at_ = server_ = cluster.shared->servers[host_].get();
  connect_timeout_ = connect_timeout;
  settled_ = false;
  connect_time_ = Duration::zero();
  stats().requests.Add();
  stats().in_flight.Add();
  began_at_ = context_.loop().now();
  if (upstream::Lease kept = context_.pool().TakeIdle(*cluster.slots[host_], max_rest)) {
    Take(std::move(kept));
  } else {
    Connect();
  }
}

void UpstreamRequest::StartAgain() {
  lease_.Drop();
  began_at_ = context_.loop().now();
  Connect();
}

void UpstreamRequest::Connect() {
  dial_ = context_.pool().Connect(cluster_->slots[host_], cluster_->shared->spec, connect_timeout_,
                                  [this](upstream::Lease lease, const Failure& why) {
                                    context_.loop().Retire(std::move(dial_));
                                    if (!lease)
                                      return owner_.OnFailed(*this, why, /*reused=*/false);
                                    connect_time_ = context_.loop().now() - began_at_;
                                    Take(std::move(lease));
                                  });
}

void UpstreamRequest::Take(upstream::Lease lease) {
  lease_ = std::move(lease);
  lease_.Begin(*this, arena_);
  streamed_ = false;
  sent_at_ = context_.loop().now();
  owner_.OnLeased(*this);
}

// Its place may be another's already (LeavePlace).
void UpstreamRequest::Settle(const balancer::Outcome& outcome, TimePoint now) {
  if (std::exchange(settled_, true)) return;
  if (permit_) {
    permit_.Settle(outcome, now);
  } else {
    balancer::Record(*server_->health, outcome, now);
  }
}

void UpstreamRequest::Blame(const Failure& why) {
  if (why.side != Side::kUpstream) return;
  const TimePoint now = context_.loop().now();
  const bool late = why.cause == Cause::kConnectTimeout || why.cause == Cause::kHeadTimeout;
  Settle({.result = late ? balancer::Result::kTimedOut : balancer::Result::kFailed,
          .latency = now - began_at_},
         now);
  if (cluster_->shared->outlier.OnFailure(*server_->health, late, now) ==
      balancer::RestChange::kBegan) {
    stats().rests.Add();
    ReportRest(*server_, balancer::RestLeft(*server_->health, now), why);
  }
}

void UpstreamRequest::Praise(const http::ResponseHead& head) {
  const TimePoint now = context_.loop().now();
  const http::Field* const retry_after = head.fields.Find(http::FieldId::kRetryAfter);
  Settle(
      {.result = balancer::ResultOf(head.status, retry_after != nullptr),
       .latency = now - sent_at_,
       .retry_after = retry_after == nullptr ? Duration::zero() : RetryAfter(retry_after->value)},
      now);
  stats().by_class[observe::StatusClass(head.status)].Add();
  stats().first_byte.Record(now - sent_at_);
  if (cluster_->shared->outlier.OnSuccess(*server_->health, now) == balancer::RestChange::kEnded) {
    ReportRecovery(*server_);
  }
}

void UpstreamRequest::LeavePlace() {
  if (cluster_->shared->spec.max_connections == 0) permit_ = upstream::Permit();
}

void UpstreamRequest::Outrun() {
  permit_.FollowWork();
  End(nullptr);
}

void UpstreamRequest::End(const Failure* why) {
  if (server_ == nullptr) return;
  if (why != nullptr && why->side == Side::kUpstream) stats().failures.Add(why->cause);
  stats().in_flight.Sub();
  server_ = nullptr;
  dial_.reset();  // its own callback has moved it out before it comes here
  lease_.Drop(std::move(permit_));
  permit_ = upstream::Permit();
}

}  // namespace sluice::exchange
