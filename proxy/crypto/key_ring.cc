#include "proxy/crypto/key_ring.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <array>

#include "proxy/crypto/digest.h"
#include "proxy/crypto/random.h"
#include "proxy/crypto/secret.h"

namespace sluice::crypto {
namespace {

std::span<const uint8_t> BytesOf(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

std::string_view TextOf(std::span<const uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

ratelimit::Signer::Tag TagOf(const Hmac& hmac, std::span<const uint8_t> bytes) {
  ratelimit::Signer::Tag tag;
  std::copy_n(hmac.Of(bytes).begin(), tag.size(), tag.begin());
  return tag;
}

}  // namespace

KeyRing::Key::Key(std::string_view secret)
    : hmac(std::make_unique<const Hmac>(secret)), id(hmac->Of(BytesOf("name of the key"))[0]) {}

absl::StatusOr<KeyRing> KeyRing::Of(std::string_view lines) {
  std::vector<std::string> secrets = SecretsOf(lines);
  if (const std::string_view wrong = WhatIsWrongWith(secrets); !wrong.empty()) {
    return absl::InvalidArgumentError(absl::string_view(wrong.data(), wrong.size()));
  }
  KeyRing ring;
  for (std::string& secret : secrets) {
    ring.keys_.emplace_back(secret);
    OPENSSL_cleanse(secret.data(), secret.size());
  }
  return ring;
}

std::string KeyRing::MakeLine() {
  std::array<uint8_t, 32> key;
  FillRandom(key);
  std::string line = Base64Url(TextOf(key));
  OPENSSL_cleanse(key.data(), key.size());
  return line;
}

KeyRing::Tag KeyRing::Sign(std::span<const uint8_t> bytes) const {
  return TagOf(*keys_.front().hmac, bytes);
}

KeyRing::Match KeyRing::Check(uint8_t key_id, std::span<const uint8_t> bytes,
                              const Tag& tag) const {
  Match match = Match::kUnknownKey;
  for (const Key& key : keys_) {
    if (key.id != key_id) continue;
    if (SameSecret(TextOf(TagOf(*key.hmac, bytes)), TextOf(tag))) return Match::kOurs;
    match = Match::kForged;
  }
  return match;
}

}  // namespace sluice::crypto
