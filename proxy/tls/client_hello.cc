#include "proxy/tls/client_hello.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "proxy/crypto/digest.h"

namespace sluice::tls {
namespace {

constexpr uint8_t kClientHelloType = 1;
constexpr size_t kRandomBytes = 32;
constexpr size_t kMostSessionId = 32;
constexpr uint8_t kHostName = 0;

constexpr uint16_t kServerName = 0x0000;
constexpr uint16_t kSignatureAlgorithms = 0x000d;
constexpr uint16_t kAlpn = 0x0010;
constexpr uint16_t kSupportedVersions = 0x002b;

// Takes fields off the front of a view. What is not there makes the reader bad for good, and a bad
// reader gives zeros and empty views, so that callers check once.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : left_(bytes) {}

  bool good() const { return good_; }
  bool done() const { return left_.empty(); }
  size_t left() const { return left_.size(); }

  // REQUIRES: width <= 4.
  uint32_t Number(size_t width) {
    uint32_t value = 0;
    for (const char c : Take(width)) value = value << 8 | static_cast<uint8_t>(c);
    return value;
  }
  std::string_view Take(size_t bytes) {
    if (!good_ || bytes > left_.size()) {
      good_ = false;
      left_ = {};
      return {};
    }
    const std::string_view taken = left_.substr(0, bytes);
    left_.remove_prefix(bytes);
    return taken;
  }
  // A vector of RFC 8446: its length in `width` bytes, then the bytes.
  std::string_view Vector(size_t width) { return Take(Number(width)); }

 private:
  std::string_view left_;
  bool good_ = true;
};

// The whole of `bytes` as numbers of two bytes.
bool ReadList(std::string_view bytes, std::vector<uint16_t>& list) {
  if (bytes.size() % 2 != 0) return false;
  list.reserve(bytes.size() / 2);
  for (Reader reader(bytes); !reader.done();) {
    list.push_back(static_cast<uint16_t>(reader.Number(2)));
  }
  return true;
}

bool ReadServerName(std::string_view body, ClientHello& hello) {
  hello.has_server_name = true;
  Reader reader(body);
  Reader names(reader.Vector(2));
  while (!names.done()) {
    const uint32_t type = names.Number(1);
    const std::string_view name = names.Vector(2);
    if (type == kHostName && hello.server_name.empty()) hello.server_name = name;
  }
  return reader.good() && reader.done() && names.good();
}

bool ReadAlpn(std::string_view body, ClientHello& hello) {
  Reader reader(body);
  Reader protocols(reader.Vector(2));
  while (!protocols.done()) {
    const std::string_view protocol = protocols.Vector(1);
    if (protocols.good()) hello.alpn.push_back(protocol);
  }
  return reader.good() && reader.done() && protocols.good();
}

bool ReadListOf(size_t width, std::string_view body, std::vector<uint16_t>& list) {
  Reader reader(body);
  return ReadList(reader.Vector(width), list) && reader.good() && reader.done();
}

bool ReadExtension(uint16_t type, std::string_view body, ClientHello& hello) {
  switch (type) {
    case kServerName:
      return ReadServerName(body, hello);
    case kAlpn:
      return ReadAlpn(body, hello);
    case kSupportedVersions:
      return ReadListOf(1, body, hello.versions);
    case kSignatureAlgorithms:
      return ReadListOf(2, body, hello.signature_algorithms);
    default:
      return true;
  }
}

// RFC 8446 4.2: none may be sent twice.
bool AllDifferent(std::vector<uint16_t> types) {
  std::sort(types.begin(), types.end());
  return std::adjacent_find(types.begin(), types.end()) == types.end();
}

std::string_view VersionText(const ClientHello& hello) {
  uint16_t highest = 0;
  for (const uint16_t version : hello.versions) {
    if (!IsGrease(version)) highest = std::max(highest, version);
  }
  if (hello.versions.empty()) highest = hello.legacy_version;
  switch (highest) {
    case 0x0304:
      return "13";
    case 0x0303:
      return "12";
    case 0x0302:
      return "11";
    case 0x0301:
      return "10";
    case 0x0300:
      return "s3";
    case 0x0002:
      return "s2";
    default:
      return "00";
  }
}

// Not absl's: those read the bytes as of the C locale too, but this is the specification's own
// list.
constexpr bool IsAlphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

std::string AlpnText(const ClientHello& hello) {
  if (hello.alpn.empty() || hello.alpn.front().empty()) return "00";
  std::string first(hello.alpn.front());
  if (!IsAlphanumeric(first.front()) || !IsAlphanumeric(first.back())) first = crypto::Hex(first);
  return {first.front(), first.back()};
}

std::vector<uint16_t> WithoutGrease(const std::vector<uint16_t>& values) {
  std::vector<uint16_t> kept;
  kept.reserve(values.size());
  std::copy_if(values.begin(), values.end(), std::back_inserter(kept),
               [](uint16_t value) { return !IsGrease(value); });
  return kept;
}

std::string Listed(const std::vector<uint16_t>& values) {
  std::string text;
  for (const uint16_t value : values) {
    if (!text.empty()) text += ',';
    const char bytes[] = {static_cast<char>(value >> 8), static_cast<char>(value & 0xff)};
    text += crypto::Hex({bytes, 2});
  }
  return text;
}

std::string ShortHash(std::string_view text) {
  const crypto::Sha256Digest digest = crypto::Sha256(text);
  return crypto::Hex({reinterpret_cast<const char*>(digest.data()), 6});
}

constexpr std::string_view kNothing = "000000000000";

}  // namespace

