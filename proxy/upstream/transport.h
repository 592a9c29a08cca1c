// Transport: how connections to the servers of one pool are made: what is spoken over them, and in
// clear text or by TLS with what. A connection is good for requests as long as its pool has the
// Transport it was made with; a configuration that changes nothing of it keeps the object, and with
// it connections and TLS sessions.
//
// Threads: any; immutable. Cost: Build() reads certificates anew: some milliseconds with the
// system's authorities, at start and reload.
#ifndef SLUICE_PROXY_UPSTREAM_TRANSPORT_H_
#define SLUICE_PROXY_UPSTREAM_TRANSPORT_H_

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "conf/config.h"
#include "proxy/tls/client_context.h"

namespace sluice::upstream {

// kAgreed: HTTP/2 where the server chooses it in the TLS handshake, else HTTP/1.1.
enum class Protocol : uint8_t { kHttp1, kHttp2, kAgreed };

// What a server sends that expects TLS and was spoken to in clear text: an alert, for one.
bool LooksLikeTls(std::string_view first_bytes);
inline constexpr std::string_view kSpeaksTls = "the server speaks TLS, and its pool has no tls";

struct Transport {
  // Errors name the file and say what is wrong.
  static absl::StatusOr<std::shared_ptr<const Transport>> Build(const conf::Pool& pool);
  // What Build() would make of `pool` differs in nothing.
  bool Fits(const conf::Pool& pool) const;

  // What to ask `server` for, which is written as in conf::Server::address: its host, unless the
  // pool says otherwise.
  std::string_view ServerName(std::string_view server) const;

  bool secure() const { return tls != nullptr; }

  Protocol protocol = Protocol::kHttp1;
  std::shared_ptr<const tls::ClientContext> tls;  // null: clear text
  std::optional<conf::ServerTls> made_of;         // of `tls`
};

}  // namespace sluice::upstream

#endif  // SLUICE_PROXY_UPSTREAM_TRANSPORT_H_
