#include "proxy/admission/client_key.h"

#include <algorithm>
#include <optional>

#include "proxy/base/text.h"

namespace sluice::admission {
namespace {

using http::Field;
using http::FieldId;
using http::Fields;

// Is the quote at `at` escaped by an odd number of backslashes before it?
bool Escaped(std::string_view text, size_t at) {
  size_t backslashes = 0;
  while (backslashes < at && text[at - 1 - backslashes] == '\\') ++backslashes;
  return backslashes % 2 == 1;
}

// Cuts the last comma-separated element off `list`; commas in quoted strings do not separate. Going
// from the right, a quote left open by the client cannot swallow what a proxy appended after it.
std::string_view CutLast(std::string_view& list) {
  bool quoted = false;
  size_t at = list.size();
  for (; at > 0; --at) {
    const char c = list[at - 1];
    if (c == '"' && !Escaped(list, at - 1)) quoted = !quoted;
    if (c == ',' && !quoted) break;
  }
  const std::string_view last = list.substr(at);
  list = list.substr(0, at == 0 ? 0 : at - 1);
  return TrimSpace(last);
}

// The elements of a list field, over all its repetitions, from the right. Allocates nothing.
class ElementsFromRight {
 public:
  ElementsFromRight(const Fields& fields, FieldId id)
      : begin_(fields.begin()), field_(fields.end()), id_(id) {}

  std::optional<std::string_view> Next() {
    for (;;) {
      if (!rest_.empty()) {
        const std::string_view element = CutLast(rest_);
        if (!element.empty()) return element;  // RFC 9110 5.6.1.2: empty elements are ignored
        continue;
      }
      do {
        if (field_ == begin_) return std::nullopt;
        --field_;
      } while (field_->id != id_);
      rest_ = TrimSpace(field_->value);
    }
  }

