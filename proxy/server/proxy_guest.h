// ProxyGuest: a connection from a trusted balancer whose PROXY header (proxy_header.h) has not come
// yet. It holds one of the listener's connections like any other guest and has head_timeout for the
// whole header. Then the client's address is the one told, and it makes way for the guest that
// would have been first without it, which gets the bytes that came behind the header.
//
// A header that is malformed or late, or a peer that leaves, ends the connection without an answer:
// what the other side speaks is not known. Each end is counted (observe::ProxyEnd).
//
// Threads: one worker's. Ownership: the ConnectionOwner's. Cost: no copy of a header that comes in
// one piece; else at most kMaxProxyHeader bytes and one read.
#ifndef SLUICE_PROXY_SERVER_PROXY_GUEST_H_
#define SLUICE_PROXY_SERVER_PROXY_GUEST_H_

#include <string>
#include <string_view>

#include "proxy/base/deadline.h"
#include "proxy/net/loop.h"
#include "proxy/observe/stats.h"
#include "proxy/server/guest.h"
#include "proxy/server/proxy_header.h"

namespace sluice::server {

class ProxyGuest final : public Guest, private net::StreamEvents {
 public:
  // `stats` are the listener's, of this worker.
  ProxyGuest(net::Loop& loop, ConnectionOwner& owner, Arrival arrival,
             observe::ListenerStats& stats);

  void Drain() override {}  // a request may be on its way; the deadline ends it otherwise
  void Cut() override;

 private:
  // net::StreamEvents
  void OnRead(std::span<char> bytes) override;
  void OnReadEnd(int error) override;
  void OnWritable() override {}
  void OnFlushed() override {}

  void OnDeadline();
  void Accept(const ProxyHeader& header, std::span<char> behind);
  void Refuse(observe::ProxyEnd how, std::string_view why);
  void End(observe::ProxyEnd how);

  net::Loop& loop_;
  ConnectionOwner& owner_;
  observe::ListenerStats& stats_;
  Arrival arrival_;
  std::string came_;  // of a header that comes in pieces
  BoundDeadline<ProxyGuest, &ProxyGuest::OnDeadline> deadline_{this};
  bool over_ = false;
};

}  // namespace sluice::server

#endif  // SLUICE_PROXY_SERVER_PROXY_GUEST_H_
