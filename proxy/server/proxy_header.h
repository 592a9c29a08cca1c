// ProxyHeader: what a balancer in front says of the client before the client's first byte: the
// PROXY protocol, version 1 (a line of text) and version 2 (binary), as its specification has it
// (haproxy's doc/proxy-protocol.txt of 2020/03/05). Strict where two readers could differ.
//
// Called by ProxyGuest with all bytes that came so far, again and again until it has decided. A
// decision doesn't change with what follows, and is made as early as the bytes allow.
//
// Pure. Threads: any. Cost: 0.5 us for a line, 0.2 us for a block, and 15 ns a byte where a
// checksum is to be verified. Sizes in bytes.
#ifndef SLUICE_PROXY_SERVER_PROXY_HEADER_H_
#define SLUICE_PROXY_SERVER_PROXY_HEADER_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "proxy/base/address.h"

namespace sluice::server {

// Of version 2, extensions (TLVs) included; senders keep below 536. Version 1 has 107 at most.
inline constexpr size_t kMaxProxyHeader = 4096;

struct ProxyHeader {
  enum class State : uint8_t { kNeedMore, kComplete, kMalformed };
  enum class Client : uint8_t {
    kConnection,  // LOCAL, UNKNOWN, UNSPEC: whoever opened this connection
    kIp,          // `from`
    kUnix,        // a Unix socket of the balancer's machine
  };

  State state = State::kNeedMore;
  Client client = Client::kConnection;
  size_t size = 0;       // kComplete: of the header; what follows is the client's
  Address from;          // kIp: the client
  Address to;            // kIp: where it connected to
  std::string_view why;  // kMalformed: for people
};

ProxyHeader ParseProxyHeader(std::string_view bytes);

}  // namespace sluice::server

#endif  // SLUICE_PROXY_SERVER_PROXY_HEADER_H_
