#include "proxy/base/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <cstddef>
#include <cstring>

#include "absl/strings/str_format.h"
#include "proxy/base/text.h"

namespace sluice {
namespace {

constexpr std::array<uint8_t, 12> kMappedPrefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

std::optional<uint16_t> ParsePort(std::string_view text) {
  const std::optional<uint64_t> port = ParseDecimal(text);
  if (!port || *port > 65535) return std::nullopt;
  return static_cast<uint16_t>(*port);
}

// A path may lack its final zero; one that begins with zero is abstract (unix(7)), written "@".
std::string UnixText(const sockaddr_un& un, socklen_t size) {
  constexpr size_t kBefore = offsetof(sockaddr_un, sun_path);
  std::string path(un.sun_path, size > kBefore ? size - kBefore : 0);
  if (!path.empty() && path.front() == '\0') {
    path.front() = '@';
  } else {
    path.resize(path.find('\0') != std::string::npos ? path.find('\0') : path.size());
  }
  return "unix:" + path;
}

}  // namespace

std::optional<Ip> Ip::Parse(std::string_view text) {
  if (text.find('\0') != std::string_view::npos) return std::nullopt;  // would end the text early
  const std::string terminated(text);
  Ip ip;
  if (in_addr v4{}; inet_pton(AF_INET, terminated.c_str(), &v4) == 1) {
    std::memcpy(ip.bytes.data(), kMappedPrefix.data(), kMappedPrefix.size());
    std::memcpy(ip.bytes.data() + 12, &v4, 4);
    return ip;
  }
  if (inet_pton(AF_INET6, terminated.c_str(), ip.bytes.data()) == 1) return ip;
  return std::nullopt;
}

Ip Ip::From(const sockaddr& address) {
  Ip ip;
  if (address.sa_family == AF_INET) {
    std::memcpy(ip.bytes.data(), kMappedPrefix.data(), kMappedPrefix.size());
    std::memcpy(ip.bytes.data() + 12, &reinterpret_cast<const sockaddr_in&>(address).sin_addr, 4);
  } else if (address.sa_family == AF_INET6) {
    std::memcpy(ip.bytes.data(), &reinterpret_cast<const sockaddr_in6&>(address).sin6_addr, 16);
  }
  return ip;
}

bool Ip::is_v4() const {
  return std::memcmp(bytes.data(), kMappedPrefix.data(), kMappedPrefix.size()) == 0;
}

std::string Ip::ToString() const {
  char text[INET6_ADDRSTRLEN] = "";
  if (is_v4()) {
    inet_ntop(AF_INET, bytes.data() + 12, text, sizeof text);
  } else {
    inet_ntop(AF_INET6, bytes.data(), text, sizeof text);
  }
  return text;
}

std::optional<Cidr> Cidr::Parse(std::string_view text) {
  const size_t slash = text.find('/');
  const std::optional<Ip> ip = Ip::Parse(text.substr(0, slash));
  if (!ip) return std::nullopt;
  const bool v4 = text.substr(0, slash).find(':') == std::string_view::npos;
  if (slash == std::string_view::npos) return Cidr{*ip, 128};
  const std::optional<uint64_t> bits = ParseDecimal(text.substr(slash + 1));
  if (!bits || *bits > (v4 ? 32 : 128)) return std::nullopt;
  return Cidr{*ip, static_cast<uint8_t>(*bits + (v4 ? 96 : 0))};
}

bool Cidr::Contains(const Ip& other) const {
  const size_t whole = bits / 8;
  if (std::memcmp(ip.bytes.data(), other.bytes.data(), whole) != 0) return false;
  if (bits % 8 == 0) return true;
  const auto mask = static_cast<uint8_t>(0xff00 >> (bits % 8));
  return (ip.bytes[whole] & mask) == (other.bytes[whole] & mask);
}

std::optional<Address> Address::Parse(std::string_view text) {
  if (text.starts_with("unix:")) {
    const std::string_view path = text.substr(5);
    sockaddr_un un{};
    if (path.empty() || path.size() >= sizeof un.sun_path || path.find('\0') != path.npos) {
      return std::nullopt;
    }
    un.sun_family = AF_UNIX;
    std::memcpy(un.sun_path, path.data(), path.size());
    return From(reinterpret_cast<const sockaddr*>(&un),
                static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1));
  }
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  if (bracketed != (host.find(':') != std::string_view::npos)) return std::nullopt;
  const std::optional<Ip> ip = Ip::Parse(host);
  const std::optional<uint16_t> port = ParsePort(text.substr(colon + 1));
  if (!ip || !port) return std::nullopt;
  return From(*ip, *port);
}

Address Address::From(const Ip& ip, uint16_t port) {
  if (ip.is_v4()) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    std::memcpy(&v4.sin_addr, ip.bytes.data() + 12, 4);
    return From(reinterpret_cast<const sockaddr*>(&v4), sizeof v4);
  }
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  std::memcpy(&v6.sin6_addr, ip.bytes.data(), 16);
  return From(reinterpret_cast<const sockaddr*>(&v6), sizeof v6);
}

Address Address::From(const sockaddr* address, socklen_t size) {
  Address result;
  result.size_ = size;
  std::memcpy(&result.storage_, address, size);
  return result;
}

uint16_t Address::port() const {
  if (family() == AF_INET) return ntohs(reinterpret_cast<const sockaddr_in*>(get())->sin_port);
  if (family() == AF_INET6) return ntohs(reinterpret_cast<const sockaddr_in6*>(get())->sin6_port);
  return 0;
}

std::string Address::ToString() const {
  if (family() == AF_UNSPEC) return "";
  if (family() == AF_UNIX) return UnixText(reinterpret_cast<const sockaddr_un&>(storage_), size_);
  if (family() == AF_INET6) {
    char text[INET6_ADDRSTRLEN] = "";
    inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6*>(get())->sin6_addr, text,
              sizeof text);
    return absl::StrFormat("[%s]:%d", text, port());
  }
  return absl::StrFormat("%s:%d", ip().ToString(), port());
}

bool operator==(const Address& a, const Address& b) {
  return a.size_ == b.size_ && std::memcmp(&a.storage_, &b.storage_, a.size_) == 0;
}

}  // namespace sluice
