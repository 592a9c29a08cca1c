// Peer: what is known of a client from its connection alone, before a byte of a request.
#ifndef SLUICE_PROXY_BASE_PEER_H_
#define SLUICE_PROXY_BASE_PEER_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "proxy/base/address.h"

namespace sluice {

// What came out of a TLS handshake. The views are of texts that are never freed.
struct TlsPeer {
  std::string_view version;   // "TLSv1.3"
  std::string_view cipher;    // "TLS_AES_128_GCM_SHA256"
  std::string server_name;    // that the client asked for, as sent; empty: none
  std::string ja4;            // fingerprint of the client's hello
  bool verified = false;      // the client's certificate
  std::string subject;        // of the client's certificate, if it was verified (RFC 4514)
  std::string_view rejected;  // why its certificate was not; empty: it showed none, or a good one

  std::string_view certificate() const {
    return verified ? "verified" : rejected.empty() ? "none" : rejected;
  }
};

// The process at the other end of a Unix socket, as it was when it connected.
struct PeerProcess {
  uint32_t uid = 0;
  int32_t pid = 0;  // 0: not known
};

struct Peer {
  Ip ip;  // all zeros for Unix sockets
  uint16_t port = 0;
  bool is_unix = false;
  PeerProcess process;           // of a Unix socket
  const TlsPeer* tls = nullptr;  // the connection's; null: plain

  std::string_view scheme() const { return tls != nullptr ? "https" : "http"; }
  std::string ToString() const { return is_unix ? "unix" : ip.ToString(); }  // without the port
};

}  // namespace sluice

#endif  // SLUICE_PROXY_BASE_PEER_H_
