// floor_refuse PORT: what any refusal must pay: a 429, ready made, for everything that is read;
// what was read is not looked at. One thread, 127.0.0.1, until SIGTERM. A client that does not take
// its answers is not read until it does.
#include <unistd.h>

#include <cerrno>
#include <string_view>

#include "bench/load/loopback.h"
#include "bench/load/serve.h"

namespace {

using namespace sluice::load;
using sluice::net::Fd;

constexpr std::string_view kAnswer =
    "HTTP/1.1 429 Too Many Requests\r\nContent-Type: text/plain\r\nContent-Length: 18\r\n"
    "Retry-After: 3\r\n\r\nToo many requests\n";

struct Client {
  Fd fd;
  std::string_view unsent = {};
};

bool Serve(Poll& poll, Client& client, uint32_t events) {
  static char block[64 * 1024];
  if ((events & EPOLLIN) != 0) {
    const ssize_t count = ::read(client.fd.get(), block, sizeof block);
    if (count <= 0) return count < 0 && errno == EAGAIN;
    client.unsent = kAnswer;
  } else if ((events & EPOLLOUT) == 0) {
    return false;
  }
  const ssize_t sent = Send(client.fd.get(), client.unsent.data(), client.unsent.size());
  if (sent < 0) return false;
  client.unsent.remove_prefix(static_cast<size_t>(sent));
  const bool stuck = !client.unsent.empty();
  if (stuck != ((events & EPOLLOUT) != 0)) {
    poll.Change(client.fd.get(), stuck ? EPOLLOUT : EPOLLIN, &client);
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  const auto ports = PortArguments(argc, argv, {"PORT"});
  ServeForever<Client>(ports[0], Serve);
}
