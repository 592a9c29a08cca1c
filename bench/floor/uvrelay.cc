// floor_uvrelay LISTEN_PORT BACKEND_PORT: the relay of relay.cc on libuv; the difference is what
// the event loop costs by itself. One read callback and one uv_try_write for each stretch of bytes.
// One thread, 127.0.0.1, until SIGTERM.
//
// What uv_try_write does not take goes out by uv_write, and until that is done the other side is
// not read: at most kBlockBytes wait in each direction. When one side ends, fully or by half, both
// are closed.
#include <netinet/in.h>
#include <uv.h>

#include <cerrno>
#include <csignal>
#include <string>

#include "bench/load/loopback.h"

namespace {

constexpr size_t kBlockBytes = 64 * 1024;

char block[kBlockBytes];  // of all connections: a callback leaves nothing in it
sockaddr_in backend;

struct Pair;

struct Side {
  explicit Side(Pair* of) : pair(of) { handle.data = write.data = this; }
  uv_stream_t* stream() { return reinterpret_cast<uv_stream_t*>(&handle); }

  Pair* const pair;
  uv_tcp_t handle{};
  uv_write_t write{};       // in use while `unsent` is not empty
  std::string unsent = {};  // came from the other side and was not taken here yet
};

struct Pair {
  Side& Other(const Side& side) { return &side == &client ? server : client; }

  Side client{this}, server{this};
  uv_connect_t connect{};
  int open = 2;
};

Side& Of(void* data) { return *static_cast<Side*>(data); }

// `status`: what a call that can only fail for want of memory or descriptors returned.
void Must(int status, const char* what) {
  if (status == 0) return;
  errno = -status;
  sluice::load::Die(what);
}

void OnClosed(uv_handle_t* handle) {
  Pair* const pair = Of(handle->data).pair;
  if (--pair->open == 0) delete pair;
}

void Close(Pair& pair) {
  for (Side* side : {&pair.client, &pair.server}) {
    auto* const handle = reinterpret_cast<uv_handle_t*>(&side->handle);
    if (uv_is_closing(handle) == 0) uv_close(handle, OnClosed);
  }
}

void OnRead(uv_stream_t* stream, ssize_t count, const uv_buf_t* bytes);

void Read(Side& side) {
  const auto lend = [](uv_handle_t*, size_t, uv_buf_t* into) {
    *into = uv_buf_init(block, kBlockBytes);
  };
  if (uv_read_start(side.stream(), lend, OnRead) != 0) Close(*side.pair);
}

void OnWritten(uv_write_t* write, int status) {
  Side& side = Of(write->data);
  side.unsent.clear();
  if (status == UV_ECANCELED) return;  // being closed
  if (status < 0) return Close(*side.pair);
  Read(side.pair->Other(side));
}

void OnRead(uv_stream_t* stream, ssize_t count, const uv_buf_t* bytes) {
  Side& from = Of(stream->data);
  Side& to = from.pair->Other(from);
  if (count < 0) return Close(*from.pair);
  if (count == 0) return;  // libuv's "not now"
  uv_buf_t rest = uv_buf_init(bytes->base, static_cast<unsigned>(count));
  const int sent = uv_try_write(to.stream(), &rest, 1);
  if (sent == count) return;
  if (sent < 0 && sent != UV_EAGAIN) return Close(*from.pair);
  to.unsent.assign(bytes->base + (sent < 0 ? 0 : sent), bytes->base + count);
  uv_read_stop(stream);
  rest = uv_buf_init(to.unsent.data(), static_cast<unsigned>(to.unsent.size()));
  if (uv_write(&to.write, to.stream(), &rest, 1, OnWritten) != 0) Close(*from.pair);
}

void OnConnected(uv_connect_t* connect, int status) {
  Pair& pair = *Of(connect->data).pair;
  if (status == UV_ECANCELED) return;
  if (status < 0) return Close(pair);
  Read(pair.client);
  Read(pair.server);
}

void OnClient(uv_stream_t* listener, int status) {
  Must(status, "accept");
  auto* const pair = new Pair;
  pair->connect.data = &pair->server;
  Must(uv_tcp_init(listener->loop, &pair->client.handle), "uv_tcp_init");
  Must(uv_tcp_init(listener->loop, &pair->server.handle), "uv_tcp_init");
  if (uv_accept(listener, pair->client.stream()) != 0) return Close(*pair);
  uv_tcp_nodelay(&pair->client.handle, 1);
  const auto* const to = reinterpret_cast<const sockaddr*>(&backend);
  if (uv_tcp_connect(&pair->connect, &pair->server.handle, to, OnConnected) != 0) Close(*pair);
  uv_tcp_nodelay(&pair->server.handle, 1);
}

}  // namespace

int main(int argc, char** argv) {
  const auto ports = sluice::load::PortArguments(argc, argv, {"LISTEN_PORT", "BACKEND_PORT"});
  std::signal(SIGPIPE, SIG_IGN);
  uv_ip4_addr("127.0.0.1", ports[1], &backend);
  uv_loop_t* const loop = uv_default_loop();
  uv_tcp_t listener;
  Must(uv_tcp_init(loop, &listener), "uv_tcp_init");
  Must(uv_tcp_open(&listener, sluice::load::Listen(ports[0]).Release()), "uv_tcp_open");
  Must(uv_listen(reinterpret_cast<uv_stream_t*>(&listener), 4096, OnClient), "uv_listen");
  return uv_run(loop, UV_RUN_DEFAULT);
}
