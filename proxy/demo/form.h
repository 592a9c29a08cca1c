// What browsers send in queries, forms and cookies, and escaping for what they are sent back.
#ifndef SLUICE_PROXY_DEMO_FORM_H_
#define SLUICE_PROXY_DEMO_FORM_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::demo {

// The first value of `key` in "a=1&b=two+words" (application/x-www-form-urlencoded), decoded.
std::optional<std::string> FormValue(std::string_view form, std::string_view key);
// The same as a number; nothing when absent or not one.
std::optional<uint64_t> FormNumber(std::string_view form, std::string_view key);

// The value of one cookie in a Cookie field (RFC 6265 section 4.2); empty when absent.
std::string_view CookieValue(std::string_view cookies, std::string_view name);

std::string EscapeHtml(std::string_view text);

// A shopper's cart: product id to count. The cookie holds all of it ("3.1-7.2"), so any server can
// serve any shopper. Bounded: unknown products are dropped, counts end at 99.
using Cart = std::map<uint64_t, uint32_t>;
Cart ParseCart(std::string_view cookie);
std::string CartText(const Cart& cart);
void Add(Cart& cart, uint64_t product, uint64_t count);

}  // namespace sluice::demo

#endif  // SLUICE_PROXY_DEMO_FORM_H_
