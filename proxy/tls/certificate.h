// Certificates, keys and authorities out of PEM texts, with errors that name the text and say what
// is wrong with it. No files: whoever calls has read them, and gives a label for messages.
//
// Threads: any while loading; what was loaded is never changed and may be shared.
// Cost: a millisecond or so for each certificate, at start and reload.
#ifndef SLUICE_PROXY_TLS_CERTIFICATE_H_
#define SLUICE_PROXY_TLS_CERTIFICATE_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "proxy/base/time.h"
#include "proxy/tls/openssl.h"

namespace sluice::tls {

struct CertificatePem {
  std::string label;      // of the certificate, for messages: usually a file name
  std::string key_label;  // of the key
  std::string chain;      // PEM: the certificate itself, then those between it and its authority
  std::string key;        // PEM, not encrypted
  std::string ocsp;       // DER of the response to staple; empty: none
  // Host names to answer with it, "*.shop.example" included. Empty: those it was issued for.
  std::vector<std::string> names;
};

struct Certificate {
  std::string label;
  X509Ptr leaf;
  std::vector<X509Ptr> chain;  // without the leaf
  KeyPtr key;
  std::string ocsp;
  std::vector<std::string> names;  // lower case
  WallTime not_before;
  WallTime not_after;
  WallTime ocsp_until = WallTime::max();  // the response may be sent before this

  // EVP_PKEY_RSA, EVP_PKEY_EC...: a name may have one certificate of each.
  int key_type() const { return EVP_PKEY_get_base_id(key.get()); }
};

// InvalidArgument: unreadable, encrypted, key of another certificate, no key of it, no OCSP
// response. Dates are not looked at.
absl::StatusOr<Certificate> LoadCertificate(const CertificatePem& pem);

// FailedPrecondition: expired or not yet valid at `now`.
absl::Status CheckDates(const Certificate& certificate, WallTime now);

// All certificates of `pem`; at least one. InvalidArgument otherwise.
absl::StatusOr<std::vector<X509Ptr>> LoadAuthorities(std::string_view label, std::string_view pem);

// A store that trusts these and nothing else.
StorePtr StoreOf(const std::vector<X509Ptr>& authorities);

// "CN=alice,O=shop" (RFC 2253), with what is not ASCII escaped.
std::string SubjectOf(const X509* certificate);

}  // namespace sluice::tls

#endif  // SLUICE_PROXY_TLS_CERTIFICATE_H_
