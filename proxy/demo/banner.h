// The few lines that `sluice demo` prints when it is up: what runs where, and what to try.
#ifndef SLUICE_PROXY_DEMO_BANNER_H_
#define SLUICE_PROXY_DEMO_BANNER_H_

#include <string>
#include <string_view>
#include <vector>

#include "proxy/base/address.h"

namespace sluice::demo {

// `shop` and `admin` are where sluice listens, as host:port for a browser ("localhost:8080");
// `servers` are the storefront's own addresses. Ends with a newline.
std::string DemoBanner(std::string_view shop, std::string_view admin,
                       const std::vector<Address>& servers);

}  // namespace sluice::demo

#endif  // SLUICE_PROXY_DEMO_BANNER_H_
