// Dial: opens a connection to an address, within a time. Unix sockets connect at once or not at
// all; their outcome too comes from the loop.
//
// Threads: the loop's. Errors: net/error.h.
#ifndef SLUICE_PROXY_NET_DIALER_H_
#define SLUICE_PROXY_NET_DIALER_H_

#include <memory>

#include "absl/functional/any_invocable.h"
#include "proxy/base/address.h"
#include "proxy/base/deadline.h"
#include "proxy/net/loop.h"
#include "proxy/net/socket.h"

namespace sluice::net {

// One attempt. Destroying it cancels: the callback then never runs.
class Dial {
 public:
  // Exactly once, from the loop, never from inside the constructor. error 0: connected; kTimedOut
  // when `timeout` passed; otherwise the system's reason. It may destroy the Dial.
  using Done = absl::AnyInvocable<void(std::unique_ptr<Socket> socket, int error)>;
  Dial(Loop& loop, const Address& to, Duration timeout, const SocketOptions& options, Done done);
  ~Dial();
  Dial(const Dial&) = delete;
  Dial& operator=(const Dial&) = delete;

 private:
  struct Attempt;  // owned by libuv until its callback

  int ConnectTcp(const Address& to, const SocketOptions& options);
  int ConnectUnix(const Address& to);
  void OnDeadline();
  void Finish(int error);

  Loop& loop_;
  Done done_;
  std::unique_ptr<Socket> socket_;
  Attempt* attempt_ = nullptr;
  int outcome_;  // what the deadline reports: a failure known at once, success, or kTimedOut
  BoundDeadline<Dial, &Dial::OnDeadline> deadline_{this};
};

}  // namespace sluice::net

#endif  // SLUICE_PROXY_NET_DIALER_H_
