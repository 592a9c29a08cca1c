// Peer: what is known of a client from its connection alone, before a byte of a request.
#ifndef SLUICE_PROXY_BASE_PEER_H_
#define SLUICE_PROXY_BASE_PEER_H_

#include <cstdint>
#include <string_view>

#include "proxy/base/address.h"

namespace sluice {

struct Peer {
  Ip ip;  // all zeros for Unix sockets
  uint16_t port = 0;
  bool is_unix = false;
  bool is_tls = false;

  std::string_view scheme() const { return is_tls ? "https" : "http"; }
};

}  // namespace sluice

#endif  // SLUICE_PROXY_BASE_PEER_H_
