// SaleMode: what ails the shop of a flash sale. Four servers of eight workers each, all pages cost
// the same, and work goes on for shoppers who have left. Whatever the mode, the whole shop carries
// some 350 pages a second at best, but for `ceiling`, which carries 280.
//
//   web       a worker holds a page for 80 ms (median); the database is nothing
//   database  8 ms in a worker, then a query of 7.5 ms at the one database: three at once, others
//             wait, and each one in flight makes them all slower: 32 in flight, a third of the
//             pages
//   ceiling   as web, but the last server was set up with one worker instead of eight
//   crash     as web, but a server with 400 requests waiting dies, and is back after 8 s
//
// Pure.
#ifndef SLUICE_PROXY_DEMO_SALE_MODE_H_
#define SLUICE_PROXY_DEMO_SALE_MODE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/demo/storefront.h"

namespace sluice::demo {

enum class SaleMode : uint8_t { kWeb, kDatabase, kCeiling, kCrash };

std::vector<std::string> SaleModeNames();
std::optional<SaleMode> ParseSaleMode(std::string_view name);
std::string_view NameOf(SaleMode mode);
// In a sentence about the shop: "four servers ...".
std::string_view Describe(SaleMode mode);

StorefrontOptions ShopFor(SaleMode mode, uint64_t seed);

}  // namespace sluice::demo

#endif  // SLUICE_PROXY_DEMO_SALE_MODE_H_
