// The configuration of `sluice demo`: the smallest one that puts sluice in front of the storefront.
#ifndef SLUICE_PROXY_DEMO_DEMO_CONFIG_H_
#define SLUICE_PROXY_DEMO_DEMO_CONFIG_H_

#include <string>
#include <vector>

#include "proxy/base/address.h"

namespace sluice::demo {

// TOML. Listens on `port` of every address and, for the admin API, on `admin_port` of this machine.
std::string DemoConfig(int port, int admin_port, const std::vector<Address>& servers);

}  // namespace sluice::demo

#endif  // SLUICE_PROXY_DEMO_DEMO_CONFIG_H_
