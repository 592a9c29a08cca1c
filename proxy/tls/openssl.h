// Owners of OpenSSL's objects, and its error queue as text. The queue is one per thread and keeps
// what nobody read, so every use of OpenSSL in this room clears it first (ERR_clear_error()) and
// reads it at once.
//
// Threads: the objects' own rules; SSL_CTX and X509 are counted and may be shared once built.
#ifndef SLUICE_PROXY_TLS_OPENSSL_H_
#define SLUICE_PROXY_TLS_OPENSSL_H_

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace sluice::tls {

template <auto kFree>
struct FreeWith {
  template <typename T>
  void operator()(T* object) const {
    kFree(object);
  }
};

using SslPtr = std::unique_ptr<SSL, FreeWith<SSL_free>>;
using SslCtxPtr = std::unique_ptr<SSL_CTX, FreeWith<SSL_CTX_free>>;
using SessionPtr = std::unique_ptr<SSL_SESSION, FreeWith<SSL_SESSION_free>>;
using X509Ptr = std::unique_ptr<X509, FreeWith<X509_free>>;
using StorePtr = std::unique_ptr<X509_STORE, FreeWith<X509_STORE_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, FreeWith<EVP_PKEY_free>>;
using BioPtr = std::unique_ptr<BIO, FreeWith<BIO_free>>;

enum class Version : uint16_t { kTls12 = TLS1_2_VERSION, kTls13 = TLS1_3_VERSION };

// The reason of the first error in this thread's queue, which is emptied; "unknown error" when
// there is none. The first is the cause; what follows says who passed it on.
std::string TakeError();

// A list of protocols as RFC 7301 writes it: each behind its length in one byte.
// REQUIRES: 1 to 255 bytes each.
std::string AlpnWire(std::span<const std::string> protocols);

// The name to ask a server for. OpenSSL's macro for it is a cast in the old style.
void SetServerName(SSL* ssl, const std::string& name);

}  // namespace sluice::tls

#endif  // SLUICE_PROXY_TLS_OPENSSL_H_
