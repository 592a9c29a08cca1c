#include "proxy/net/hangup_watch.h"

#include <fcntl.h>
#include <uv.h>

#include "proxy/net/fd.h"
#include "proxy/net/loop.h"
#include "proxy/net/socket.h"

namespace sluice::net {

struct HangupWatch::Poll {
  uv_poll_t uv;
  Fd fd;
  Socket* socket;  // null once told or ended

  static void OnEvent(uv_poll_t* handle, int, int) {
    auto* const poll = static_cast<Poll*>(handle->data);
    uv_poll_stop(handle);
    if (Socket* const told = std::exchange(poll->socket, nullptr); told != nullptr) {
      Loop& loop = told->loop();
      told->OnHangup();
      loop.EndCallback();
    }
  }
  static void OnClosed(uv_handle_t* handle) { delete static_cast<Poll*>(handle->data); }
};

HangupWatch::HangupWatch(Socket& socket) : socket_(socket) {
  socket.loop().Arm(*this, Socket::kWatchAfter);
}

HangupWatch::~HangupWatch() {
  if (poll_ == nullptr) return;
  poll_->socket = nullptr;
  uv_close(reinterpret_cast<uv_handle_t*>(&poll_->uv), Poll::OnClosed);
  poll_->fd = Fd();
}

void HangupWatch::OnDeadline() {
  Fd copy(::fcntl(socket_.fd_, F_DUPFD_CLOEXEC, 0));
  if (!copy.valid()) return;  // out of descriptors: the next read or write will find out
  auto* const poll = new Poll{{}, std::move(copy), &socket_};
  if (uv_poll_init(socket_.loop().uv(), &poll->uv, poll->fd.get()) != 0) {
    delete poll;
    return;
  }
  poll->uv.data = poll;
  poll_ = poll;
  uv_poll_start(&poll->uv, UV_PRIORITIZED, Poll::OnEvent);
}

}  // namespace sluice::net
