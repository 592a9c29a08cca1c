#include "proxy/server/tls_setup.h"

#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "proxy/base/check.h"
#include "proxy/base/log.h"

namespace sluice::server {
namespace {

tls::ClientCertificates Demand(std::string_view word) {
  if (word == "required") return tls::ClientCertificates::kRequired;
  return word == "optional" ? tls::ClientCertificates::kOptional : tls::ClientCertificates::kOff;
}

}  // namespace

absl::StatusOr<std::shared_ptr<const tls::ServerContext>> BuildTls(
    const conf::Listener& listener, std::shared_ptr<const tls::TicketKeys> tickets, WallTime now) {
  SLUICE_CHECK(listener.tls.has_value());
  const conf::Tls& conf = *listener.tls;
  tls::ServerSpec spec;
  for (const conf::Certificate& one : conf.certificates) {
    spec.certificates.push_back({.label = one.cert.name,
                                 .key_label = one.key.name,
                                 .chain = one.cert.content,
                                 .key = one.key.content,
                                 .ocsp = one.ocsp.content,
                                 .names = one.names});
  }
  if (conf.unknown_name == "refuse") spec.unknown_name = tls::UnknownName::kRefuse;
  if (conf.min_version == "1.3") spec.min_version = tls::Version::kTls13;
  if (!conf.http2) spec.alpn = {"http/1.1"};
  spec.client_certificates = Demand(conf.client_certificates);
  spec.client_ca = conf.client_ca.content;
  spec.client_ca_label = conf.client_ca.name;
  spec.session_lifetime = std::chrono::duration_cast<std::chrono::seconds>(conf.session_lifetime);
  auto context = tls::ServerContext::Build(spec, std::move(tickets), now);
  if (context.ok()) return context;
  return absl::Status(context.status().code(),
                      absl::StrFormat("listener %s: tls: %s", listener.name,
                                      std::string(context.status().message())));
}

void WarnOfExpiry(const conf::Listener& listener, const tls::ServerContext& context, WallTime now) {
  const tls::Certificate& first = context.earliest_expiry();
  const Duration left = first.not_after - now;
  if (left > kExpiryWarning) return;
  const auto hours = std::chrono::duration_cast<std::chrono::hours>(left).count();
  if (left <= Duration::zero()) {
    log::Error(log::kUnlimited, "listener %s: the certificate %s has expired", listener.name,
               first.label);
  } else {
    log::Warn(log::kUnlimited, "listener %s: the certificate %s expires in %d days and %d hours",
              listener.name, first.label, hours / 24, hours % 24);
  }
}

}  // namespace sluice::server
