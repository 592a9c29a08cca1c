// The part of syntax.h that is about hosts, ports and networks.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#include "absl/strings/str_format.h"
#include "conf/syntax.h"

namespace sluice::conf {
namespace {

constexpr std::string_view kService = "srv:";
constexpr std::string_view kForms = "write host:port, [IPv6]:port or unix:/path";

struct HostPort {
  std::string_view host;  // without brackets
  std::string_view port;
  bool bracketed = false;
};

struct Ip {
  int family = 0;
  std::array<uint8_t, 16> bytes{};
  size_t size() const { return family == AF_INET ? 4 : 16; }
};

std::optional<Ip> ParseIp(std::string_view text) {
  const std::string terminated(text);
  if (terminated.find('\0') != std::string::npos) return std::nullopt;
  Ip ip;
  for (const int family : {AF_INET, AF_INET6}) {
    ip.family = family;
    if (inet_pton(family, terminated.c_str(), ip.bytes.data()) == 1) return ip;
  }
  return std::nullopt;
}

std::optional<uint32_t> ParseSmall(std::string_view digits, uint32_t most) {
  if (digits.empty() || digits.size() > 5) return std::nullopt;
  uint32_t value = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + static_cast<uint32_t>(c - '0');
  }
  if (value > most) return std::nullopt;
  return value;
}

// Letters, digits, hyphens, underscores (containers have them) in labels of at most 63.
bool IsHostName(std::string_view text) {
  if (text.ends_with('.')) text.remove_suffix(1);
  if (text.empty() || text.size() > 253) return false;
  size_t label = 0;
  for (size_t i = 0; i <= text.size(); ++i) {
    if (i == text.size() || text[i] == '.') {
      if (label == 0 || label > 63 || text[i - 1] == '-') return false;
      label = 0;
      continue;
    }
    const char c = text[i];
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    if (!letter && !(c >= '0' && c <= '9') && !(c == '-' && label > 0)) return false;
    ++label;
  }
  return true;
}

// A name whose last label is a number is a misspelt IPv4 address to every resolver.
bool LooksLikeIpv4(std::string_view text) {
  const std::string_view last = text.substr(text.rfind('.') + 1);
  return !last.empty() && last.find_first_not_of("0123456789") == std::string_view::npos;
}

std::string CheckUnixPath(std::string_view path) {
  constexpr size_t kMost = sizeof(sockaddr_un::sun_path) - 1;
  if (!path.starts_with('/')) return "is not an absolute path; write unix:/path";
  if (path.size() > kMost) return absl::StrFormat("is too long; a path may have %d bytes", kMost);
  return CheckPlain(path);
}

// Cuts at the last colon; `wrong` gets the reason when there is none.
HostPort Split(std::string_view text, std::string& wrong) {
  HostPort parts;
  if (text.starts_with('[')) {
    const size_t close = text.find(']');
    parts.bracketed = true;
    parts.host = text.substr(1, close == std::string_view::npos ? 0 : close - 1);
    if (close == std::string_view::npos) {
      wrong = absl::StrFormat("has '[' without ']'; %s", kForms);
    } else if (close + 1 == text.size() || text[close + 1] != ':') {
      wrong = absl::StrFormat("has no port; %s", kForms);
    } else {
      parts.port = text.substr(close + 2);
    }
    return parts;
  }
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) {
    wrong = absl::StrFormat("has no port; %s", kForms);
  } else if (text.find(':') != colon) {
    wrong = absl::StrFormat("has several colons; write IPv6 addresses in brackets, [::1]:80");
  } else {
    parts.host = text.substr(0, colon);
    parts.port = text.substr(colon + 1);
  }
  return parts;
}

std::string CheckHostPort(std::string_view text, bool names, uint32_t least_port) {
  std::string wrong;
  const HostPort parts = Split(text, wrong);
  if (!wrong.empty()) return wrong;
  const std::optional<uint32_t> port = ParseSmall(parts.port, 65535);
  if (!port || *port < least_port) {
    return absl::StrFormat("has no valid port; it may be %d to 65535", least_port);
  }
  const std::optional<Ip> ip = ParseIp(parts.host);
  if (parts.bracketed) {
    return ip && ip->family == AF_INET6 ? "" : "has no IPv6 address in its brackets";
  }
  if (ip) return {};
  if (!names) {
    return "does not begin with an address of this machine; write \"0.0.0.0:80\" for all of IPv4, "
           "\"[::]:80\" for all, or one of its addresses";
  }
  if (!IsHostName(parts.host) || LooksLikeIpv4(parts.host)) {
    return absl::StrFormat("has no valid host before its port; %s", kForms);
  }
  return {};
}

}  // namespace

std::string CheckListenAddress(std::string_view text) {
  if (text.starts_with("unix:")) return CheckUnixPath(text.substr(5));
  return CheckHostPort(text, /*names=*/false, /*least_port=*/0);
}

