// The half of a Socket that libuv may touch after the owner has let go: the handle and, while a
// write waits for the peer, the request with its bytes. Private to this room (includes uv.h).
#ifndef SLUICE_PROXY_NET_SOCKET_CORE_H_
#define SLUICE_PROXY_NET_SOCKET_CORE_H_

#include <uv.h>

#include <cstddef>

#include "proxy/base/bytes.h"
#include "proxy/net/loop.h"
#include "proxy/net/socket.h"

namespace sluice::net {

// uv_tcp_t serves Unix sockets too: uv_tcp_open() takes any connected stream descriptor. Nothing
// stands beside it: an idle connection is to be small, and the handle has room for its owner.
struct SocketCore {
  uv_tcp_t tcp;

  uv_stream_t* stream() { return reinterpret_cast<uv_stream_t*>(&tcp); }
  // Null once the owner has let go.
  Socket* owner() const { return static_cast<Socket*>(tcp.data); }
  void SetOwner(Socket* owner) { tcp.data = owner; }
  Loop& loop() const { return *static_cast<Loop*>(tcp.loop->data); }

  template <typename Handle>  // any of libuv's names for it
  static SocketCore* Of(Handle* handle) {
    return reinterpret_cast<SocketCore*>(handle);
  }
};
static_assert(offsetof(SocketCore, tcp) == 0);

// A handle without a descriptor yet; give it to a Socket or to CloseCore().
SocketCore* NewCore(Loop& loop);
// Closes the handle; the core frees itself when libuv is done with it.
void CloseCore(SocketCore* core);

// REQUIRES: it has one.
int DescriptorOf(const SocketCore& core);

// TCP_NODELAY and keepalive; not for Unix sockets. Failures are ignored: the peer may be gone.
void ApplyOptions(int fd, const SocketOptions& options);

// One uv_write with the bytes it reads from. 192 bytes of libuv's, so not part of an idle socket.
struct WriteRequest {
  uv_write_t uv;
  Bytes bytes;         // what is being sent, and behind it what did not fit into one request
  size_t sending = 0;  // how much of `bytes` this request covers
  WriteRequest* next = nullptr;
};

}  // namespace sluice::net

#endif  // SLUICE_PROXY_NET_SOCKET_CORE_H_
