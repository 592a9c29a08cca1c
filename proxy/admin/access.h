// Access: who may ask what over the admin listener, and who may change something. Decisions only,
// by what a request and its connection say of themselves; api.cc acts on them.
//
// Everybody who reaches it may read. At a loopback address the Host must be a loopback name, or a
// page in this machine's browser could read through a name of its own that resolves to 127.0.0.1
// (DNS rebinding). At an address for the network the operator has said that others may read; on a
// Unix socket no browser can be.
//
// Changes are for root and for sluice's own user on a Unix socket, as the kernel vouches for, or
// for who brings the token of admin.token_file at a loopback address. Content type and origin must
// be those of a program, so that no page can post as the browser's user.
//
// Threads: any. Cost: some comparisons; MayChange() may read the user database for a name.
#ifndef SLUICE_PROXY_ADMIN_ACCESS_H_
#define SLUICE_PROXY_ADMIN_ACCESS_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "proxy/base/peer.h"
#include "proxy/http/message.h"
#include "proxy/server/limit_overlay.h"
#include "proxy/server/overlay.h"
#include "proxy/server/panic.h"
#include "proxy/server/room_overlay.h"

namespace sluice::admin {

// Why somebody was refused: labels of sluice_admin_refused_total.
enum class Bar : uint8_t {
  kHost,         // the Host is no loopback name
  kReadOnly,     // changes are not for this address
  kUser,         // not root's nor ours
  kToken,        // none, or a wrong one
  kOrigin,       // a page of another site sent it
  kContentType,  // not JSON
  kBody,         // too large, or not what it should be
  kOrder,        // understood, but it cannot be done
};
inline constexpr std::array<std::string_view, 8> kBars = {
    "host", "read_only", "user", "token", "origin", "content_type", "body", "order"};

// What came over the admin listener, since the start.
struct Tally {
  void Obeyed(const server::Order& order) { ++servers[static_cast<size_t>(order.deed)]; }
  void Obeyed(const server::LimitOrder& order) { ++limits[static_cast<size_t>(order.deed)]; }
  void Obeyed(const server::RoomOrder& order) { ++rooms[static_cast<size_t>(order.deed)]; }
  void Obeyed(const server::BanOrder& order) { ++bans[static_cast<size_t>(order.deed)]; }
  void Obeyed(const server::PanicOrder& order) { ++panics[order.on ? 0 : 1]; }

  std::array<uint64_t, std::size(server::kDeeds)> servers{};
  std::array<uint64_t, std::size(server::kLimitDeeds)> limits{};
  std::array<uint64_t, std::size(server::kBanDeeds)> bans{};
  std::array<uint64_t, std::size(server::kPanicDeeds)> panics{};
  std::array<uint64_t, std::size(server::kRoomDeeds)> rooms{};
  std::array<uint64_t, kBars.size()> refused{};
};

struct Denial {
  Bar bar = Bar::kHost;
  int status = 403;
  std::string why;
};

// The listener a request came by.
struct Door {
  static Door Of(std::string_view address);  // of a listener, as written in the file

  bool is_unix = false;
  bool loopback = false;
};

// Nothing when it may be answered.
std::optional<Denial> MayRead(const Door& door, const http::RequestHead& head);

struct Asker {
  std::string who;   // "root (uid 0, process 4711)"; "the token"
  std::string from;  // "the admin socket", "127.0.0.1:51234"
};

// Who asks, if they may change something. `token`: the configured one, empty: none. `own_uid`: whom
// this process runs as. REQUIRES: MayRead().
std::variant<Asker, Denial> MayChange(const Door& door, const Peer& peer,
                                      const http::RequestHead& head, std::string_view token,
                                      uint32_t own_uid);

}  // namespace sluice::admin

#endif  // SLUICE_PROXY_ADMIN_ACCESS_H_
