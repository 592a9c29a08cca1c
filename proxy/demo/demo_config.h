// The configuration of `sluice demo`: one listener, one pool of the storefront's servers.
#ifndef SLUICE_PROXY_DEMO_DEMO_CONFIG_H_
#define SLUICE_PROXY_DEMO_DEMO_CONFIG_H_

#include <string>
#include <vector>

#include "proxy/base/address.h"

namespace sluice::demo {

// TOML text. Listens on every address of this machine (IPv4 alone where the kernel has no IPv6);
// the admin listener on loopback.
std::string DemoConfig(int port, int admin_port, const std::vector<Address>& servers);

}  // namespace sluice::demo

#endif  // SLUICE_PROXY_DEMO_DEMO_CONFIG_H_
