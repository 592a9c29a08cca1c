#include "proxy/crypto/hmac.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "proxy/base/check.h"

namespace sluice::crypto {
namespace {

Sha256Digest Digest(EVP_MAC_CTX* context, std::span<const uint8_t> bytes) {
  Sha256Digest digest;
  size_t size = 0;
  SLUICE_CHECK(EVP_MAC_update(context, bytes.data(), bytes.size()) == 1);
  SLUICE_CHECK(EVP_MAC_final(context, digest.data(), &size, digest.size()) == 1);
  SLUICE_CHECK(size == digest.size());
  return digest;
}

}  // namespace

void Hmac::Free::operator()(evp_mac_ctx_st* context) const { EVP_MAC_CTX_free(context); }

Hmac::Hmac(std::string_view key) {
  static EVP_MAC* const hmac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  static char sha256[] = "SHA256";
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, sha256, 0),
      OSSL_PARAM_construct_end()};
  keyed_.reset(EVP_MAC_CTX_new(hmac));
  const auto* const bytes = reinterpret_cast<const unsigned char*>(key.data());
  SLUICE_CHECK(EVP_MAC_init(keyed_.get(), bytes, key.size(), parameters) == 1);
  ready_.reset(EVP_MAC_CTX_dup(keyed_.get()));
  SLUICE_CHECK(ready_ != nullptr);
}

Sha256Digest Hmac::Of(std::span<const uint8_t> bytes) const {
  if (in_use_.test_and_set(std::memory_order_acquire)) {
    const Context copy(EVP_MAC_CTX_dup(keyed_.get()));
    SLUICE_CHECK(copy != nullptr);
    return Digest(copy.get(), bytes);
  }
  // Without a key: back to where the one it has was set up.
  SLUICE_CHECK(EVP_MAC_init(ready_.get(), nullptr, 0, nullptr) == 1);
  const Sha256Digest digest = Digest(ready_.get(), bytes);
  in_use_.clear(std::memory_order_release);
  return digest;
}

}  // namespace sluice::crypto
