// AddressRate: how often one address may do something on a listener: begin a connection, or a TLS
// handshake. An address is a whole IPv4 address or the first 64 bits of an IPv6 one, which is what
// one customer has. Unix peers have none and are always admitted.
//
// Threads: any. Ownership: shared by the listener and its workers; a reload that states the same
// rate keeps it, with what everybody owes. Cost: some 60 ns, 2 MiB.
#ifndef SLUICE_PROXY_SERVER_ADDRESS_RATE_H_
#define SLUICE_PROXY_SERVER_ADDRESS_RATE_H_

#include <cstdint>
#include <memory>
#include <optional>

#include "proxy/base/peer.h"
#include "proxy/base/siphash.h"
#include "proxy/base/time.h"
#include "ratelimit/keyed_gate.h"

namespace sluice::server {

class AddressRate {
 public:
  explicit AddressRate(const ratelimit::RateSpec& spec);

  // Of `rate` and `burst` as they are written; `before` if that states the same, null without a
  // rate.
  static std::shared_ptr<AddressRate> For(const std::optional<ratelimit::Rate>& rate,
                                          uint32_t burst, std::shared_ptr<AddressRate> before);

  bool Admits(const Peer& peer, TimePoint now);

  // Admitted because there was no room to note them.
  uint64_t unplaced() const { return rate_.unplaced(); }

 private:
  const ratelimit::RateSpec spec_;
  ratelimit::KeyedGate rate_;
  SipKey key_{};
};

}  // namespace sluice::server

#endif  // SLUICE_PROXY_SERVER_ADDRESS_RATE_H_
