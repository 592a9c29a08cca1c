// Connection: one HTTP/1.1 client. It decodes requests one after another, hands each to its
// Service, and writes the answers in order: the next head is not looked at before the answer to the
// last one has left, so pipelining costs nothing and cannot reorder.
//
// A client that begins with HTTP/2's preface is handed on (ConnectionOwner::BeginHttp2).
//
// What it defends against: slow heads (a total deadline), slow bodies and slow readers (a minimum
// rate), endless heads and pipelines (limits), and a message whose end is in doubt (closed).
//
// Memory: an idle connection holds no buffers and nothing of a request: its decoder, its head, its
// exchange and all that is derived from them live in one arena while it runs.
//
// Threads: one worker's. Ownership: the owner given to it; it asks to be let go through
// ConnectionOwner::Release, from the loop, once.
#ifndef SLUICE_PROXY_SERVER_CONNECTION_H_
#define SLUICE_PROXY_SERVER_CONNECTION_H_

#include <memory>
#include <optional>

#include "conf/config.h"
#include "proxy/base/arena.h"
#include "proxy/base/bytes.h"
#include "proxy/base/deadline.h"
#include "proxy/base/peer.h"
#include "proxy/http/exchange_streams.h"
#include "proxy/http/h1_codec.h"
#include "proxy/net/loop.h"
#include "proxy/net/stream.h"
#include "proxy/server/guest.h"
#include "proxy/server/service.h"
#include "ratelimit/concurrency.h"
#include "ratelimit/min_rate.h"

namespace sluice::server {

class Connection final : public Guest,
                         public http::Downstream,
                         private net::StreamEvents,
                         private net::Deferred {
 public:
  Connection(net::Loop& loop, Service& service, ConnectionOwner& owner, Arrival arrival);
  ~Connection() override;

  // `came`: what was read of the client before, if anything.
  void Start(std::span<char> came);
  // An idle connection closes a moment later, so that a request already on its way is still
  // answered; a busy one after its answer.
  void Drain() override;
  void Cut() override;

 private:
  enum class Phase : uint8_t {
    kHead,     // waiting for a head, or in the middle of one
    kBody,     // a request is open and its body is still coming
    kAnswer,   // the request is complete, the answer is not
    kTunnel,   // plain bytes both ways
    kDiscard,  // the answer has left, the body it did not wait for is thrown away
    kLinger,   // our direction is closed; what still comes is thrown away
    kClosed,
  };

  // What is known of one request, from the first byte of its head until the next one's turn. An
  // idle connection has none.
  struct Request {
    Request(Arena& arena, const conf::Listener& listener, uint8_t skipped);

    http::RequestHead head;
    http::H1RequestDecoder decoder;
    size_t unconsumed = 0;  // body bytes the exchange still holds
    uint64_t moved = 0;     // bytes read from the body plus bytes the kernel took
    uint64_t written = 0;   // of the answer, framing included
    http::Framing::Kind framing = http::Framing::Kind::kNone;  // of the answer, on this wire
    ratelimit::MinRate rate;
    uint64_t rate_mark = 0;  // `moved` and what had left of the answer at the last look
  };

  // http::Downstream
  void SendInterim(const http::ResponseHead& head) override;
  void SendHead(const http::ResponseHead& head) override;
  void SendBody(std::string_view bytes) override;
  void SendEnd(const http::Fields* trailers) override;
  bool Retract() override;
  void Reset() override;
  void Consumed(size_t bytes) override;
  bool Full() const override { return stream_->Full(); }
  void SetHighMark(size_t bytes) override { stream_->SetHighMark(bytes); }

  // net::StreamEvents
  void OnRead(std::span<char> bytes) override;
  void OnReadEnd(int error) override;
  void OnWritable() override;
  void OnFlushed() override;
  void OnDeferred() override;

  void Process(std::span<char> bytes);
  // Each returns how many bytes it used; 0 ends the turn.
  size_t ReadHead(std::span<char> bytes);
  size_t ReadBody(std::span<char> bytes);
  size_t Discard(std::span<char> bytes);
  void DeliverTunnel(std::string_view bytes);
  // The client has half-closed; it may have done so before there was a tunnel.
  void EndTunnelInput();
  void KeepForLater(std::span<char> bytes);
  void ProcessBacklog();

  bool HeadNotBegun() const { return request_ == nullptr || request_->decoder.idle(); }
  void OpenExchange(const http::Refusal* refusal);
  void BeginHttp2(std::string_view behind_head);
  void EndInput();
  void FailRequest(Cause cause, std::string_view why);
  bool MayKeepAlive() const;
  void FinishAnswer();
  void Defer();
  void NextRequest();
  void AwaitHead();
  void Linger();
  void Close();

  void OnDeadline();
  void CheckRate();

  net::Loop& loop_;
  Service& service_;
  ConnectionOwner& owner_;
  const std::shared_ptr<const conf::Listener> listener_;
  std::unique_ptr<net::Stream> stream_;  // null once another guest has it
  const Peer peer_;
  std::unique_ptr<const TlsPeer> tls_;       // what peer_ points to
  std::optional<ratelimit::Permit> permit_;  // one of the listener's connections
  Bytes backlog_;  // came before its turn: the next requests of a pipeline

  Arena arena_;                                 // of the current request
  Request* request_ = nullptr;                  // in arena_
  http::DownstreamEvents* exchange_ = nullptr;  // in arena_
  uint32_t requests_ = 0;
  uint8_t skipped_ = 0;  // bytes of empty lines before the head being awaited
  Phase phase_ = Phase::kHead;
  bool answered_ : 1 = false;      // SendHead() was called
  bool answer_ended_ : 1 = false;  // SendEnd() or Reset() was called
  bool reset_ : 1 = false;
  bool refused_ : 1 = false;          // the head was not fit to be served
  bool close_after_ : 1 = false;      // no further request on this connection
  bool client_finished_ : 1 = false;  // FIN seen
  bool first_byte_ : 1 = false;       // of the head being awaited
  bool awaiting_flush_ : 1 = false;
  bool continue_sent_ : 1 = false;
  bool tunnel_input_ended_ : 1 = false;

  // For a head, for the end of what is thrown away, or for the next look at the rate.
  BoundDeadline<Connection, &Connection::OnDeadline> deadline_{this};
};

}  // namespace sluice::server

#endif  // SLUICE_PROXY_SERVER_CONNECTION_H_
