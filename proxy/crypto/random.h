// Random bytes for keys and nonces, from libcrypto's generator.
//
// Threads: any. Errors: a machine that cannot make random bytes must make no keys, so it ends the
// process.
#ifndef SLUICE_PROXY_CRYPTO_RANDOM_H_
#define SLUICE_PROXY_CRYPTO_RANDOM_H_

#include <cstdint>
#include <span>

namespace sluice::crypto {

void FillRandom(std::span<uint8_t> bytes);

}  // namespace sluice::crypto

#endif  // SLUICE_PROXY_CRYPTO_RANDOM_H_
