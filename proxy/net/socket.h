// Socket: TCP or Unix stream over libuv. See stream.h for the deal; lifetime: the owner holds
// the Socket, libuv holds the core, and the core frees itself in its close callback.
#ifndef SLUICE_PROXY_NET_SOCKET_H_
#define SLUICE_PROXY_NET_SOCKET_H_

#include <memory>

#include "proxy/base/address.h"
#include "proxy/net/loop.h"
#include "proxy/net/stream.h"

namespace sluice::net {

struct SocketCore;  // what libuv may still touch after the owner has let go

// What an operator may set on a connection.
struct SocketOptions {
  bool nodelay = true;
  Duration keepalive = std::chrono::seconds(60);  // 0: off
};

}  // namespace sluice::net

#endif  // SLUICE_PROXY_NET_SOCKET_H_
