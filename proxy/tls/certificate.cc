#include "proxy/tls/certificate.h"

#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <ctime>
#include <utility>

#include "absl/strings/str_format.h"
#include "proxy/base/check.h"
#include "proxy/base/text.h"

namespace sluice::tls {
namespace {

using NamesPtr = std::unique_ptr<GENERAL_NAMES, FreeWith<GENERAL_NAMES_free>>;
using OcspPtr = std::unique_ptr<OCSP_RESPONSE, FreeWith<OCSP_RESPONSE_free>>;
using BasicOcspPtr = std::unique_ptr<OCSP_BASICRESP, FreeWith<OCSP_BASICRESP_free>>;

BioPtr ReaderOf(std::string_view text) {
  BioPtr bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  SLUICE_CHECK(bio != nullptr);
  return bio;
}

template <typename... Args>
absl::Status Wrong(const absl::FormatSpec<Args...>& format, const Args&... args) {
  return absl::InvalidArgumentError(absl::StrFormat(format, args...));
}

// Without it OpenSSL asks the terminal.
int NoPassphrase(char*, int, int, void*) { return -1; }

absl::StatusOr<std::vector<X509Ptr>> ReadCertificates(std::string_view label,
                                                      std::string_view pem) {
  ERR_clear_error();
  const BioPtr reader = ReaderOf(pem);
  std::vector<X509Ptr> all;
  while (X509* const next = PEM_read_bio_X509(reader.get(), nullptr, NoPassphrase, nullptr)) {
    all.emplace_back(next);
  }
  // The end of the text is told as an error too.
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  if (!at_end) return Wrong("%s: certificate %d: %s", label, all.size() + 1, TakeError());
  ERR_clear_error();
  if (all.empty()) return Wrong("%s: no certificate in PEM", label);
  return all;
}

absl::StatusOr<KeyPtr> ReadKey(std::string_view label, std::string_view pem) {
  ERR_clear_error();
  KeyPtr key(PEM_read_bio_PrivateKey(ReaderOf(pem).get(), nullptr, NoPassphrase, nullptr));
  if (key != nullptr) return key;
  if (pem.find("ENCRYPTED") != std::string_view::npos) {
    return Wrong("%s: the key is encrypted; store it without a passphrase", label);
  }
  if (ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE ||
      pem.find("PRIVATE KEY-----") == std::string_view::npos) {
    return Wrong("%s: no private key in PEM", label);
  }
  return Wrong("%s: private key: %s", label, TakeError());
}

std::tm BrokenDown(const ASN1_TIME* time) {
  std::tm parts{};
  ASN1_TIME_to_tm(time, &parts);
  return parts;
}

// "Never" is written as the year 9999 (RFC 5280 section 4.1.2.5), which nanoseconds do not reach.
WallTime ToWallTime(const ASN1_TIME* time) {
  std::tm parts = BrokenDown(time);
  const std::chrono::seconds seconds(::timegm(&parts));
  constexpr auto kLast = std::chrono::floor<std::chrono::seconds>(WallTime::max());
  constexpr auto kFirst = std::chrono::ceil<std::chrono::seconds>(WallTime::min());
  return std::clamp(std::chrono::sys_seconds(seconds), kFirst, kLast);
}

std::string ToText(const ASN1_TIME* time) {
  const std::tm parts = BrokenDown(time);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &parts)};
}

std::string_view ViewOf(const ASN1_STRING* text) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<size_t>(ASN1_STRING_length(text))};
}

// RFC 9525: the subject's common name counts only where no name is given otherwise.
std::vector<std::string> NamesOf(const X509* leaf) {
  std::vector<std::string> names;
  const NamesPtr alternatives(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(leaf, NID_subject_alt_name, nullptr, nullptr)));
  if (alternatives != nullptr) {
    for (int i = 0; i < sk_GENERAL_NAME_num(alternatives.get()); ++i) {
      const GENERAL_NAME* const name = sk_GENERAL_NAME_value(alternatives.get(), i);
      if (name->type == GEN_DNS) names.push_back(LowerCase(ViewOf(name->d.dNSName)));
    }
    return names;
  }
  const X509_NAME* const subject = X509_get_subject_name(leaf);
  const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (at >= 0) {
    names.push_back(LowerCase(ViewOf(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)))));
  }
  return names;
}

