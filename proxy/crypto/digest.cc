#include "proxy/crypto/digest.h"

#include <openssl/evp.h>

#include "proxy/base/check.h"

namespace sluice::crypto {

Sha256Digest Sha256(std::string_view bytes) {
  // Looked up once: by EVP_sha256() it would be again for each digest, at the price of hashing.
  static const EVP_MD* const kSha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  Sha256Digest digest;
  SLUICE_CHECK(EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, kSha256, nullptr) ==
               1);
  return digest;
}

std::string Hex(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    const auto byte = static_cast<uint8_t>(c);
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

}  // namespace sluice::crypto
