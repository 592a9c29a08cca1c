// Certificates made on the spot, so that no test depends on a file that expires. Valid from a day
// before the test to a day after it unless said otherwise.
//
// Cost: ECDSA keys are made in 0.1 ms; RSA ones take 50 ms and more, so one is made and used again.
#ifndef SLUICE_TESTS_SUPPORT_TEST_CERTIFICATES_H_
#define SLUICE_TESTS_SUPPORT_TEST_CERTIFICATES_H_

#include <chrono>
#include <string>
#include <vector>

#include "proxy/tls/certificate.h"

namespace sluice::test {

struct Made {
  tls::X509Ptr certificate;
  tls::KeyPtr key;
  std::string certificate_pem;
  std::string key_pem;
};

struct Wanted {
  std::string subject = "test";         // common name
  std::vector<std::string> names = {};  // subject alternative names; "IP:127.0.0.1" for an address
  bool rsa = false;
  bool authority = false;
  const Made* issuer = nullptr;                         // null: signed by itself
  std::chrono::seconds from = -std::chrono::hours(24);  // from now
  std::chrono::seconds until = std::chrono::hours(24);
};

Made MakeCertificate(const Wanted& wanted);

// As a listener is given it.
tls::CertificatePem PemOf(const Made& made, std::string label = "shop.crt");

// The DER of an OCSP response that calls `made` good `until` then, from now; `authority` is its
// issuer.
std::string MakeOcsp(const Made& made, const Made& authority, std::chrono::seconds until);

}  // namespace sluice::test

#endif  // SLUICE_TESTS_SUPPORT_TEST_CERTIFICATES_H_
