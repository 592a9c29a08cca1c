#include "proxy/net/dialer.h"

#include <sys/socket.h>
#include <uv.h>

#include <utility>

#include "proxy/net/error.h"
#include "proxy/net/socket_core.h"

namespace sluice::net {

struct Dial::Attempt {
  uv_connect_t uv;
  Dial* dial;  // null once nobody waits

  static void OnConnected(uv_connect_t* uv, int status) {
    const std::unique_ptr<Attempt> attempt(static_cast<Attempt*>(uv->data));
    if (attempt->dial == nullptr) return;
    Loop& loop = attempt->dial->loop_;
    attempt->dial->attempt_ = nullptr;
    attempt->dial->Finish(status);
    loop.EndCallback();
  }
};

Dial::Dial(Loop& loop, const Address& to, Duration timeout, const SocketOptions& options, Done done)
    : loop_(loop), done_(std::move(done)) {
  const bool unix_socket = to.family() == AF_UNIX;
  const int error = unix_socket ? ConnectUnix(to) : ConnectTcp(to, options);
  // What is known already is told by a deadline of no length: from the loop, as promised.
  outcome_ = error != 0 || unix_socket ? error : kTimedOut;
  loop.Arm(deadline_, outcome_ == kTimedOut && error == 0 ? timeout : Duration{});
}

Dial::~Dial() {
  if (attempt_ != nullptr) attempt_->dial = nullptr;
}

int Dial::ConnectTcp(const Address& to, const SocketOptions& options) {
  SocketCore* const core = NewCore(loop_);
  auto attempt = std::make_unique<Attempt>(Attempt{{}, this});
  attempt->uv.data = attempt.get();
  const int error = uv_tcp_connect(&attempt->uv, &core->tcp, to.get(), Attempt::OnConnected);
  if (error != 0) {
    CloseCore(core);
    return error;
  }
  attempt_ = attempt.release();
  ApplyOptions(DescriptorOf(*core), options);
  socket_ = std::make_unique<Socket>(core);
  return 0;
}

int Dial::ConnectUnix(const Address& to) {
  Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid() || ::connect(fd.get(), to.get(), to.size()) != 0) return -errno;
  socket_ = Socket::Adopt(loop_, std::move(fd), {});
  return socket_ != nullptr ? 0 : kConnRefused;
}

void Dial::OnDeadline() { Finish(outcome_); }

// The last thing this object does: `done` may destroy it.
void Dial::Finish(int error) {
  deadline_.Cancel();
  if (attempt_ != nullptr) std::exchange(attempt_, nullptr)->dial = nullptr;
  if (error != 0) socket_.reset();
  Done done = std::move(done_);
  done(std::move(socket_), error);
}

}  // namespace sluice::net