std::optional<ClientHello> ParseClientHello(std::string_view message) {
  if (message.size() > kMaxClientHello) return std::nullopt;
  Reader outer(message);
  if (outer.Number(1) != kClientHelloType) return std::nullopt;
  Reader reader(outer.Vector(3));
  if (!outer.good() || !outer.done()) return std::nullopt;

  ClientHello hello;
  hello.legacy_version = static_cast<uint16_t>(reader.Number(2));
  reader.Take(kRandomBytes);
  if (reader.Vector(1).size() > kMostSessionId) return std::nullopt;
  if (!ReadList(reader.Vector(2), hello.ciphers)) return std::nullopt;
  reader.Vector(1);  // compression methods
  if (!reader.good()) return std::nullopt;
  if (reader.done()) return hello;  // TLS 1.2 knows hellos without extensions

  Reader extensions(reader.Vector(2));
  if (!reader.good() || !reader.done()) return std::nullopt;
  while (!extensions.done()) {
    const auto type = static_cast<uint16_t>(extensions.Number(2));
    const std::string_view body = extensions.Vector(2);
    if (!extensions.good() || !ReadExtension(type, body, hello)) return std::nullopt;
    hello.extensions.push_back(type);
  }
  if (!extensions.good() || !AllDifferent(hello.extensions)) return std::nullopt;
  return hello;
}

std::string Ja4(const ClientHello& hello) {
  std::vector<uint16_t> ciphers = WithoutGrease(hello.ciphers);
  std::sort(ciphers.begin(), ciphers.end());
  std::vector<uint16_t> extensions = WithoutGrease(hello.extensions);
  const size_t extension_count = extensions.size();
  // Name and protocol stand in the first part; without them here the last part stays the same
  // wherever the client goes.
  std::erase_if(extensions, [](uint16_t type) { return type == kServerName || type == kAlpn; });
  std::sort(extensions.begin(), extensions.end());

  std::string last = Listed(extensions);
  const std::vector<uint16_t> signatures = WithoutGrease(hello.signature_algorithms);
  if (!signatures.empty()) last += '_' + Listed(signatures);

  return absl::StrFormat("t%s%c%02d%02d%s_%s_%s", VersionText(hello),
                         hello.has_server_name ? 'd' : 'i', std::min<size_t>(ciphers.size(), 99),
                         std::min<size_t>(extension_count, 99), AlpnText(hello),
                         ciphers.empty() ? kNothing : ShortHash(Listed(ciphers)),
                         extensions.empty() ? kNothing : ShortHash(last));
}

}  // namespace sluice::tls
