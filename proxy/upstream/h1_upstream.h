// H1Upstream: one HTTP/1.1 connection to a server, serving one exchange at a time.
//
// It trusts the server no more than a client: whatever two parsers could read differently ends the
// connection, and bytes that nobody asked for (behind a complete answer, or while idle) do too, so
// that no byte of one exchange can reach another.
//
// Threads: one worker's. Ownership: its own while idle or leased (pool.h); it leaves through
// Pool::Release or, when the server closes an idle connection, by itself.
#ifndef SLUICE_PROXY_UPSTREAM_H1_UPSTREAM_H_
#define SLUICE_PROXY_UPSTREAM_H1_UPSTREAM_H_

#include <memory>

#include "proxy/base/deadline.h"
#include "proxy/http/exchange_streams.h"
#include "proxy/http/h1_codec.h"
#include "proxy/net/stream.h"
#include "proxy/upstream/pool.h"

namespace sluice::upstream {

class H1Upstream final : public Leasable, private net::StreamEvents {
 public:
  H1Upstream(Pool& pool, std::shared_ptr<ServerSlot> slot, const conf::Pool& spec,
             ratelimit::Permit seat, std::unique_ptr<net::Stream> stream);
  ~H1Upstream() override;

  // REQUIRES: idle.
  void Begin(http::UpstreamEvents& events, Arena& arena) override;
  void GiveBack(Permit permit) override;

  void SendHead(const http::RequestHead& head) override;
  void SendBody(Pieces pieces) override;
  void SendEnd(const http::Fields* trailers) override;
  void Consumed(size_t bytes) override;
  bool Full() const override { return stream_->Full(); }

 private:
  friend class Pool;

  enum class Phase : uint8_t { kIdle, kHead, kBody, kTunnel, kComplete, kAbandoned, kDead };

  // What is left of a request that was given up while the server was at work on it, as far as one
  // can tell: no answer had begun. The server is told by the end of our side; the connection stays
  // to hear when it is done.
  struct Remnant {
    explicit Remnant(Permit held) : permit(std::move(held)) {}
    Arena arena;
    Permit permit;
  };

  // Unbinds from the exchange. True when the connection may serve another one.
  bool End();
  // Before it closes, between two exchanges.
  void SayGoodbye();

  void OnRead(std::span<char> bytes) override;
  void OnReadEnd(int error) override;
  void OnWritable() override;
  void OnFlushed() override {}

  // Each returns how many bytes it used; 0 ends the turn.
  size_t ReadHead(std::span<char> bytes);
  size_t ReadBody(std::span<char> bytes);
  void Deliver(std::string_view body);
  void Complete(const http::Fields* trailers);
  void Fail(Cause cause, std::string why);
  bool MustFollow(const Permit& permit) const;
  void Follow(Permit permit);
  void OnRemnant(std::span<char> bytes);
  void EndRemnant();
  void OnIdleTooLong();

  Pool& pool_;
  const std::shared_ptr<ServerSlot> slot_;
  const ratelimit::Permit seat_;  // one of the connections the server may have
  const std::unique_ptr<net::Stream> stream_;
  http::H1ResponseDecoder decoder_;
  BoundDeadline<H1Upstream, &H1Upstream::OnIdleTooLong> idle_deadline_{this};
  const TimePoint born_;
  const Duration max_idle_time_;
  const Duration max_age_;
  const Duration cancel_hold_;
  const uint32_t max_idle_;

  // Of the current exchange.
  http::UpstreamEvents* events_ = nullptr;
  Arena* arena_ = nullptr;
  Phase phase_ = Phase::kIdle;
  http::Method method_ = http::Method::kGet;
  http::Framing::Kind request_framing_ = http::Framing::Kind::kNone;
  http::Framing::Kind response_framing_ = http::Framing::Kind::kNone;
  bool request_ended_ = false;
  bool keep_alive_ = true;
  uint32_t interims_ = 0;
  size_t unconsumed_ = 0;
  uint64_t written_ = 0;  // given to the socket since Begin()

  std::unique_ptr<Remnant> remnant_;  // in kAbandoned

  // The idle list of the slot, or the abandoned ones of the pool.
  TimePoint rests_since_{};
  H1Upstream* newer_ = nullptr;
  H1Upstream* older_ = nullptr;
};

}  // namespace sluice::upstream

#endif  // SLUICE_PROXY_UPSTREAM_H1_UPSTREAM_H_
