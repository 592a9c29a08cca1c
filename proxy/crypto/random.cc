#include "proxy/crypto/random.h"

#include <openssl/rand.h>

#include "proxy/base/check.h"

namespace sluice::crypto {

void FillRandom(std::span<uint8_t> bytes) {
  SLUICE_CHECK(RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) == 1);
}

}  // namespace sluice::crypto
