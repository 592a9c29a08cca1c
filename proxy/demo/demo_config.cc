#include "proxy/demo/demo_config.h"

#include <sys/socket.h>

#include <chrono>
#include <ctime>
#include <string_view>
#include <utility>

#include "absl/strings/str_format.h"
#include "proxy/net/fd.h"

namespace sluice::demo {

namespace {

bool HasIpv6() { return net::Fd(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0)).valid(); }

// `pool` and `rest` are TOML: more keys of the pool, and tables behind it.
std::string Config(int port, int admin_port, const std::vector<Address>& servers,
                   std::string_view pool, std::string_view level, std::string_view rest) {
  std::string list;
  for (const Address& server : servers) {
    absl::StrAppendFormat(&list, "  \"%s\",\n", server.ToString());
  }
  return absl::StrFormat(
      "[[listener]]\n"
      "address = \"%s:%d\"\n"
      "\n"
      "[[pool]]\n"
      "name = \"web\"\n"
      "%s"
      "servers = [\n"
      "%s"
      "]\n"
      "%s"
      "\n"
      "[access_log]\n"
      "output = \"off\"\n"
      "\n"
      "[log]\n"
      "level = \"%s\"\n"
      "\n"
      "[admin]\n"
      "address = \"127.0.0.1:%d\"\n"
      "socket = \"off\"\n"
      "\n"
      "[state]\n"
      "dir = \"off\"\n",
      HasIpv6() ? "[::]" : "0.0.0.0", port, pool, list, rest, level, admin_port);
}

// As TOML has it.
std::string TimeText(WallTime time) {
  const std::time_t seconds =
      std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  return absl::StrFormat("%04d-%02d-%02dT%02d:%02d:%02dZ", parts.tm_year + 1900, parts.tm_mon + 1,
                         parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
}

}  // namespace

// A demo leaves nothing behind, and heeds nothing that is there. The terminal is for the banner, or
// the story: no access log, and of the other one only what is wrong; in a sale servers that are
// full are no news.
std::string DemoConfig(int port, int admin_port, const std::vector<Address>& servers) {
  return Config(port, admin_port, servers, "strategy = \"least_request\"\n", "warn", "");
}

std::string SaleConfig(int port, int admin_port, const std::vector<Address>& servers,
                       SaleGuard guard, const std::optional<SaleEvent>& event) {
  const bool room = guard == SaleGuard::kRoom;
  std::string routes = "\n[client_ip]\ntrusted_proxies = [\"127.0.0.0/8\"]\n";
  constexpr std::pair<std::string_view, std::string_view> kClasses[] = {
      {"/checkout", "critical"}, {"/cart", "high"}, {"/product/", "normal"}, {"/", "low"}};
  for (const auto& [path, priority] : kClasses) {
    absl::StrAppendFormat(&routes,
                          "\n[[route]]\n"
                          "match = { path_prefix = \"%s\" }\n"
                          "pool = \"web\"\n"
                          "priority = \"%s\"\n%s",
                          path, priority,
                          room && path == "/checkout" ? "ends_session = true\n" : "");
  }
  if (room) {
    routes +=
        "\n[[waiting_room]]\n"
        "name = \"sale\"\n"
        "routes = [\"*\"]\n";
  }
  if (event) {
    absl::StrAppendFormat(&routes,
                          "\n[[event]]\n"
                          "name = \"friday\"\n"
                          "waiting_room = \"sale\"\n"
                          "start = %s\n"
                          "end = %s\n"
                          "prequeue = \"%ds\"\n"
                          "raffle = true\n",
                          TimeText(event->start), TimeText(event->start + std::chrono::hours(1)),
                          event->prequeue.count());
  }
  return Config(port, admin_port, servers, guard == SaleGuard::kNothing ? "concurrency = 0\n" : "",
                "error", routes);
}

}  // namespace sluice::demo
