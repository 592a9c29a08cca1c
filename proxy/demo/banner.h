// The few lines that `sluice demo` prints when it is up: what runs where, and what to try.
#ifndef SLUICE_PROXY_DEMO_BANNER_H_
#define SLUICE_PROXY_DEMO_BANNER_H_

#include <string>
#include <vector>

#include "proxy/base/address.h"

namespace sluice::demo {

// The ports are those on which sluice listens; `servers` are the storefront's own addresses. Ends
// with a newline.
std::string DemoBanner(int port, int admin_port, const std::vector<Address>& servers);

}  // namespace sluice::demo

#endif  // SLUICE_PROXY_DEMO_BANNER_H_
