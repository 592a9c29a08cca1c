#include "proxy/crypto/digest.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "proxy/base/check.h"

namespace sluice::crypto {
namespace {

constexpr std::string_view kBase64Url =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

// Of each byte its value as a digit; -1: it is none.
constexpr std::array<int8_t, 256> kBase64UrlValues = [] {
  std::array<int8_t, 256> values{};
  values.fill(-1);
  for (size_t i = 0; i < kBase64Url.size(); ++i) {
    values[static_cast<uint8_t>(kBase64Url[i])] = static_cast<int8_t>(i);
  }
  return values;
}();

}  // namespace

Sha256Digest Sha256(std::string_view bytes) {
  // Looked up once: by EVP_sha256() it would be again for each digest, at the price of hashing.
  static const EVP_MD* const kSha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  Sha256Digest digest;
  SLUICE_CHECK(EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, kSha256, nullptr) ==
               1);
  return digest;
}

Sha256Digest HmacSha256(std::string_view key, std::string_view bytes) {
  Sha256Digest signature;
  const auto* const data = reinterpret_cast<const unsigned char*>(bytes.data());
  SLUICE_CHECK(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), data, bytes.size(),
                    signature.data(), nullptr) != nullptr);
  return signature;
}

std::string Base64Url(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() * 4 + 2) / 3);
  uint32_t bits = 0;
  int have = 0;
  for (const char c : bytes) {
    bits = bits << 8 | static_cast<uint8_t>(c);
    for (have += 8; have >= 6; have -= 6) text += kBase64Url[bits >> (have - 6) & 63];
  }
  if (have > 0) text += kBase64Url[bits << (6 - have) & 63];
  return text;
}

std::optional<std::string> FromBase64Url(std::string_view text) {
  if (text.size() % 4 == 1) return std::nullopt;
  std::string bytes(text.size() * 3 / 4, '\0');
  size_t size = 0;
  uint32_t bits = 0;
  int have = 0;
  for (const char c : text) {
    const int value = kBase64UrlValues[static_cast<uint8_t>(c)];
    if (value < 0) return std::nullopt;
    bits = bits << 6 | static_cast<uint32_t>(value);
    have += 6;
    if (have < 8) continue;
    have -= 8;
    bytes[size++] = static_cast<char>(bits >> have & 0xff);
  }
  if ((bits & ((1u << have) - 1)) != 0) return std::nullopt;
  return bytes;
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
