// The products of the pretend shop. Fixed, the same on every server.
#ifndef SLUICE_PROXY_DEMO_CATALOGUE_H_
#define SLUICE_PROXY_DEMO_CATALOGUE_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace sluice::demo {

struct Product {
  std::string_view name;
  std::string_view kind;
  uint32_t cents = 0;
};

// Product n of the shop (its id) is at n - 1.
std::span<const Product> Catalogue();
// Null when there is no such product.
const Product* FindProduct(uint64_t id);
std::string Price(uint64_t cents);  // "12.50"

}  // namespace sluice::demo

#endif  // SLUICE_PROXY_DEMO_CATALOGUE_H_
