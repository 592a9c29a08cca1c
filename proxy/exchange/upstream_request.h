// UpstreamRequest: one try of an exchange at one server: its place there, the connection or stream
// it goes by, and what the server is remembered for by it. What the server says is passed on to the
// owner; the owner alone decides what is sent, and whether another try follows.
//
// Threads: one worker's. Ownership: the exchange's; it may be used again for another server.
#ifndef SLUICE_PROXY_EXCHANGE_UPSTREAM_REQUEST_H_
#define SLUICE_PROXY_EXCHANGE_UPSTREAM_REQUEST_H_

#include <memory>

#include "balancer/outcome.h"
#include "proxy/exchange/context.h"
#include "proxy/http/exchange_streams.h"
#include "proxy/upstream/dispatch.h"
#include "proxy/upstream/lease.h"

namespace sluice::exchange {

class UpstreamRequest final : private http::UpstreamEvents {
 public:
  class Owner {
   public:
    virtual ~Owner() = default;
    // The request can be sent now, by stream().
    virtual void OnLeased(UpstreamRequest& from) = 0;
    // `reused`: on a connection that had served before. Nothing follows.
    virtual void OnFailed(UpstreamRequest& from, const Failure& why, bool reused) = 0;
    // The rest as http::UpstreamEvents.
    virtual void OnInterim(UpstreamRequest& from, const http::ResponseHead& head) = 0;
    virtual void OnResponse(UpstreamRequest& from, const http::ResponseHead& head) = 0;
    virtual void OnResponseBody(UpstreamRequest& from, std::string_view bytes) = 0;
    virtual void OnResponseEnd(UpstreamRequest& from, const http::Fields* trailers) = 0;
    virtual void OnUpstreamWritable(UpstreamRequest& from) = 0;
  };

  UpstreamRequest(Owner& owner, Context& context, Arena& arena)
      : owner_(owner), context_(context), arena_(arena) {}
  ~UpstreamRequest() override { End(nullptr); }

  // From the choice of a server to End().
  bool running() const { return server_ != nullptr; }
  bool leased() const { return static_cast<bool>(lease_); }

  // By a kept connection that was used at most `max_rest` ago, else by a new one. OnLeased() may
  // come before it returns. REQUIRES: not running.
  void Start(WorkerCluster& cluster, upstream::Placed placed, Duration max_rest,
             Duration connect_timeout);
  // By a new connection to the same server, which had closed the kept one as it may. REQUIRES:
  // running.
  void StartAgain();

  // What the request goes by. REQUIRES: leased.
  http::Upstream& stream() const { return lease_.stream(); }
  // To be told when the last byte of the request was given to stream().
  void Sent() {
    sent_at_ = context_.loop().now();
    streamed_ = true;
  }

  // What became of it, for the server's health and load; the first word counts. REQUIRES: running.
  void Blame(const Failure& why);
  void Praise(const http::ResponseHead& head);

  // It may stay for long without work for the server, as tunnels and streams do: its place is for
  // another request. Where connections are limited it keeps it, for it keeps its connection.
  void LeavePlace();

  // Gives connection and place back; the place when the server is done. `why`: what is counted
  // against the server, if it was its doing.
  void End(const Failure* why);
  // Another try was answered first. The server may be at work on this one for long, and counts as
  // being so.
  void Outrun();

  // Of the server it runs at, or ran at last. REQUIRES: was started.
  balancer::HostIndex host() const { return host_; }
  const upstream::Server& server() const { return *at_; }
  // Its limit is found from its answers.
  bool adaptive() const { return at_->health->adaptive.load(std::memory_order_relaxed); }
  observe::ServerStats& stats() const;
  Duration connect_time() const { return connect_time_; }  // 0 on a kept connection
  TimePoint sent_at() const { return sent_at_; }
  // The time to its answer is the server's alone.
  bool sent_at_once() const { return !streamed_; }

 private:
  void OnInterim(const http::ResponseHead& head) override { owner_.OnInterim(*this, head); }
  void OnResponse(const http::ResponseHead& head) override { owner_.OnResponse(*this, head); }
  void OnResponseBody(std::string_view bytes) override { owner_.OnResponseBody(*this, bytes); }
  void OnResponseEnd(const http::Fields* trailers) override {
    owner_.OnResponseEnd(*this, trailers);
  }
  void OnUpstreamFailed(const Failure& why) override {
    owner_.OnFailed(*this, why, lease_ && lease_.reused());
  }
  void OnUpstreamWritable() override { owner_.OnUpstreamWritable(*this); }

  void Settle(const balancer::Outcome& outcome, TimePoint now);
  void Connect();
  void Take(upstream::Lease lease);

  Owner& owner_;
  Context& context_;
  Arena& arena_;
  WorkerCluster* cluster_ = nullptr;
  upstream::Server* at_ = nullptr;      // stays behind End()
  upstream::Server* server_ = nullptr;  // null: not running
  balancer::HostIndex host_ = 0;
  upstream::Permit permit_;
  std::unique_ptr<upstream::Attempt> dial_;
  upstream::Lease lease_;
  Duration connect_timeout_{};
  Duration connect_time_{};
  TimePoint began_at_{};
  TimePoint sent_at_{};
  bool settled_ = false;
  bool streamed_ = false;  // the server may have worked on it before it was all there
};

}  // namespace sluice::exchange

#endif  // SLUICE_PROXY_EXCHANGE_UPSTREAM_REQUEST_H_
