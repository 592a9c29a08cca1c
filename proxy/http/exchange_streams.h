// The seam: the two faces an exchange sees, whatever protocol is behind them. HTTP/1 connections,
// HTTP/2 streams and the in-memory streams of the tests implement them; the exchange never learns
// which.
//
// Both directions of both faces carry: a head, interim heads, body bytes, trailers, an end, a
// reset, and Consumed(n) for flow control. HTTP/1 implements Consumed() by pausing its socket,
// HTTP/2 by returning stream window.
//
// Threads: one worker's. Re-entrancy: no event is raised from inside a Send…(), Consumed() or
// Reset() call; events come from the loop only. Neither face may be destroyed from inside an event;
// owners retire them (net/loop.h).
// Views and heads passed to an event or a Send…() are good during the call only, except that a
// request head lives in the arena of its exchange.
#ifndef SLUICE_PROXY_HTTP_EXCHANGE_STREAMS_H_
#define SLUICE_PROXY_HTTP_EXCHANGE_STREAMS_H_

#include <cstddef>
#include <string_view>

#include "proxy/base/bytes.h"
#include "proxy/base/failure.h"
#include "proxy/http/message.h"

namespace sluice::http {

// What the client of one exchange says after its request head.
class DownstreamEvents {
 public:
  virtual ~DownstreamEvents() = default;
  virtual void OnRequestBody(std::string_view bytes) = 0;
  // The request is complete. `trailers` may be null. In a tunnel: the client has half-closed.
  virtual void OnRequestEnd(const Fields* trailers) = 0;
  // The request broke: malformed body, too slow, too large, client gone. Nothing follows. Unless
  // `why.cause` is kClientLeft or kReset the client can still be sent an answer, which will be the
  // last on its connection.
  virtual void OnRequestFailed(const Failure& why) = 0;
  // The client has closed its side behind a complete request: it has left, or waits for the answer.
  virtual void OnClientFinished() {}
  // Full() was true and no longer is.
  virtual void OnDownstreamWritable() = 0;
  // The answer has left for good: handed to the kernel to the last byte, or cut. Comes once, after
  // SendEnd() or Reset().
  virtual void OnResponseDone(bool complete) = 0;
};

// The client side of one exchange.
class Downstream {
 public:
  virtual ~Downstream() = default;
  // 1xx, any number of them before the head. Not sent to HTTP/1.0 clients.
  virtual void SendInterim(const ResponseHead& head) = 0;
  // `head.framing` says how the body will come; the implementation chooses the framing on the wire.
  // kTunnel turns both directions into plain bytes.
  virtual void SendHead(const ResponseHead& head) = 0;
  virtual void SendBody(std::string_view bytes) = 0;
  virtual void SendEnd(const Fields* trailers) = 0;
  // Takes back all of the answer so far if not a byte of it has left: true, and another SendHead()
  // may follow. For an answer that turns out to be broken in the same read as its head.
  virtual bool Retract() = 0;
  // Ends the answer so that it cannot be taken for complete.
  virtual void Reset() = 0;
  // `bytes` of the request body that OnRequestBody() handed over are done with.
  virtual void Consumed(size_t bytes) = 0;
  // More than the high mark is waiting to leave: whoever produces should stop until
  // OnDownstreamWritable().
  virtual bool Full() const = 0;
  // The mark for Full(); set once per exchange.
  virtual void SetHighMark(size_t bytes) = 0;
};

// What the server of one exchange says.
class UpstreamEvents {
 public:
  virtual ~UpstreamEvents() = default;
  virtual void OnInterim(const ResponseHead& head) = 0;
  virtual void OnResponse(const ResponseHead& head) = 0;
  virtual void OnResponseBody(std::string_view bytes) = 0;
  // The response is complete. In a tunnel: the server has half-closed.
  virtual void OnResponseEnd(const Fields* trailers) = 0;
  // The upstream side is dead; nothing follows.
  virtual void OnUpstreamFailed(const Failure& why) = 0;
  virtual void OnUpstreamWritable() = 0;
};

// The server side of one exchange.
class Upstream {
 public:
  virtual ~Upstream() = default;
  virtual void SendHead(const RequestHead& head) = 0;
  virtual void SendBody(Pieces pieces) = 0;
  void SendBody(std::string_view bytes) { SendBody(Pieces(&bytes, 1)); }
  virtual void SendEnd(const Fields* trailers) = 0;
  // `bytes` of the response body that OnResponseBody() handed over are done with.
  virtual void Consumed(size_t bytes) = 0;
  virtual bool Full() const = 0;
};

}  // namespace sluice::http

#endif  // SLUICE_PROXY_HTTP_EXCHANGE_STREAMS_H_
