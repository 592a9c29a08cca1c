// Who asks: the address of the client behind the proxies that the operator trusts, and the scheme
// and host it asked for, by X-Forwarded-* or by Forwarded (RFC 7239); one of the two, as
// configured, because a proxy that writes one passes the other on as the client sent it.
//
// The chain is walked from the right, where the nearest proxy wrote: as long as an address is a
// trusted proxy's, what that proxy wrote to its left is believed. The first address that is not
// trusted is the client. What is no address ("unknown", an obfuscated identifier, garbage) ends the
// walk at the last good one: the client is then the proxy that could not say better.
//
// Threads: any; pure. Cost: no allocation but for IPv6 texts; bounded by the length of the chain.
#ifndef SLUICE_PROXY_ADMISSION_CLIENT_KEY_H_
#define SLUICE_PROXY_ADMISSION_CLIENT_KEY_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "conf/config.h"
#include "proxy/base/address.h"
#include "proxy/http/message.h"

namespace sluice::admission {

// Whose word about the client counts: addresses, ranges and "unix", prepared.
class TrustedProxies {
 public:
  TrustedProxies() = default;  // nobody
  // Entries that are neither a range nor "unix" trust nobody; the loader refuses them.
  explicit TrustedProxies(const std::vector<std::string>& entries);
  explicit TrustedProxies(const conf::ClientIp& config);

  bool Trusts(const Ip& ip) const;
  bool TrustsPeer(const Ip& ip, bool is_unix) const { return is_unix ? unix_ : Trusts(ip); }
  // True: Forwarded is the header believed, else the X-Forwarded-* family.
  bool reads_forwarded() const { return reads_forwarded_; }

 private:
  std::vector<Cidr> ranges_;
  bool unix_ = false;
  bool reads_forwarded_ = false;
};

// The views are the head's.
struct ClientIdentity {
  Ip ip;    // of the client; all zeros when a Unix peer named nobody
  Ip peer;  // of the connection; all zeros for a Unix socket
  bool peer_is_unix = false;
  bool peer_trusted = false;
  bool reads_forwarded = false;  // which header was believed (TrustedProxies::reads_forwarded)
  std::string_view scheme;       // "http" or "https" as a trusted proxy said; empty: nobody said
  std::string_view host;         // host[:port] as a trusted proxy said; empty: nobody said
};

ClientIdentity Resolve(const Ip& peer, bool peer_is_unix, const http::RequestHead& head,
                       const TrustedProxies& trusted);

// Who takes turns with others where clients do (ratelimit/turns.h): an IPv4 address, or the /64 of
// an IPv6 one, as a number.
uint64_t ClientKey(const Ip& ip);

}  // namespace sluice::admission

#endif  // SLUICE_PROXY_ADMISSION_CLIENT_KEY_H_
