// floor_relay LISTEN_PORT BACKEND_PORT: what any proxy on ordinary sockets must pay. It parses
// nothing: each client gets a connection to the backend, and each stretch of bytes costs one read
// and one write, woken by a level-triggered epoll. One thread, 127.0.0.1, until SIGTERM.
//
// A side that cannot take more stops the reading of the other one until it can: at most kBlockBytes
// wait in each direction. When one side ends, fully or by half, both are closed.
#include <cerrno>
#include <memory>
#include <string>
#include <vector>

#include "bench/load/loopback.h"

namespace {

using sluice::load::Accept;
using sluice::load::Connect;
using sluice::net::Fd;

constexpr size_t kBlockBytes = 64 * 1024;

struct Pair;

struct Side {
  Pair* pair;
  Fd fd;
  std::string unsent = {};  // came from the other side and was not taken here yet
};

struct Pair {
  Pair(Fd from, Fd to) : client{this, std::move(from)}, backend{this, std::move(to)} {}
  Side& Other(const Side& side) { return &side == &client ? backend : client; }

  Side client, backend;
};

class Relay {
 public:
  Relay(uint16_t port, uint16_t backend)
      : listener_(sluice::load::Listen(port)), backend_(backend) {
    poll_.Add(listener_.get(), EPOLLIN, nullptr);
  }

  [[noreturn]] void Run() {
    for (;;) {
      for (const epoll_event& event : poll_.Wait()) {
        auto* const side = static_cast<Side*>(event.data.ptr);
        if (side == nullptr) {
          Welcome();
        } else if (side->fd.valid() && !Serve(*side, event.events)) {
          Close(*side->pair);
        }
      }
      closed_.clear();
    }
  }

 private:
  void Welcome() {
    Fd client = Accept(listener_);
    if (!client.valid()) return;
    auto* const pair = new Pair(std::move(client), Connect(backend_));
    poll_.Add(pair->client.fd.get(), EPOLLIN, &pair->client);
    // Nobody waits for the connect: until it is through, writing to it says "not now" like a full
    // socket does, and when it fails, reading says so.
    poll_.Add(pair->backend.fd.get(), EPOLLIN, &pair->backend);
  }

  // False when the pair is at its end.
  bool Serve(Side& side, uint32_t events) {
    Side& other = side.pair->Other(side);
    if ((events & EPOLLOUT) != 0 && !Flush(side, other)) return false;
    if ((events & EPOLLIN) != 0) return Forward(side, other);
    // While a side is not read, only this tells of a reset.
    return (events & (EPOLLHUP | EPOLLERR)) == 0;
  }

  bool Forward(Side& from, Side& to) {
    const ssize_t count = ::read(from.fd.get(), block_, sizeof block_);
    if (count <= 0) return count < 0 && errno == EAGAIN;
    const ssize_t sent = sluice::load::Send(to.fd.get(), block_, static_cast<size_t>(count));
    if (sent < 0) return false;
    if (sent < count) {
      to.unsent.assign(block_ + sent, block_ + count);
      Watch(from, to);
    }
    return true;
  }

  bool Flush(Side& side, Side& other) {
    const ssize_t sent = sluice::load::Send(side.fd.get(), side.unsent.data(), side.unsent.size());
    if (sent < 0) return false;
    side.unsent.erase(0, static_cast<size_t>(sent));
    if (side.unsent.empty()) Watch(other, side);
    return true;
  }

  // Either reads `from` or waits for room in `to`; what flows the other way stays as it is.
  void Watch(Side& from, Side& to) {
    const uint32_t reads_from = to.unsent.empty() ? EPOLLIN : 0u;
    const uint32_t reads_to = from.unsent.empty() ? EPOLLIN : 0u;
    poll_.Change(from.fd.get(), reads_from | (reads_to == 0 ? EPOLLOUT : 0u), &from);
    poll_.Change(to.fd.get(), reads_to | (reads_from == 0 ? EPOLLOUT : 0u), &to);
  }

  // The pair itself stays until no event of this round can name it any more.
  void Close(Pair& pair) {
    pair.client.fd = Fd();
    pair.backend.fd = Fd();
    closed_.emplace_back(&pair);
  }

  sluice::load::Poll poll_;
  const Fd listener_;
  const uint16_t backend_;
  std::vector<std::unique_ptr<Pair>> closed_;
  char block_[kBlockBytes];
};

}  // namespace

int main(int argc, char** argv) {
  const auto ports = sluice::load::PortArguments(argc, argv, {"LISTEN_PORT", "BACKEND_PORT"});
  static Relay relay(ports[0], ports[1]);
  relay.Run();
}
