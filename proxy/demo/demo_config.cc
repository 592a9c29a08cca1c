#include "proxy/demo/demo_config.h"

#include <sys/socket.h>

#include "absl/strings/str_format.h"
#include "proxy/net/fd.h"

namespace sluice::demo {

namespace {

bool HasIpv6() { return net::Fd(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0)).valid(); }

}  // namespace

std::string DemoConfig(int port, int admin_port, const std::vector<Address>& servers) {
  std::string list;
  for (const Address& server : servers) {
    absl::StrAppendFormat(&list, "  \"%s\",\n", server.ToString());
  }
  // The terminal is for the banner: no access log, and of the other one only what is wrong.
  return absl::StrFormat(
      "[[listener]]\n"
      "address = \"%s:%d\"\n"
      "\n"
      "[[pool]]\n"
      "name = \"web\"\n"
      "strategy = \"least_request\"\n"
      "servers = [\n"
      "%s"
      "]\n"
      "\n"
      "[access_log]\n"
      "output = \"off\"\n"
      "\n"
      "[log]\n"
      "level = \"warn\"\n"
      "\n"
      "[admin]\n"
      "address = \"127.0.0.1:%d\"\n"
      "socket = \"off\"\n",
      HasIpv6() ? "[::]" : "0.0.0.0", port, list, admin_port);
}

}  // namespace sluice::demo
