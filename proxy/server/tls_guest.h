// TlsGuest: a client in the middle of its TLS handshake. It holds one of the listener's connections
// like any other guest, has handshake_timeout to get through, and then makes way for the guest that
// speaks the protocol agreed on. Who does not get through is told why where it can be told: an
// alert, or to plain HTTP on this port a 400 that says so.
//
// Threads: one worker's. Ownership: the ConnectionOwner's.
#ifndef SLUICE_PROXY_SERVER_TLS_GUEST_H_
#define SLUICE_PROXY_SERVER_TLS_GUEST_H_

#include <memory>

#include "proxy/base/deadline.h"
#include "proxy/net/loop.h"
#include "proxy/observe/stats.h"
#include "proxy/server/guest.h"
#include "proxy/tls/server_context.h"
#include "proxy/tls/tls_stream.h"

namespace sluice::server {

class TlsGuest final : public Guest, private tls::HandshakeEvents, private net::StreamEvents {
 public:
  // `stats` are the listener's, of this worker; `came` was read of the client before.
  TlsGuest(net::Loop& loop, ConnectionOwner& owner, Arrival arrival,
           std::shared_ptr<const tls::ServerContext> context, observe::ListenerStats& stats,
           std::span<const char> came);

  void Drain() override {}  // a request may be on its way; the deadline ends it otherwise
  void Cut() override { End(); }

 private:
  // tls::HandshakeEvents
  void OnHandshakeDone(const tls::HandshakeInfo& info) override;
  void OnHandshakeFailed(const tls::HandshakeFailure& failure) override;

  // net::StreamEvents of the connection below, while the client reads why it failed.
  void OnRead(std::span<char>) override {}
  void OnReadEnd(int) override { End(); }
  void OnWritable() override {}
  void OnFlushed() override {}

  void OnDeadline();
  void End();

  net::Loop& loop_;
  ConnectionOwner& owner_;
  observe::ListenerStats& stats_;
  Arrival arrival_;  // its stream is in the others
  std::unique_ptr<tls::TlsStream> stream_;
  std::unique_ptr<net::Stream> lower_;  // after a failure
  BoundDeadline<TlsGuest, &TlsGuest::OnDeadline> deadline_{this};
  bool over_ = false;
};

}  // namespace sluice::server

#endif  // SLUICE_PROXY_SERVER_TLS_GUEST_H_
