#include "proxy/demo/demo_config.h"

#include "absl/strings/str_format.h"

namespace sluice::demo {

std::string DemoConfig(int port, int admin_port, const std::vector<Address>& servers) {
  std::string list;
  for (const Address& server : servers) {
    absl::StrAppendFormat(&list, "%s\"%s\"", list.empty() ? "" : ", ", server.ToString());
  }
  return absl::StrFormat(
      "[[listener]]\n"
      "address = \"0.0.0.0:%d\"\n"
      "[[pool]]\n"
      "name = \"shop\"\n"
      "servers = [%s]\n"
      "[access_log]\n"
      "output = \"off\"\n"
      "[log]\n"
      "level = \"warn\"\n"
      "[admin]\n"
      "address = \"127.0.0.1:%d\"\n",
      port, list, admin_port);
}

}  // namespace sluice::demo
