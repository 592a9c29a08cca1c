// Guest: a client's connection as its gate sees it, whatever protocol it speaks: something in a
// list that can be told to end. Nothing here is on the way of a request.
//
// Threads: one loop's.
#ifndef SLUICE_PROXY_SERVER_GUEST_H_
#define SLUICE_PROXY_SERVER_GUEST_H_

#include <memory>
#include <span>
#include <string_view>

#include "conf/config.h"
#include "proxy/base/peer.h"
#include "proxy/base/time.h"
#include "proxy/net/stream.h"
#include "proxy/observe/stats.h"
#include "proxy/server/handshake_gate.h"
#include "ratelimit/concurrency.h"

namespace sluice::server {

class Guest {
 public:
  Guest() = default;
  Guest(const Guest&) = delete;
  Guest& operator=(const Guest&) = delete;
  virtual ~Guest() = default;

  // Service::draining() has become true: ends as soon as no request is lost by it.
  virtual void Drain() = 0;
  // Ends now; an answer under way is cut.
  virtual void Cut() = 0;

  // The owner's list.
  Guest* next = nullptr;
  Guest** link = nullptr;
};

// What one guest hands over to the next on the same connection.
struct Arrival {
  std::shared_ptr<const conf::Listener> listener;  // outlives every connection made on it
  std::unique_ptr<net::Stream> stream;
  Peer peer;
  std::unique_ptr<const TlsPeer> tls = nullptr;  // what peer.tls points to
  HandshakePlace place = {};                     // if handshakes are limited
  ratelimit::Permit permit;                      // one of the listener's connections
};

class ConnectionOwner {
 public:
  virtual ~ConnectionOwner() = default;
  // The connection is over: retire it (net::Loop::Retire).
  virtual void Release(Guest& guest) = 0;
  // The listener's, of this loop.
  virtual observe::ListenerStats& stats() = 0;
  // What a newcomer said took that long to understand.
  virtual void Spent(Duration time) = 0;
  // Whose connection it is has been told; `came` was read of the client itself. Whoever says so is
  // released next.
  virtual void BeginClient(Arrival arrival, std::span<char> came) = 0;
  // The client speaks HTTP/1, or HTTP/2 with prior knowledge; `came` was read of it. Whoever says
  // so is released next.
  virtual void BeginHttp1(Arrival arrival, std::span<char> came) = 0;
  // The client speaks HTTP/2; `came` was read of it, from the first byte of the preface. Whoever
  // says so is released next.
  virtual void BeginHttp2(Arrival arrival, std::string_view came) = 0;
};

}  // namespace sluice::server

#endif  // SLUICE_PROXY_SERVER_GUEST_H_
