#include "proxy/admin/access.h"

#include <pwd.h>

#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "proxy/base/address.h"
#include "proxy/base/text.h"
#include "proxy/crypto/secret.h"

namespace sluice::admin {
namespace {

// Larger than any entry of a user database that is not made to be large.
constexpr size_t kUserBytes = 4096;

bool IsLoopback(const Ip& ip) {
  static const Cidr kFour = *Cidr::Parse("127.0.0.0/8");
  static const Cidr kSix = *Cidr::Parse("::1");
  return kFour.Contains(ip) || kSix.Contains(ip);
}

// `host` without port, normalised; brackets around IPv6.
bool IsLoopbackName(std::string_view host) {
  if (host == "localhost") return true;
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  const std::optional<Ip> ip = Ip::Parse(host);
  return ip && IsLoopback(*ip);
}

std::string UserName(uint32_t uid) {
  passwd entry{};
  passwd* found = nullptr;
  std::vector<char> text(kUserBytes);
  if (getpwuid_r(uid, &entry, text.data(), text.size(), &found) != 0 || found == nullptr) {
    return "somebody";
  }
  return found->pw_name;
}

std::optional<Denial> CheckOrigin(const http::RequestHead& head) {
  const http::Field* const site = head.fields.Find("Sec-Fetch-Site");
  const bool foreign = site != nullptr && site->value != "same-origin" && site->value != "none";
  const http::Field* const origin = head.fields.Find("Origin");
  const bool other = origin != nullptr &&
                     origin->value != absl::StrFormat("http://%s", std::string(head.authority));
  if (!foreign && !other) return std::nullopt;
  return Denial{Bar::kOrigin, 403, "a page of another site sent this request; changes are refused"};
}

std::optional<Denial> CheckContentType(const http::RequestHead& head) {
  std::string_view type = head.fields.Value(http::FieldId::kContentType);
  if (EqualsIgnoreCase(CutNext(type, ';'), "application/json")) return std::nullopt;
  return Denial{Bar::kContentType, 415, "changes are JSON; send Content-Type: application/json"};
}

std::variant<Asker, Denial> ByUser(const Peer& peer, uint32_t own_uid) {
  const PeerProcess& process = peer.process;
  const bool known = process.pid != 0;
  if (known && (process.uid == 0 || process.uid == own_uid)) {
    return Asker{
        absl::StrFormat("%s (uid %d, process %d)", UserName(process.uid), process.uid, process.pid),
        "the admin socket"};
  }
  return Denial{Bar::kUser, 403, "changes over the socket are for root and sluice's own user"};
}

std::variant<Asker, Denial> ByToken(const Peer& peer, const http::RequestHead& head,
                                    std::string_view token) {
  if (token.empty()) {
    return Denial{Bar::kReadOnly, 403,
                  "read-only without admin.token_file; changes go over the Unix socket "
                  "(admin.socket), or set the token file"};
  }
  std::string_view given;
  if (const http::Field* const field = head.fields.Find("Authorization")) {
    given = field->value;
    if (!EqualsIgnoreCase(CutNext(given, ' '), "bearer")) given = {};
  }
  if (!crypto::SameSecret(TrimSpace(given), token)) {
    return Denial{Bar::kToken, 401,
                  given.empty() ? "changes need the token; send Authorization: Bearer TOKEN"
                                : "the token is not the one in admin.token_file"};
  }
  return Asker{"the token", Address::From(peer.ip, peer.port).ToString()};
}

}  // namespace

Door Door::Of(std::string_view address) {
  const std::optional<Address> parsed = Address::Parse(address);
  if (!parsed) return {};
  if (parsed->family() == AF_UNIX) return {.is_unix = true};
  return {.loopback = IsLoopback(parsed->ip())};
}

std::optional<Denial> MayRead(const Door& door, const http::RequestHead& head) {
  if (!door.loopback || IsLoopbackName(head.host)) return std::nullopt;
  return Denial{Bar::kHost, 403,
                "the Host is no name of this machine's loopback; ask for localhost, 127.0.0.1 or "
                "[::1]"};
}

std::variant<Asker, Denial> MayChange(const Door& door, const Peer& peer,
                                      const http::RequestHead& head, std::string_view token,
                                      uint32_t own_uid) {
  if (!door.is_unix && !door.loopback) {
    return Denial{Bar::kReadOnly, 403,
                  "read-only: admin.address is open to the network; changes go over the Unix "
                  "socket (admin.socket)"};
  }
  if (std::optional<Denial> denial = CheckOrigin(head)) return *std::move(denial);
  std::variant<Asker, Denial> asker =
      door.is_unix ? ByUser(peer, own_uid) : ByToken(peer, head, token);
  if (std::holds_alternative<Denial>(asker)) return asker;
  if (std::optional<Denial> denial = CheckContentType(head)) return *std::move(denial);
  return asker;
}

}  // namespace sluice::admin