 private:
  const Field* const begin_;
  const Field* field_;
  const FieldId id_;
  std::string_view rest_;
};

// "1.2.3.4", "1.2.3.4:80", "::1", "[::1]", "[::1]:80"; nothing for all else.
std::optional<Ip> ParseNode(std::string_view node) {
  if (node.size() > 64) return std::nullopt;
  std::string_view port;
  const size_t colon = node.find(':');
  if (node.starts_with('[')) {
    const size_t close = node.find(']');
    if (close == std::string_view::npos || colon > close) return std::nullopt;
    port = node.substr(close + 1);
    node = node.substr(1, close - 1);
  } else if (colon != std::string_view::npos && node.rfind(':') == colon) {
    port = node.substr(colon);
    node = node.substr(0, colon);
  }
  // A port may be obfuscated ("_x", RFC 7239 section 6.3); it is not looked at.
  if (!port.empty() && (port.size() < 2 || port.front() != ':')) return std::nullopt;
  return Ip::Parse(node);
}

std::string_view Unquoted(std::string_view value) {
  if (value.size() < 2 || value.front() != '"' || value.back() != '"') return value;
  return value.substr(1, value.size() - 2);
}

struct ForwardedElement {
  std::string_view node;
  std::string_view host;
  std::string_view proto;
};

// RFC 7239 section 4. None of the values we read needs a backslash or a semicolon inside its
// quotes, so an element that has one simply reads as garbage.
ForwardedElement ParseForwarded(std::string_view element) {
  ForwardedElement parsed;
  while (!element.empty()) {
    const std::string_view pair = CutNext(element, ';');
    const size_t equals = pair.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view name = pair.substr(0, equals);
    const std::string_view value = Unquoted(pair.substr(equals + 1));
    if (EqualsIgnoreCase(name, "for")) parsed.node = value;
    if (EqualsIgnoreCase(name, "host")) parsed.host = value;
    if (EqualsIgnoreCase(name, "proto")) parsed.proto = value;
  }
  return parsed;
}

std::string_view KnownScheme(std::string_view scheme) {
  if (EqualsIgnoreCase(scheme, "https")) return "https";
  if (EqualsIgnoreCase(scheme, "http")) return "http";
  return {};
}

// Only what may stand in host[:port] passes: it goes into headers, redirects and pages.
std::string_view PlausibleHost(std::string_view host) {
  const auto plausible = [](char c) {
    const char lower = LowerChar(c);
    return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
           c == '_' || c == ':' || c == '[' || c == ']';
  };
  return host.size() <= 255 && std::all_of(host.begin(), host.end(), plausible)
             ? host
             : std::string_view();
}

// The element of a list that the `walked`-th proxy from the right wrote; the leftmost when the list
// is shorter: proxies that overwrite leave one element, proxies that append leave one each.
std::string_view ElementOf(const Fields& fields, FieldId id, size_t walked) {
  ElementsFromRight elements(fields, id);
  std::string_view element;
  for (size_t i = 0; i < std::max<size_t>(walked, 1); ++i) {
    const std::optional<std::string_view> next = elements.Next();
    if (!next) break;
    element = *next;
  }
  return element;
}

void WalkXForwardedFor(const Fields& fields, const TrustedProxies& trusted,
                       ClientIdentity& client) {
  ElementsFromRight elements(fields, FieldId::kXForwardedFor);
  size_t walked = 0;
  for (bool believed = true; believed;) {
    const std::optional<std::string_view> element = elements.Next();
    const std::optional<Ip> ip = element ? ParseNode(*element) : std::nullopt;
    if (!ip) break;
    ++walked;
    client.ip = *ip;
    believed = trusted.Trusts(*ip);
  }
  client.scheme = KnownScheme(ElementOf(fields, FieldId::kXForwardedProto, walked));
  client.host = PlausibleHost(ElementOf(fields, FieldId::kXForwardedHost, walked));
}

void WalkForwarded(const Fields& fields, const TrustedProxies& trusted, ClientIdentity& client) {
  ElementsFromRight elements(fields, FieldId::kForwarded);
  for (bool believed = true; believed;) {
    const std::optional<std::string_view> element = elements.Next();
    if (!element) break;
    const ForwardedElement parsed = ParseForwarded(*element);
    if (const std::string_view scheme = KnownScheme(parsed.proto); !scheme.empty()) {
      client.scheme = scheme;
    }
    if (const std::string_view host = PlausibleHost(parsed.host); !host.empty()) {
      client.host = host;
    }
    const std::optional<Ip> ip = ParseNode(parsed.node);
    if (!ip) break;
    client.ip = *ip;
    believed = trusted.Trusts(*ip);
  }
}

}  // namespace

TrustedProxies::TrustedProxies(const conf::ClientIp& config)
    : TrustedProxies(config.trusted_proxies) {
  reads_forwarded_ = EqualsIgnoreCase(config.header, "forwarded");
}

TrustedProxies::TrustedProxies(const std::vector<std::string>& entries) {
  for (const std::string& entry : entries) {
    if (entry == "unix") {
      unix_ = true;
    } else if (const std::optional<Cidr> range = Cidr::Parse(entry)) {
      ranges_.push_back(*range);
    }
  }
}

bool TrustedProxies::Trusts(const Ip& ip) const {
  return std::any_of(ranges_.begin(), ranges_.end(),
                     [&](const Cidr& range) { return range.Contains(ip); });
}

ClientIdentity Resolve(const Ip& peer, bool peer_is_unix, const http::RequestHead& head,
                       const TrustedProxies& trusted) {
  ClientIdentity client{.ip = peer,
                        .peer = peer,
                        .peer_is_unix = peer_is_unix,
                        .peer_trusted = trusted.TrustsPeer(peer, peer_is_unix),
                        .reads_forwarded = trusted.reads_forwarded(),
                        .scheme = {},
                        .host = {}};
  if (!client.peer_trusted) return client;
  if (trusted.reads_forwarded()) {
    WalkForwarded(head.fields, trusted, client);
  } else {
    WalkXForwardedFor(head.fields, trusted, client);
  }
  return client;
}

uint64_t ClientKey(const Ip& ip) {
  const size_t first = ip.is_v4() ? 12 : 0;
  const size_t count = ip.is_v4() ? 4 : 8;
  uint64_t key = 0;
  for (size_t i = first; i < first + count; ++i) key = key << 8 | ip.bytes[i];
  return key;
}

}  // namespace sluice::admission
