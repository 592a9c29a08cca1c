#include "proxy/demo/banner.h"

#include <string_view>
#include <utility>

#include "absl/strings/str_format.h"

namespace sluice::demo {

std::string DemoBanner(int port, int admin_port, const std::vector<Address>& servers) {
  const std::string shop = absl::StrFormat("localhost:%d", port);
  const std::string admin = absl::StrFormat("localhost:%d", admin_port);
  std::string list;
  for (size_t i = 0; i < servers.size(); ++i) {
    absl::StrAppendFormat(&list, "%sweb-%d (%s)", i == 0 ? "" : ", ", i + 1, servers[i].ToString());
  }
  const std::pair<std::string, std::string_view> tries[] = {
      {absl::StrFormat("curl -si http://%s/ | grep -i x-server", shop),
       "which server made the page"},
      {absl::StrFormat("curl -s http://%s/echo", shop), "what a server is told about you"},
      {absl::StrFormat("curl -sX POST 'http://%s/_demo/crash?server=2'", shop),
       "web-2 is gone for 15 s, and nobody notices"},
      {absl::StrFormat("curl -sX POST 'http://%s/_demo/slow?server=1&ms=500'", shop),
       "web-1 takes half a second longer"},
      {absl::StrFormat("curl -sX POST http://%s/_demo/recover", shop), "everything well again"},
      {absl::StrFormat("curl -s http://%s/status", admin), "what sluice sees"},
      {absl::StrFormat("curl -s http://%s/metrics", admin), "the same for Prometheus"},
  };
  std::string text = absl::StrFormat(
      "sluice is up: a shop of %d servers behind http://%s/\n"
      "  servers: %s\n"
      "\n"
      "Try, in a browser or another terminal:\n",
      servers.size(), shop, list);
  for (const auto& [command, what] : tries) {
    absl::StrAppendFormat(&text, "  %-66s # %s\n", command, what);
  }
  return text + "Ctrl-C ends it.\n";
}

}  // namespace sluice::demo
