// ServerContext: all that TLS on a listener needs: certificates by server name, versions and
// ciphers, protocols (ALPN), tickets and sessions, client certificates. Built once for a
// configuration, never changed afterwards; a reload builds another, and connections keep the one
// they began with.
//
// Sessions: with tickets they go on after a reload and on any worker, for TicketKeys outlives this.
// TLS 1.2 clients without tickets (Java before 13) resume from a cache that does not: a reload
// costs each of them one full handshake, which is less than a cache of our own, shared and bounded,
// would.
//
// Threads: any; one is shared by all workers (OpenSSL locks its session cache itself). Errors:
// Build() says which certificate or key is wrong, and how. Cost: some 10 KiB for each set of names
// that share certificates.
//
// Defaults are Mozilla's "intermediate" (ssl-config.mozilla.org, 5.7), without its three DHE
// ciphers: who speaks no elliptic curves speaks no TLS 1.2 of the last ten years, and DHE costs the
// server most; and in our order, ECDSA before RSA. No renegotiation, no compression, no early data
// (which can be replayed).
#ifndef SLUICE_PROXY_TLS_SERVER_CONTEXT_H_
#define SLUICE_PROXY_TLS_SERVER_CONTEXT_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "proxy/base/text.h"
#include "proxy/base/time.h"
#include "proxy/tls/certificate.h"
#include "proxy/tls/openssl.h"
#include "proxy/tls/ticket_keys.h"

namespace sluice::tls {

enum class UnknownName : uint8_t {
  kDefaultCertificate,  // the first one, for clients that name no server too
  kRefuse,              // alert unrecognized_name, for both
};

// kOptional: who has none, or one that doesn't verify, is served all the same; the application
// learns which. Only a verified subject is ever told.
enum class ClientCertificates : uint8_t { kOff, kOptional, kRequired };

struct ServerSpec {
  std::vector<CertificatePem> certificates;  // at least one; the first is the default
  UnknownName unknown_name = UnknownName::kDefaultCertificate;

  // In the order we prefer. A client that offers others only is refused (no_application_protocol);
  // one that offers none is served without. Empty: the extension is ignored.
  std::vector<std::string> alpn = {"h2", "http/1.1"};

  Version min_version = Version::kTls12;
  std::string ciphers = std::string(kCiphers);             // of TLS 1.2, OpenSSL's notation
  std::string cipher_suites = std::string(kCipherSuites);  // of TLS 1.3
  std::string groups = std::string(kGroups);

  ClientCertificates client_certificates = ClientCertificates::kOff;
  std::string client_ca;  // PEM
  std::string client_ca_label;
  int client_depth = 4;  // certificates between the client's and the authority's

  // How long a session may be resumed, which is also how long the verdict on a client certificate
  // stands. No longer than ticket keys are kept.
  std::chrono::seconds session_lifetime = std::chrono::hours(12);
  // Sessions of TLS 1.2 clients without tickets, at 1 to 3 KiB each; beyond, the oldest goes.
  size_t session_cache = 10'000;

  static constexpr std::string_view kCiphers =
      "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
      "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
      "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
  static constexpr std::string_view kCipherSuites =
      "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
  static constexpr std::string_view kGroups = "X25519:P-256:P-384";
};

class ServerContext {
 public:
  // `tickets` null: no tickets, sessions from the cache only. A certificate that has expired, or is
  // not valid yet, is used all the same: some clients come in, and nobody would without it. Who
  // cares asks CheckDates() of certificates(). An OCSP response is sent until it expires.
  static absl::StatusOr<std::shared_ptr<const ServerContext>> Build(
      const ServerSpec& spec, std::shared_ptr<const TicketKeys> tickets);
  ~ServerContext();
  ServerContext(const ServerContext&) = delete;
  ServerContext& operator=(const ServerContext&) = delete;

  // One connection's, in the server's role. This context must outlive it.
  SslPtr NewSsl() const;

  bool refuses_unknown_names() const { return refuse_unknown_; }
  // The certificate that expires first, for warnings.
  const Certificate& earliest_expiry() const;
  const std::vector<Certificate>& certificates() const { return certificates_; }

 private:
  struct Callbacks;  // OpenSSL's side
  struct Contexts;   // while building

  ServerContext() = default;
  absl::Status Load(const ServerSpec& spec);
  absl::StatusOr<SslCtxPtr> NewContext(const ServerSpec& spec) const;
  absl::Status AddNames(const ServerSpec& spec);
  SSL_CTX* ContextFor(std::string_view name) const;

  std::vector<Certificate> certificates_;
  std::shared_ptr<const TicketKeys> tickets_;
  std::vector<X509Ptr> authorities_;
  std::string alpn_;        // as sent on the wire
  std::string session_id_;  // only sessions of the same demands on clients are resumed
  bool refuse_unknown_ = false;

  // One for each different set of certificates; the first is the default.
  std::vector<SslCtxPtr> contexts_;
  TextMap<SSL_CTX*> by_name_;
  TextMap<SSL_CTX*> by_parent_;  // "shop.example" for "*.shop.example"
};

}  // namespace sluice::tls

#endif  // SLUICE_PROXY_TLS_SERVER_CONTEXT_H_
