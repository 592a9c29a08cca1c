// Listening sockets. BindListener() makes one (the supervisor owns the descriptor); an Acceptor
// accepts from it on one loop.
//
// Nothing is lost for want of descriptors: at EMFILE the acceptor rests for kRestAfterExhaustion
// and the kernel's backlog holds the connections, as it does while paused. So the acceptor calls
// accept4() itself; libuv's own listener would accept and close them all.
//
// Threads: the loop's. Cost: accepted sockets inherit TCP_NODELAY and keepalive from the listener,
// so a connection costs one accept4() and no option calls.
#ifndef SLUICE_PROXY_NET_ACCEPTOR_H_
#define SLUICE_PROXY_NET_ACCEPTOR_H_

#include <cstdint>
#include <memory>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "proxy/base/address.h"
#include "proxy/base/deadline.h"
#include "proxy/net/fd.h"
#include "proxy/net/loop.h"
#include "proxy/net/socket.h"

namespace sluice::net {

struct ListenOptions {
  int backlog = 4096;
  bool reuse_port = true;  // one socket per worker on the same address (TCP only)
  // Fails when somebody listens there already, even if they too share the port: reuse_port alone
  // would let a second process of the same user take half of the connections in silence. For the
  // first socket of an address.
  bool exclusive = false;
};

// Bound and listening, non-blocking, close-on-exec. A stale Unix socket file that nobody answers on
// is replaced; one that answers is "address in use". IPv6 sockets are dual-stack for "[::]".
absl::StatusOr<Fd> BindListener(const Address& address, const ListenOptions& options);
// The address a descriptor is bound to: the real port after binding port 0.
Address BoundAddress(int fd);

class Acceptor {
 public:
  // `accept` gets each new connection, not yet reading. Called in a burst: keep it short. It may
  // Pause() or DrainAndClose(), but must not destroy the Acceptor.
  using OnAccept = absl::AnyInvocable<void(std::unique_ptr<Socket>, const Address& peer)>;
  // The same with the bare descriptor, for handing it to another loop (Socket::Adopt()).
  using OnDescriptor = absl::AnyInvocable<void(Fd, const Address& peer)>;
  // Duplicates `fd`: the caller keeps its own.
  Acceptor(Loop& loop, int fd, const SocketOptions& options, OnAccept accept);
  Acceptor(Loop& loop, int fd, const SocketOptions& options, OnDescriptor accept);
  ~Acceptor();
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;

  // Asked in each turn in which somebody waits: how many to take in it.
  void SetBurst(absl::AnyInvocable<int()> burst) { burst_ = std::move(burst); }
  // While paused, connections wait in the kernel's backlog.
  void Pause();
  void Resume();
  // Accepts what is already queued (until EAGAIN), paused or not, then closes. The kernel resets
  // what arrives later, once every duplicate of the descriptor is closed.
  void DrainAndClose();

  // How often it rested because the process or the system was out of descriptors.
  uint64_t exhausted() const { return exhausted_; }

  static constexpr Duration kRestAfterExhaustion = std::chrono::milliseconds(100);

 private:
  struct Poll;  // owned by libuv until its close callback

  void Watch();
  void Close();
  // False at EAGAIN, or when accepting has to rest.
  bool AcceptOne();
  void OnRested();

  Loop& loop_;
  OnDescriptor accept_;
  absl::AnyInvocable<int()> burst_;
  Poll* poll_;  // null after Close()
  bool paused_ = false;
  uint64_t exhausted_ = 0;
  BoundDeadline<Acceptor, &Acceptor::OnRested> rest_{this};
};

}  // namespace sluice::net

#endif  // SLUICE_PROXY_NET_ACCEPTOR_H_
