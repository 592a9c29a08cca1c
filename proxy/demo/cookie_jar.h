// CookieJar: the cookies one shopper has from one shop. Name and value alone: a shopper stays at
// one host, so that path, domain and age decide nothing, but for an age that is over (RFC 6265
// section 5.2: Max-Age of 0 or less, or an Expires of 1970), which deletes. Bounded: what a shop
// sets beyond kMostCookies is not kept.
//
// Threads: one at a time. Cost: a few short strings; looked through one by one.
#ifndef SLUICE_PROXY_DEMO_COOKIE_JAR_H_
#define SLUICE_PROXY_DEMO_COOKIE_JAR_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::demo {

class CookieJar {
 public:
  static constexpr size_t kMostCookies = 20;

  // The value of one Set-Cookie field: the latest value of a name counts.
  void Take(std::string_view set_cookie);
  // "a=1; b=2" for a Cookie field; empty without cookies.
  std::string Field() const;

 private:
  std::vector<std::pair<std::string, std::string>> cookies_;
};

}  // namespace sluice::demo

#endif  // SLUICE_PROXY_DEMO_COOKIE_JAR_H_
