// The url of [store], taken apart:
//
//   redis://[[user]:password@]host[:port][/database]      also valkey://
//   unix:/run/redis/redis.sock
//
// User and password may be written with %XX. A password is a secret: what is shown to people shows
// it as stars. Pure, any thread.
#ifndef SLUICE_CONF_STORE_URL_H_
#define SLUICE_CONF_STORE_URL_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace sluice::conf {

struct StoreUrl {
  std::string host;  // a name, an address without brackets, or "unix:/path"
  uint16_t port = 6379;
  std::string user;
  std::string password;
  uint32_t database = 0;
};

inline constexpr uint32_t kMostDatabase = 65535;

// Or what is wrong with it, as in syntax.h; nothing of the password is in that.
absl::StatusOr<StoreUrl> ParseStoreUrl(std::string_view text);
std::string CheckStoreUrl(std::string_view text);
// What begins the names of keys: 1 to 64 visible ASCII characters.
std::string CheckStorePrefix(std::string_view text);

// `text` with `instead` for the password, when it is a URL that has one; else as it is.
std::string WithoutPassword(std::string_view text, std::string_view instead = "***");
// The password of a URL as written; empty: it has none.
std::string_view PasswordIn(std::string_view text);

}  // namespace sluice::conf

#endif  // SLUICE_CONF_STORE_URL_H_
