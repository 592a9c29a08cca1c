#include "conf/store_url.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "absl/strings/str_format.h"
#include "conf/percent.h"
#include "conf/syntax.h"

namespace sluice::conf {
namespace {

constexpr std::string_view kForms =
    "write \"redis://host:6379\", \"redis://user:password@host:6379/0\" or "
    "\"unix:/run/redis/redis.sock\"";
constexpr size_t kLongestPrefix = 64;

absl::Status Wrong(std::string_view why) {
  return absl::InvalidArgumentError(absl::StrFormat("%s; %s", why, kForms));
}

std::optional<uint32_t> ParseNumber(std::string_view text, uint32_t most) {
  uint32_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (text.empty() || error != std::errc() || stop != end || number > most) return std::nullopt;
  return number;
}

// Where a password begins and ends, in a text with "://" before and '@' behind it.
std::optional<std::pair<size_t, size_t>> PasswordAt(std::string_view text) {
  const size_t scheme = text.find("://");
  if (scheme == std::string_view::npos) return std::nullopt;
  const size_t colon = text.find(':', scheme + 3);
  // The last one: a password with an '@' that should have been escaped is a secret still.
  const size_t at = text.rfind('@');
  if (colon == std::string_view::npos || at == std::string_view::npos || at < colon) {
    return std::nullopt;
  }
  return std::pair(colon + 1, at - colon - 1);
}

absl::Status ReadCredentials(std::string_view text, StoreUrl& url) {
  const size_t colon = text.find(':');
  if (colon == std::string_view::npos) return Wrong("names a user without a password");
  const std::optional<std::string> user = DecodePercent(text.substr(0, colon));
  const std::optional<std::string> password = DecodePercent(text.substr(colon + 1));
  if (!user || !password) return Wrong("has a '%' that is none of %00 to %FF");
  if (password->empty()) return Wrong("has an empty password");
  url.user = *user;
  url.password = *password;
  return absl::OkStatus();
}

absl::Status ReadHost(std::string_view text, StoreUrl& url) {
  const size_t colon = text.ends_with(']') ? std::string_view::npos : text.rfind(':');
  if (colon != std::string_view::npos) {
    const std::optional<uint32_t> port = ParseNumber(text.substr(colon + 1), 65535);
    if (!port || *port == 0) return Wrong("has a port that is none of 1 to 65535");
    url.port = static_cast<uint16_t>(*port);
    text = text.substr(0, colon);
  }
  const std::string why = CheckServerAddress(absl::StrFormat("%s:%d", text, url.port));
  if (text.empty() || text.find(':') == 0 || !why.empty()) return Wrong("names no host");
  if (text.starts_with('[')) text = text.substr(1, text.size() - 2);
  url.host = std::string(text);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<StoreUrl> ParseStoreUrl(std::string_view text) {
  StoreUrl url;
  if (text.starts_with("unix:")) {
    if (const std::string why = CheckServerAddress(text); !why.empty()) return Wrong(why);
    url.host = std::string(text);
    return url;
  }
  if (text.starts_with("rediss://") || text.starts_with("valkeys://")) {
    return absl::InvalidArgumentError(
        "asks for TLS, which there is none to a store; use a private network, a Unix socket, or a "
        "tunnel");
  }
  const size_t scheme = text.find("://");
  if (!text.starts_with("redis://") && !text.starts_with("valkey://")) {
    return Wrong("is no address of a store");
  }
  text.remove_prefix(scheme + 3);
  if (const size_t at = text.rfind('@'); at != std::string_view::npos) {
    if (absl::Status status = ReadCredentials(text.substr(0, at), url); !status.ok()) {
      return status;
    }
    text.remove_prefix(at + 1);
  }
  if (const size_t slash = text.find('/'); slash != std::string_view::npos) {
    const std::string_view database = text.substr(slash + 1);
    const std::optional<uint32_t> number = ParseNumber(database, kMostDatabase);
    if (!number && !database.empty()) return Wrong("has a database that is no number");
    url.database = number.value_or(0);
    text = text.substr(0, slash);
  }
  if (absl::Status status = ReadHost(text, url); !status.ok()) return status;
  return url;
}

std::string CheckStoreUrl(std::string_view text) {
  const absl::StatusOr<StoreUrl> url = ParseStoreUrl(text);
  return url.ok() ? std::string() : std::string(url.status().message());
}

std::string CheckStorePrefix(std::string_view text) {
  const bool plain =
      std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
  if (plain && !text.empty() && text.size() <= kLongestPrefix) return {};
  return "is no prefix; write 1 to 64 visible ASCII characters, such as \"sluice:\"";
}

std::string_view PasswordIn(std::string_view text) {
  const auto place = PasswordAt(text);
  return place ? text.substr(place->first, place->second) : std::string_view();
}

std::string WithoutPassword(std::string_view text, std::string_view instead) {
  std::string shown(text);
  if (const auto place = PasswordAt(text)) shown.replace(place->first, place->second, instead);
  return shown;
}

}  // namespace sluice::conf
