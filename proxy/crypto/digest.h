// SHA-256 over bytes in memory, for fingerprints, context identifiers and signatures.
//
// Threads: any. Cost: some 0.5 us and a context of libcrypto's per call. Errors: none that a caller
// could meet; libcrypto without SHA-256 is a broken installation and ends the process.
#ifndef SLUICE_PROXY_CRYPTO_DIGEST_H_
#define SLUICE_PROXY_CRYPTO_DIGEST_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::crypto {

using Sha256Digest = std::array<uint8_t, 32>;

Sha256Digest Sha256(std::string_view bytes);

// RFC 2104, with SHA-256. Twice the cost of a digest.
Sha256Digest HmacSha256(std::string_view key, std::string_view bytes);

// RFC 4648 section 5, without padding: fit for cookies, headers and URLs.
std::string Base64Url(std::string_view bytes);
// Its inverse, and nothing else: no padding, no spaces, no bits beyond the last byte, so that no
// two texts mean the same.
std::optional<std::string> FromBase64Url(std::string_view text);
// Lower case, two digits a byte.
std::string Hex(std::string_view bytes);

}  // namespace sluice::crypto

#endif  // SLUICE_PROXY_CRYPTO_DIGEST_H_
