// floor_refuse PORT: what any refusal must pay: a 429, ready made, for everything that is read;
// what was read is not looked at. One thread, 127.0.0.1, until SIGTERM. A client that does not take
// its answers is not read until it does.
#include <cerrno>
#include <memory>
#include <string_view>
#include <vector>

#include "bench/load/loopback.h"

namespace {

using sluice::net::Fd;

constexpr std::string_view kAnswer =
    "HTTP/1.1 429 Too Many Requests\r\nContent-Type: text/plain\r\nContent-Length: 18\r\n"
    "Retry-After: 3\r\n\r\nToo many requests\n";

struct Client {
  Fd fd;
  std::string_view unsent = {};
};

class Refuser {
 public:
  explicit Refuser(uint16_t port) : listener_(sluice::load::Listen(port)) {
    poll_.Add(listener_.get(), EPOLLIN, nullptr);
  }

  [[noreturn]] void Run() {
    for (;;) {
      for (const epoll_event& event : poll_.Wait()) {
        auto* const client = static_cast<Client*>(event.data.ptr);
        if (client == nullptr) {
          Welcome();
        } else if (!Serve(*client, event.events)) {
          delete client;  // a round has one event for each client: none can come after this
        }
      }
    }
  }

 private:
  void Welcome() {
    Fd fd = sluice::load::Accept(listener_);
    if (!fd.valid()) return;
    auto* const client = new Client{std::move(fd)};
    poll_.Add(client->fd.get(), EPOLLIN, client);
  }

  // False when the client has gone.
  bool Serve(Client& client, uint32_t events) {
    if ((events & EPOLLIN) != 0) {
      const ssize_t count = ::read(client.fd.get(), block_, sizeof block_);
      if (count <= 0) return count < 0 && errno == EAGAIN;
      client.unsent = kAnswer;
    } else if ((events & EPOLLOUT) == 0) {
      return false;
    }
    const ssize_t sent =
        sluice::load::Send(client.fd.get(), client.unsent.data(), client.unsent.size());
    if (sent < 0) return false;
    client.unsent.remove_prefix(static_cast<size_t>(sent));
    const bool stuck = !client.unsent.empty();
    if (stuck != ((events & EPOLLOUT) != 0)) {
      poll_.Change(client.fd.get(), stuck ? EPOLLOUT : EPOLLIN, &client);
    }
    return true;
  }

  sluice::load::Poll poll_;
  const Fd listener_;
  char block_[64 * 1024];
};

}  // namespace

int main(int argc, char** argv) {
  const auto ports = sluice::load::PortArguments(argc, argv, {"PORT"});
  static Refuser refuser(ports[0]);
  refuser.Run();
}
