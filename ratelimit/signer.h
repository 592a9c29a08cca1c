// Signer: whoever holds the keys that tickets are signed with (ticket.h). This room knows no
// cryptography: proxy/crypto/key_ring.h is the real one, the tests have a toy.
//
// Threads: any; immutable. New keys are a new Signer.
#ifndef SLUICE_RATELIMIT_SIGNER_H_
#define SLUICE_RATELIMIT_SIGNER_H_

#include <array>
#include <cstdint>
#include <span>

namespace sluice::ratelimit {

class Signer {
 public:
  using Tag = std::array<uint8_t, 16>;
  // Whose a tag is.
  enum class Match : uint8_t {
    kOurs,
    kUnknownKey,  // no key of ours has that name
    kForged,      // none of those that have it made this tag
  };

  virtual ~Signer() = default;
  // A name of the key that Sign() takes, to find it again by. Others may have the same name.
  virtual uint8_t key_id() const = 0;
  virtual Tag Sign(std::span<const uint8_t> bytes) const = 0;
  // In a time that does not tell how much of the tag was right.
  virtual Match Check(uint8_t key_id, std::span<const uint8_t> bytes, const Tag& tag) const = 0;
};

}  // namespace sluice::ratelimit

#endif  // SLUICE_RATELIMIT_SIGNER_H_
