// Opening: one connection to a server being made: dialled, its TLS handshake done where the pool
// speaks TLS, and then lent to who waits for it. One deadline covers both. Whatever goes wrong
// before the end of the handshake is a failure of which the server has seen no request.
//
// Where HTTP/2 is expected one is for all that come meanwhile, up to what a connection can serve
// for all we know. Should the server then choose HTTP/1.1, the first has the connection, and each
// of the others an Opening (and a deadline) of its own.
//
// Threads: one worker's. Ownership: its own: gone when it has an outcome, or nobody waits any more.
// Made by Pool alone.
#ifndef SLUICE_PROXY_UPSTREAM_OPENING_H_
#define SLUICE_PROXY_UPSTREAM_OPENING_H_

#include <memory>
#include <optional>
#include <string_view>

#include "absl/container/inlined_vector.h"
#include "proxy/base/deadline.h"
#include "proxy/net/dialer.h"
#include "proxy/tls/tls_stream.h"
#include "proxy/upstream/pool.h"

namespace sluice::upstream {

class Opening final : private tls::HandshakeEvents {
 public:
  // Begins at once; Add() must follow. `spec` is good for as long as anybody waits.
  Opening(Pool& pool, std::shared_ptr<ServerSlot> slot, const conf::Pool& spec, Duration timeout);
  ~Opening() override;

  // Whether one more may wait for it.
  bool Takes(const conf::Pool& spec) const;
  std::unique_ptr<Attempt> Add(Connector::Connected done);

 private:
  class Waiter;
  // As many streams as one connection can serve for all we know.
  static constexpr size_t kMost = 100;

  void Take(Waiter& waiter);
  void Leave(Waiter& waiter);
  // The first that waits, which waits here no more; and how it is told.
  Waiter& Pop();
  Connector::Connected Next();

  void Begin();
  void OnDialled(std::unique_ptr<net::Socket> socket, int error);
  void OnHandshakeDone(const tls::HandshakeInfo& info) override;
  void OnHandshakeFailed(const tls::HandshakeFailure& failure) override;
  void OnHandshakeTooLong();

  void LendHttp1(std::unique_ptr<net::Stream> stream);
  void LendHttp2(std::unique_ptr<net::Stream> stream);
  void FailHandshake(std::string_view what, std::string_view reason, Cause cause);
  void Fail(const Failure& why);
  void Decide();
  observe::ServerStats& stats() { return slot_->server->stats.shard(pool_.shard()); }

  Pool& pool_;
  const std::shared_ptr<ServerSlot> slot_;
  const conf::Pool& spec_;
  const Duration timeout_;
  std::optional<ratelimit::Permit> seat_;  // one of the connections the server may have
  TimePoint wants_since_{};                // a seat; never: has not had to
  std::optional<net::Dial> dial_;
  std::unique_ptr<tls::TlsStream> secure_;
  BoundDeadline<Opening, &Opening::OnHandshakeTooLong> deadline_{this};
  BoundDeadline<Opening, &Opening::Begin> again_{this};
  absl::InlinedVector<Waiter*, 1> waiters_;
  bool decided_ = false;
};

}  // namespace sluice::upstream

#endif  // SLUICE_PROXY_UPSTREAM_OPENING_H_
