// The parts of Config that say how TLS is spoken: to clients on a listener, to the servers of a
// pool. See config.h, which includes this.
#ifndef SLUICE_CONF_TLS_H_
#define SLUICE_CONF_TLS_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ratelimit/spec.h"

namespace sluice::conf {

using Duration = std::chrono::nanoseconds;
using namespace std::chrono_literals;

// A file named in the configuration, read when that is.
struct File {
  std::string name;
  std::string content;
  bool operator==(const File&) const = default;
};

struct Certificate {
  File cert;                       // PEM: the certificate, then those between it and its authority
  File key;                        // PEM, not encrypted
  File ocsp;                       // DER; empty: nothing is stapled
  std::vector<std::string> names;  // empty: those it was issued for
};

struct Tls {
  std::vector<Certificate> certificates;    // the first is for clients that name no server
  std::string min_version = "1.2";          // or "1.3"
  std::string unknown_name = "default";     // the first certificate, or "refuse"
  bool http2 = true;                        // offered to clients; HTTP/1.1 always is
  std::string client_certificates = "off";  // or "optional", or "required"
  File client_ca;                           // PEM
  Duration handshake_timeout = 10s;
  Duration session_lifetime = 12h;  // how long a client may resume
  // TLS handshakes begun, on all workers together; and by one address (IPv6: one /64).
  std::optional<ratelimit::Rate> handshakes;
  std::optional<ratelimit::Rate> handshakes_per_address;
  uint32_t handshakes_burst = 0;  // of an address, at once; 0: the count of its rate
  Duration hsts = 0s;             // Strict-Transport-Security; 0: not said
};

// TLS to the servers of a pool.
struct ServerTls {
  bool verify = true;
  File ca;                  // PEM; none: the system's authorities
  std::string server_name;  // empty: the host of the server's address
  File cert;                // ours, for servers that ask for one: PEM, with those between
  File key;
  std::string min_version = "1.2";  // or "1.3"
  bool operator==(const ServerTls&) const = default;
};

}  // namespace sluice::conf

#endif  // SLUICE_CONF_TLS_H_
