// Comparing what a stranger sent with a secret, in a time that tells nothing but its length.
//
// Threads: any.
#ifndef SLUICE_PROXY_CRYPTO_SECRET_H_
#define SLUICE_PROXY_CRYPTO_SECRET_H_

#include <string_view>

namespace sluice::crypto {

bool SameSecret(std::string_view a, std::string_view b);

}  // namespace sluice::crypto

#endif  // SLUICE_PROXY_CRYPTO_SECRET_H_
