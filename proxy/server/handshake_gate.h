// HandshakeGate: how many TLS handshakes may begin on one listener, by all clients together and by
// each address. A handshake costs a hundred times what a request does, so in a spike it is the
// first thing that melts.
//
// The overall rate refuses nobody: Take() before a connection is accepted, and while it says no the
// kernel's backlog waits. The rate of an address is asked when the address is known and before any
// cryptography: Admits(). Who is not admitted has cost the others nothing, its place in the overall
// rate is given back.
//
// Threads: any. Ownership: shared by the listener and its workers; a reload that states the same
// limits keeps it, with what everybody owes. Cost: some 15 ns and, per address, 60 ns; 2 MiB where
// addresses are limited.
#ifndef SLUICE_PROXY_SERVER_HANDSHAKE_GATE_H_
#define SLUICE_PROXY_SERVER_HANDSHAKE_GATE_H_

#include <memory>
#include <optional>
#include <utility>

#include "conf/config.h"
#include "proxy/base/peer.h"
#include "proxy/base/time.h"
#include "proxy/server/address_rate.h"
#include "ratelimit/gcra.h"

namespace sluice::server {

class HandshakeGate {
 public:
  // What `listener` states; `before` if that states the same, null if it is nothing.
  static std::shared_ptr<HandshakeGate> For(const conf::Listener& listener,
                                            std::shared_ptr<HandshakeGate> before);
  explicit HandshakeGate(const conf::Tls& limits);

  // Whether Take() would succeed.
  bool HasRoom(TimePoint now) const;
  // One place in the overall rate.
  bool Take(TimePoint now);
  // For a connection that will not begin one after all.
  void GiveBack();
  // REQUIRES: Take() for it. False: `peer` began too many.
  bool Admits(const Peer& peer, TimePoint now);

  // Handshakes that no place in the table was found for, and which were admitted for that.
  uint64_t unplaced() const { return by_address_ ? by_address_->unplaced() : 0; }

 private:
  struct Limits {
    std::optional<ratelimit::RateSpec> overall;
    std::optional<ratelimit::RateSpec> per_address;
    explicit Limits(const conf::Tls& tls);
    friend bool operator==(const Limits&, const Limits&) = default;
  };

  const Limits limits_;
  const ratelimit::Gcra overall_;
  ratelimit::Gcra::Cell owed_{0};
  std::unique_ptr<AddressRate> by_address_;  // null: not limited
};

// A place that Take() gave, on its way to the handshake it is for: given back if there is none.
class HandshakePlace {
 public:
  HandshakePlace() = default;  // where handshakes are not limited
  explicit HandshakePlace(std::shared_ptr<HandshakeGate> of) : of_(std::move(of)) {}
  HandshakePlace(HandshakePlace&& other) noexcept : of_(std::exchange(other.of_, nullptr)) {}
  HandshakePlace& operator=(HandshakePlace&& other) noexcept {
    of_.swap(other.of_);
    return *this;
  }
  ~HandshakePlace() {
    if (of_ != nullptr) of_->GiveBack();
  }
  void Use() { of_ = nullptr; }

 private:
  std::shared_ptr<HandshakeGate> of_;
};

}  // namespace sluice::server

#endif  // SLUICE_PROXY_SERVER_HANDSHAKE_GATE_H_
