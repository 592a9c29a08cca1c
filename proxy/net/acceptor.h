// Listening sockets. BindListener() makes one (the supervisor owns the descriptor); an Acceptor
// accepts from it on one loop.
#ifndef SLUICE_PROXY_NET_ACCEPTOR_H_
#define SLUICE_PROXY_NET_ACCEPTOR_H_

#include <memory>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "proxy/base/address.h"
#include "proxy/net/loop.h"
#include "proxy/net/socket.h"

namespace sluice::net {

// An owned descriptor.
class Fd {
 public:
  explicit Fd(int fd = -1) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(other.Release()) {}
  Fd& operator=(Fd&& other) noexcept;
  ~Fd();
  int get() const { return fd_; }
  int Release() {
    const int fd = fd_;
    fd_ = -1;
    return fd;
  }

 private:
  int fd_;
};

struct ListenOptions {
  int backlog = 4096;
  bool reuse_port = true;  // one socket per worker on the same address (TCP only)
};

// Bound and listening, non-blocking, close-on-exec. A stale Unix socket file that nobody answers on
// is replaced; one that answers is "address in use". IPv6 sockets are dual-stack for "[::]".
absl::StatusOr<Fd> BindListener(const Address& address, const ListenOptions& options);
// The address a descriptor is bound to: the real port after binding port 0.
Address BoundAddress(int fd);

class Acceptor {
 public:
  // `accept` gets each new connection, not yet reading. Called in a burst: keep it short.
  using OnAccept = absl::AnyInvocable<void(std::unique_ptr<Socket>, const Address& peer)>;
  // Duplicates `fd`: the caller keeps its own.
  Acceptor(Loop& loop, int fd, const SocketOptions& options, OnAccept accept);
  ~Acceptor();

  // While paused, connections wait in the kernel's backlog.
  void Pause();
  void Resume();
  // Accepts what is already queued (until EAGAIN), then closes.
  void DrainAndClose();
};

}  // namespace sluice::net

#endif  // SLUICE_PROXY_NET_ACCEPTOR_H_
