// ToySigner: a Signer for tests of what is signed. Its tags find every changed bit, and anybody
// could make them.
#ifndef SLUICE_TESTS_RATELIMIT_TOY_SIGNER_H_
#define SLUICE_TESTS_RATELIMIT_TOY_SIGNER_H_

#include <cstdint>
#include <span>

#include "ratelimit/signer.h"

namespace sluice::ratelimit {

class ToySigner final : public Signer {
 public:
  explicit ToySigner(uint8_t key = 1) : key_(key) {}

  uint8_t key_id() const override { return key_; }
  Tag Sign(std::span<const uint8_t> bytes) const override {
    // FNV-1a: each step is one to one, so a single byte that differs shows.
    uint64_t hash = 0xcbf29ce484222325 ^ key_;
    Tag tag{};
    for (size_t i = 0; i < bytes.size() + tag.size(); ++i) {
      hash = (hash ^ (i < bytes.size() ? bytes[i] : 0)) * 0x100000001b3;
      if (i >= bytes.size()) tag[i - bytes.size()] = static_cast<uint8_t>(hash >> 56 ^ hash);
    }
    return tag;
  }
  Match Check(uint8_t key, std::span<const uint8_t> bytes, const Tag& tag) const override {
    if (key != key_) return Match::kUnknownKey;
    return Sign(bytes) == tag ? Match::kOurs : Match::kForged;
  }

 private:
  const uint8_t key_;
};

}  // namespace sluice::ratelimit

#endif  // SLUICE_TESTS_RATELIMIT_TOY_SIGNER_H_
