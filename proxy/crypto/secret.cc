#include "proxy/crypto/secret.h"

#include <openssl/crypto.h>

#include <algorithm>

namespace sluice::crypto {

std::vector<std::string> SecretsOf(std::string_view content) {
  std::vector<std::string> secrets;
  while (!content.empty()) {
    const size_t end = std::min(content.find('\n'), content.size());
    std::string_view line = content.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!line.empty()) secrets.emplace_back(line);
    content.remove_prefix(std::min(end + 1, content.size()));
  }
  return secrets;
}

std::string_view WhatIsWrongWith(const std::vector<std::string>& secrets) {
  if (secrets.empty()) return "there is none";
  if (secrets.size() > kMostSecrets) return "there are more than 8";
  const auto too_short = [](const std::string& secret) { return secret.size() < kShortestSecret; };
  if (std::any_of(secrets.begin(), secrets.end(), too_short)) {
    return "one is shorter than 32 bytes, which is what HMAC-SHA256 needs";
  }
  return {};
}

bool SameSecret(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace sluice::crypto
