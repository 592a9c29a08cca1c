#include "proxy/demo/banner.h"

#include "absl/strings/str_format.h"

namespace sluice::demo {

std::string DemoBanner(std::string_view shop, std::string_view admin,
                       const std::vector<Address>& servers) {
  std::string list;
  for (size_t i = 0; i < servers.size(); ++i) {
    absl::StrAppendFormat(&list, "%sweb-%d (%s)", i == 0 ? "" : ", ", i + 1, servers[i].ToString());
  }
  return absl::StrFormat(
      "sluice is up: a shop of %d servers behind http://%s/\n"
      "  servers: %s\n"
      "\n"
      "Try, from another terminal or a browser:\n"
      "  curl -si http://%s/ | grep -i x-server            which server made the page\n"
      "  curl -s  http://%s/echo                           what a server is told about you\n"
      "  curl -sX POST 'http://%s/_demo/crash?server=2'    take web-2 down for 15 s: nobody "
      "notices\n"
      "  curl -sX POST 'http://%s/_demo/slow?server=1&ms=500'   make web-1 slow\n"
      "  curl -sX POST http://%s/_demo/recover             everything well again\n"
      "  curl -s  http://%s/status                          what sluice sees\n"
      "  curl -s  http://%s/metrics                         the same for Prometheus\n"
      "Ctrl-C ends it.\n",
      servers.size(), shop, list, shop, shop, shop, shop, shop, admin, admin);
}

}  // namespace sluice::demo
