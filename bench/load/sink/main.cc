// load_sink PORT: takes connections and reads what comes, for nothing. What an attacker costs a
// machine whatever it is aimed at: stands where the proxy stands, beside it. One thread, 127.0.0.1,
// until SIGTERM.
//
// Costs one read for each 64 KiB or less.
#include <sys/socket.h>

#include <cerrno>

#include "bench/load/loopback.h"
#include "bench/load/serve.h"

namespace {

struct Client {
  sluice::net::Fd fd;
};

bool Swallow(sluice::load::Poll&, const Client& client, uint32_t) {
  static char block[64 * 1024];
  const ssize_t count = ::recv(client.fd.get(), block, sizeof block, 0);
  return count > 0 || (count < 0 && errno == EAGAIN);
}

}  // namespace

int main(int argc, char** argv) {
  const auto ports = sluice::load::PortArguments(argc, argv, {"PORT"});
  sluice::load::ServeForever<Client>(ports[0], Swallow);
}
