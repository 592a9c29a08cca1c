#include "tests/support/test_certificates.h"

#include <openssl/ec.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <array>
#include <bit>
#include <utility>

#include "proxy/base/check.h"
#include "proxy/crypto/random.h"

namespace sluice::test {
namespace {

using tls::BioPtr;
using tls::FreeWith;
using tls::KeyPtr;

KeyPtr NewKey(bool rsa) {
  if (!rsa) return KeyPtr(EVP_EC_gen("P-256"));
  static EVP_PKEY* const shared = EVP_RSA_gen(2048);
  EVP_PKEY_up_ref(shared);
  return KeyPtr(shared);
}

void AddExtension(X509* certificate, int nid, const std::string& value) {
  X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str());
  SLUICE_CHECK(extension != nullptr);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

template <typename Write>
std::string Text(Write write) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  SLUICE_CHECK(write(bio.get()) == 1);
  char* start = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &start);
  return {start, static_cast<size_t>(size)};
}

}  // namespace

Made MakeCertificate(const Wanted& wanted) {
  Made made;
  made.key = NewKey(wanted.rsa);
  made.certificate.reset(X509_new());
  X509* const certificate = made.certificate.get();
  X509_set_version(certificate, X509_VERSION_3);
  std::array<uint8_t, 4> serial;
  crypto::FillRandom(serial);
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), std::bit_cast<uint32_t>(serial) | 1u);
  X509_gmtime_adj(X509_getm_notBefore(certificate), static_cast<long>(wanted.from.count()));
  X509_gmtime_adj(X509_getm_notAfter(certificate), static_cast<long>(wanted.until.count()));
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(wanted.subject.c_str()), -1, -1,
                             0);
  X509_set_issuer_name(certificate, X509_get_subject_name(wanted.issuer == nullptr
                                                              ? certificate
                                                              : wanted.issuer->certificate.get()));
  X509_set_pubkey(certificate, made.key.get());
  AddExtension(certificate, NID_basic_constraints,
               wanted.authority ? "critical,CA:TRUE" : "critical,CA:FALSE");
  std::string names;
  for (const std::string& name : wanted.names) {
    names += (names.empty() ? "" : ",") + (name.starts_with("IP:") ? name : "DNS:" + name);
  }
  if (!names.empty()) AddExtension(certificate, NID_subject_alt_name, names);
  EVP_PKEY* const signer = wanted.issuer == nullptr ? made.key.get() : wanted.issuer->key.get();
  SLUICE_CHECK(X509_sign(certificate, signer, EVP_sha256()) > 0);
  made.certificate_pem = Text([&](BIO* bio) { return PEM_write_bio_X509(bio, certificate); });
  made.key_pem = Text([&](BIO* bio) {
    return PEM_write_bio_PrivateKey(bio, made.key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  });
  return made;
}

tls::CertificatePem PemOf(const Made& made, std::string label) {
  tls::CertificatePem pem;
  pem.key_label = label + ".key";
  pem.label = std::move(label);
  pem.chain = made.certificate_pem;
  pem.key = made.key_pem;
  return pem;
}

std::string MakeOcsp(const Made& made, const Made& authority, std::chrono::seconds until) {
  const std::unique_ptr<OCSP_BASICRESP, FreeWith<OCSP_BASICRESP_free>> basic(OCSP_BASICRESP_new());
  const std::unique_ptr<OCSP_CERTID, FreeWith<OCSP_CERTID_free>> id(
      OCSP_cert_to_id(nullptr, made.certificate.get(), authority.certificate.get()));
  using TimePtr = std::unique_ptr<ASN1_TIME, FreeWith<ASN1_TIME_free>>;
  const auto in = [](std::chrono::seconds time) {
    return TimePtr(X509_gmtime_adj(nullptr, static_cast<long>(time.count())));
  };
  const TimePtr made_at = in(-std::chrono::hours(1));
  const TimePtr next = in(until);
  OCSP_basic_add1_status(basic.get(), id.get(), V_OCSP_CERTSTATUS_GOOD, 0, nullptr, made_at.get(),
                         next.get());
  SLUICE_CHECK(OCSP_basic_sign(basic.get(), authority.certificate.get(), authority.key.get(),
                               EVP_sha256(), nullptr, 0) == 1);
  const std::unique_ptr<OCSP_RESPONSE, FreeWith<OCSP_RESPONSE_free>> response(
      OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic.get()));
  unsigned char* der = nullptr;
  const int size = i2d_OCSP_RESPONSE(response.get(), &der);
  SLUICE_CHECK(size > 0);
  std::string text(reinterpret_cast<const char*>(der), static_cast<size_t>(size));
  OPENSSL_free(der);
  return text;
}

}  // namespace sluice::test
