// Secrets that signatures are made with: reading them from a file, and comparing what a stranger
// sent with one in a time that tells nothing but its length.
//
// Threads: any.
#ifndef SLUICE_PROXY_CRYPTO_SECRET_H_
#define SLUICE_PROXY_CRYPTO_SECRET_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::crypto {

// A key of HMAC-SHA256 that is shorter than its digest weakens it (RFC 2104 section 3, RFC 7518
// section 3.2).
inline constexpr size_t kShortestSecret = 32;  // bytes
// Two while they are being exchanged; each may cost a stranger's text another signature.
inline constexpr size_t kMostSecrets = 8;

// The secrets of a file: one a line, as they stand there; empty lines count for nothing.
std::vector<std::string> SecretsOf(std::string_view content);

// As the rest of a sentence about them ("there is none"); empty: nothing.
std::string_view WhatIsWrongWith(const std::vector<std::string>& secrets);

bool SameSecret(std::string_view a, std::string_view b);

}  // namespace sluice::crypto

#endif  // SLUICE_PROXY_CRYPTO_SECRET_H_