std::string CheckAdminAddress(std::string_view text) {
  if (text == "off") return {};
  std::string wrong = CheckListenAddress(text);
  return wrong.empty() ? wrong : absl::StrFormat("%s, or \"off\"", wrong);
}

std::string CheckAdminSocket(std::string_view text) {
  if (text == "off") return {};
  if (!text.starts_with('/'))
    return "is no absolute path; write \"/run/sluice/admin.sock\" or \"off\"";
  return CheckUnixPath(text);
}

std::string CheckServerAddress(std::string_view text) {
  if (text.starts_with("unix:")) return CheckUnixPath(text.substr(5));
  if (text.starts_with(kService)) {
    if (IsHostName(ServiceOf(text)) && !LooksLikeIpv4(ServiceOf(text))) return {};
    return "names no service; write \"srv:_http._tcp.shop.internal\", without a port";
  }
  if (text.find("://") != std::string_view::npos) {
    return absl::StrFormat("is a URL; %s", kForms);
  }
  return CheckHostPort(text, /*names=*/true, /*least_port=*/1);
}

std::string_view ServiceOf(std::string_view address) {
  return address.starts_with(kService) ? address.substr(kService.size()) : std::string_view();
}

std::string CheckResolverAddress(std::string_view text) {
  if (ParseIp(text) || CheckHostPort(text, /*names=*/false, /*least_port=*/1).empty()) return {};
  return "is not the address of a resolver; write \"10.0.0.2\", \"10.0.0.2:53\" or \"[::1]:53\"";
}

std::string CheckNetwork(std::string_view text) {
  return text == "unix" ? std::string() : CheckRange(text);
}

std::string CheckRange(std::string_view text) {
  const size_t slash = text.find('/');
  const std::optional<Ip> ip = ParseIp(text.substr(0, slash));
  if (!ip) return "is no address or range; write \"10.0.0.1\", \"10.0.0.0/8\" or \"fd00::/8\"";
  if (slash == std::string_view::npos) return {};
  const auto most = static_cast<uint32_t>(ip->size() * 8);
  const std::optional<uint32_t> bits = ParseSmall(text.substr(slash + 1), most);
  if (!bits) return absl::StrFormat("has no valid length after '/'; it may be 0 to %d", most);
  Ip masked = *ip;
  for (uint32_t bit = *bits; bit < most; ++bit) {
    masked.bytes[bit / 8] &= static_cast<uint8_t>(~(0x80u >> (bit % 8)));
  }
  if (masked.bytes == ip->bytes) return {};
  char shown[INET6_ADDRSTRLEN] = "";
  inet_ntop(ip->family, masked.bytes.data(), shown, sizeof shown);
  return absl::StrFormat("has bits beyond its length; did you mean \"%s/%d\"?", shown, *bits);
}

std::string CanonicalAddress(std::string_view text) {
  std::string wrong;
  if (text.starts_with("unix:")) return std::string(text);
  const HostPort parts = Split(text, wrong);
  const std::optional<Ip> ip = ParseIp(parts.host);
  if (!wrong.empty() || !ip) return std::string(text);
  char shown[INET6_ADDRSTRLEN] = "";
  inet_ntop(ip->family, ip->bytes.data(), shown, sizeof shown);
  return absl::StrFormat("[%s]:%d", shown, ParseSmall(parts.port, 65535).value_or(0));
}

std::string CheckHostPattern(std::string_view text) {
  if (text.starts_with('[') && text.ends_with(']')) {
    const std::optional<Ip> ip = ParseIp(text.substr(1, text.size() - 2));
    return ip && ip->family == AF_INET6 ? "" : "has no IPv6 address in its brackets";
  }
  if (text == "*") return "stands for every host; leave the key 'host' out instead";
  if (text.find(':') != std::string_view::npos) {
    return "has a port; hosts are matched without it, write \"shop.example\"";
  }
  const bool wildcard = text.starts_with("*.");
  if (!IsHostName(wildcard ? text.substr(2) : text)) {
    return "is not a host; write \"shop.example\" or \"*.shop.example\" (letters beyond ASCII in "
           "their xn-- form)";
  }
  return {};
}

std::string CheckServerName(std::string_view text) {
  if (ParseIp(text) || (IsHostName(text) && !LooksLikeIpv4(text))) return {};
  return "is not the name of a server; write \"shop.internal\", or an address without port";
}

std::string CheckHost(std::string_view text) {
  if (CheckServerAddress(text).empty() && !text.starts_with("unix:")) return {};
  if (text.find('*') == std::string_view::npos && CheckHostPattern(text).empty()) return {};
  return "is not a host; write one such as \"shop.internal\"";
}

std::string CheckUpstreamHost(std::string_view text) {
  if (CheckHost(text).empty()) return {};
  return "is not a host; it may be \"client\", \"server\" or a host such as \"shop.internal\"";
}

}  // namespace sluice::conf