// Of a response, which may tell of several certificates, the first moment that one is too old.
absl::StatusOr<WallTime> ReadOcsp(std::string_view label, std::string_view der) {
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  const OcspPtr response(d2i_OCSP_RESPONSE(nullptr, &at, static_cast<long>(der.size())));
  ERR_clear_error();
  if (response == nullptr) return Wrong("%s: its OCSP response is not one in DER", label);
  const int status = OCSP_response_status(response.get());
  if (status != OCSP_RESPONSE_STATUS_SUCCESSFUL) {
    return Wrong("%s: its OCSP response says %s", label, OCSP_response_status_str(status));
  }
  const BasicOcspPtr basic(OCSP_response_get1_basic(response.get()));
  ERR_clear_error();
  if (basic == nullptr) return Wrong("%s: its OCSP response is of no type known", label);
  WallTime until = WallTime::max();
  for (int i = 0; i < OCSP_resp_count(basic.get()); ++i) {
    ASN1_GENERALIZEDTIME* next = nullptr;
    OCSP_single_get0_status(OCSP_resp_get0(basic.get(), i), nullptr, nullptr, nullptr, &next);
    if (next != nullptr) until = std::min(until, ToWallTime(next));
  }
  return until;
}

}  // namespace

absl::Status CheckDates(const Certificate& certificate, WallTime now) {
  if (now > certificate.not_after) {
    return absl::FailedPreconditionError(
        absl::StrFormat("%s: expired at %s", certificate.label,
                        ToText(X509_get0_notAfter(certificate.leaf.get()))));
  }
  if (now < certificate.not_before) {
    return absl::FailedPreconditionError(
        absl::StrFormat("%s: not valid before %s", certificate.label,
                        ToText(X509_get0_notBefore(certificate.leaf.get()))));
  }
  return absl::OkStatus();
}

absl::StatusOr<Certificate> LoadCertificate(const CertificatePem& pem) {
  absl::StatusOr<std::vector<X509Ptr>> chain = ReadCertificates(pem.label, pem.chain);
  if (!chain.ok()) return chain.status();
  absl::StatusOr<KeyPtr> key = ReadKey(pem.key_label, pem.key);
  if (!key.ok()) return key.status();

  Certificate loaded;
  loaded.label = pem.label;
  loaded.leaf = std::move(chain->front());
  chain->erase(chain->begin());
  loaded.chain = *std::move(chain);
  loaded.key = *std::move(key);
  ERR_clear_error();
  if (X509_check_private_key(loaded.leaf.get(), loaded.key.get()) != 1) {
    ERR_clear_error();
    return Wrong("%s: the key in %s belongs to another certificate", pem.label, pem.key_label);
  }
  loaded.not_before = ToWallTime(X509_get0_notBefore(loaded.leaf.get()));
  loaded.not_after = ToWallTime(X509_get0_notAfter(loaded.leaf.get()));
  if (!pem.ocsp.empty()) {
    const absl::StatusOr<WallTime> until = ReadOcsp(pem.label, pem.ocsp);
    if (!until.ok()) return until.status();
    loaded.ocsp = pem.ocsp;
    loaded.ocsp_until = *until;
  }
  for (const std::string& name : pem.names) loaded.names.push_back(LowerCase(name));
  if (loaded.names.empty()) loaded.names = NamesOf(loaded.leaf.get());
  return loaded;
}

absl::StatusOr<std::vector<X509Ptr>> LoadAuthorities(std::string_view label, std::string_view pem) {
  return ReadCertificates(label, pem);
}

StorePtr StoreOf(const std::vector<X509Ptr>& authorities) {
  StorePtr store(X509_STORE_new());
  SLUICE_CHECK(store != nullptr);
  for (const X509Ptr& authority : authorities) X509_STORE_add_cert(store.get(), authority.get());
  return store;
}

std::string SubjectOf(const X509* certificate) {
  const BioPtr text(BIO_new(BIO_s_mem()));
  SLUICE_CHECK(text != nullptr);
  X509_NAME_print_ex(text.get(), X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253);
  char* start = nullptr;
  const long size = BIO_get_mem_data(text.get(), &start);
  return {start, static_cast<size_t>(size)};
}

}  // namespace sluice::tls
