#include "proxy/demo/fetch.h"

#include <string_view>
#include <utility>

namespace sluice::demo {

Fetch::Fetch(net::Loop& loop, const Address& from, const std::string& path, Duration timeout,
             Done done)
    : loop_(loop),
      request_("GET " + path + " HTTP/1.0\r\nHost: " + from.ToString() + "\r\n\r\n"),
      done_(std::move(done)),
      dial_(std::make_unique<net::Dial>(loop, from, timeout, net::SocketOptions(),
                                        [this](std::unique_ptr<net::Socket> socket, int error) {
                                          OnDialed(std::move(socket), error);
                                        })) {
  loop_.Arm(timeout_, timeout);
}

Fetch::~Fetch() {
  if (socket_ == nullptr) return;
  // It may be one of the socket's own events that ends this.
  socket_->Pause(net::PauseReason::kBacklog);
  socket_->SetEvents(nullptr);
  loop_.Retire(std::move(socket_));
}

void Fetch::OnDialed(std::unique_ptr<net::Socket> socket, int error) {
  if (error != 0) return Finish(false);
  socket_ = std::move(socket);
  socket_->SetEvents(this);
  socket_->StartReading();
  socket_->Write(request_);
}

void Fetch::OnRead(std::span<char> bytes) {
  answer_.append(bytes.data(), bytes.size());
  if (answer_.size() > kMostBytes) Finish(false);
}

void Fetch::OnReadEnd(int error) { Finish(error == 0); }

void Fetch::Finish(bool whole) {
  timeout_.Cancel();
  if (!done_) return;
  const std::string_view all = answer_;
  const size_t end = all.find("\r\n\r\n");
  const bool good = whole && end != std::string_view::npos && all.starts_with("HTTP/1.") &&
                    all.substr(8).starts_with(" 200");
  // `this` may be gone when it returns.
  std::exchange(done_, Done())(good ? std::optional(answer_.substr(end + 4)) : std::nullopt);
}

}  // namespace sluice::demo
