// Dial: opens a connection to an address, within a time.
#ifndef SLUICE_PROXY_NET_DIALER_H_
#define SLUICE_PROXY_NET_DIALER_H_

#include <memory>

#include "absl/functional/any_invocable.h"
#include "proxy/base/address.h"
#include "proxy/net/loop.h"
#include "proxy/net/socket.h"

namespace sluice::net {

// One attempt. Destroying it cancels: the callback then never runs.
class Dial {
 public:
  // Exactly once, from the loop, never from inside the constructor. error 0: connected; UV_ETIMEDOUT
  // when `timeout` passed; otherwise libuv's code. It may destroy the Dial.
  using Done = absl::AnyInvocable<void(std::unique_ptr<Socket> socket, int error)>;
  Dial(Loop& loop, const Address& to, Duration timeout, const SocketOptions& options, Done done);
  ~Dial();
};

}  // namespace sluice::net

#endif  // SLUICE_PROXY_NET_DIALER_H_
