#include "proxy/net/acceptor.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <uv.h>

#include <utility>

#include "proxy/base/check.h"
#include "proxy/net/socket_core.h"

namespace sluice::net {
namespace {

// Connections taken in one turn before others get theirs; the poll is level-triggered and rings
// again for the rest.
constexpr int kBurst = 64;

// A connection that died while queued is no reason to stop.
bool IsPeersDoing(int error) {
  return error == EINTR || error == ECONNABORTED || error == EPROTO || error == EPERM ||
         error == ENETDOWN || error == ENETUNREACH || error == EHOSTUNREACH;
}

}  // namespace

struct Acceptor::Poll {
  uv_poll_t uv;
  Fd fd;
  Acceptor* owner;

  static void OnEvent(uv_poll_t* handle, int, int) {
    const auto* const poll = static_cast<Poll*>(handle->data);
    Loop& loop = poll->owner->loop_;
    const int most = poll->owner->burst_ ? poll->owner->burst_() : kBurst;
    for (int i = 0; i < most && poll->owner != nullptr && !poll->owner->paused_; ++i) {
      if (!poll->owner->AcceptOne()) break;
    }
    loop.EndCallback();
  }
};

Acceptor::Acceptor(Loop& loop, int fd, const SocketOptions& options, OnAccept accept)
    : Acceptor(loop, fd, options,
               OnDescriptor(
                   [&loop, accept = std::move(accept)](Fd accepted, const Address& peer) mutable {
                     SocketCore* const core = NewCore(loop);
                     if (uv_tcp_open(&core->tcp, accepted.get()) != 0) return CloseCore(core);
                     accepted.Release();
                     accept(std::make_unique<Socket>(core), peer);
                   })) {}

Acceptor::Acceptor(Loop& loop, int fd, const SocketOptions& options, OnDescriptor accept)
    : loop_(loop), accept_(std::move(accept)) {
  Fd copy(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
  SLUICE_CHECK(copy.valid());
  if (BoundAddress(fd).family() != AF_UNIX) ApplyOptions(fd, options);
  poll_ = new Poll{{}, std::move(copy), this};
  SLUICE_CHECK(uv_poll_init(loop.uv(), &poll_->uv, poll_->fd.get()) == 0);
  poll_->uv.data = poll_;
  Watch();
}

Acceptor::~Acceptor() { Close(); }

void Acceptor::Watch() { uv_poll_start(&poll_->uv, UV_READABLE, Poll::OnEvent); }

void Acceptor::Close() {
  rest_.Cancel();
  Poll* const poll = std::exchange(poll_, nullptr);
  if (poll == nullptr) return;
  poll->owner = nullptr;
  uv_close(reinterpret_cast<uv_handle_t*>(&poll->uv),
           [](uv_handle_t* handle) { delete static_cast<Poll*>(handle->data); });
  poll->fd = Fd();
}

void Acceptor::Pause() {
  paused_ = true;
  if (poll_ != nullptr) uv_poll_stop(&poll_->uv);
}

void Acceptor::Resume() {
  if (!std::exchange(paused_, false)) return;
  if (poll_ != nullptr && !rest_.armed()) Watch();
}

void Acceptor::OnRested() {
  if (poll_ != nullptr && !paused_) Watch();
}

bool Acceptor::AcceptOne() {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  auto* const address = reinterpret_cast<sockaddr*>(&storage);
  const int fd = ::accept4(poll_->fd.get(), address, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd >= 0) {
    accept_(Fd(fd), Address::From(address, size));
    return true;
  }
  if (IsPeersDoing(errno)) return true;
  if (errno == EAGAIN) return false;
  ++exhausted_;
  uv_poll_stop(&poll_->uv);
  loop_.Arm(rest_, kRestAfterExhaustion);
  return false;
}

void Acceptor::DrainAndClose() {
  if (poll_ == nullptr) return;
  while (poll_ != nullptr && AcceptOne()) {
  }
  Close();
}

}  // namespace sluice::net
