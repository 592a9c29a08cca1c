// KeyRing: the keys that tickets of waiting rooms are signed with (ratelimit/ticket.h), by
// HMAC-SHA256 cut to its first 16 bytes (RFC 2104 section 5). The first key signs, all check: to
// exchange keys in the middle of a sale put the new one first, and take the old one away a session
// later. Instances with the same keys read each other's tickets; there the new key is first given
// to all of them as the last.
//
// A key is found by a byte that is derived from it and stands in the ticket. Where two have the
// same, both are tried.
//
// Threads: any; immutable. Cost: a ticket is read in some 0.3 us, and written in as much
// (bench/admission_bench.cc). Whoever has a key can make places for himself: it is wiped with the
// ring, and never told.
#ifndef SLUICE_PROXY_CRYPTO_KEY_RING_H_
#define SLUICE_PROXY_CRYPTO_KEY_RING_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "proxy/crypto/hmac.h"
#include "ratelimit/signer.h"

namespace sluice::crypto {

class KeyRing final : public ratelimit::Signer {
 public:
  // Keys as in a file (SecretsOf() in secret.h). An error is the rest of a sentence about them.
  static absl::StatusOr<KeyRing> Of(std::string_view lines);
  // A key at random: 256 bits as a line.
  static std::string MakeLine();

  uint8_t key_id() const override { return keys_.front().id; }
  Tag Sign(std::span<const uint8_t> bytes) const override;
  Match Check(uint8_t key_id, std::span<const uint8_t> bytes, const Tag& tag) const override;

 private:
  struct Key {
    explicit Key(std::string_view secret);
    std::unique_ptr<const Hmac> hmac;
    uint8_t id;
  };

  KeyRing() = default;

  std::vector<Key> keys_;  // never empty
};

}  // namespace sluice::crypto

#endif  // SLUICE_PROXY_CRYPTO_KEY_RING_H_
