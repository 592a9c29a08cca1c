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

std::string Left(WallTime until, WallTime now) {
  const auto hours = std::chrono::duration_cast<std::chrono::hours>(until - now).count();
  return absl::StrFormat("%d days and %d hours", hours / 24, hours % 24);
}

std::vector<Concern> ConcernsOf(std::string_view whose,
                                const std::vector<tls::Certificate>& certificates, WallTime now) {
  std::vector<Concern> concerns;
  const auto note = [&](bool harms_now, const std::string& what) {
    concerns.push_back({harms_now, absl::StrFormat("%s: tls: %s", whose, what)});
  };
  for (const tls::Certificate& certificate : certificates) {
    if (const absl::Status dates = tls::CheckDates(certificate, now); !dates.ok()) {
      note(true, std::string(dates.message()));
    } else if (certificate.not_after - now <= kCertificateWarning) {
      note(false, absl::StrFormat("%s: expires in %s", certificate.label,
                                  Left(certificate.not_after, now)));
    }
    if (now >= certificate.ocsp_until) {
      note(true, absl::StrFormat("%s: its OCSP response has expired and is not sent any more",
                                 certificate.label));
    } else if (certificate.ocsp_until - now <= kOcspWarning) {
      note(false, absl::StrFormat("%s: its OCSP response expires in %s", certificate.label,
                                  Left(certificate.ocsp_until, now)));
    }
  }
  return concerns;
}

}  // namespace

absl::StatusOr<std::shared_ptr<const tls::ServerContext>> BuildTls(
    const conf::Listener& listener, std::shared_ptr<const tls::TicketKeys> tickets) {
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
  auto context = tls::ServerContext::Build(spec, std::move(tickets));
  if (context.ok()) return context;
  return absl::Status(context.status().code(),
                      absl::StrFormat("listener %s: tls: %s", listener.name,
                                      std::string(context.status().message())));
}

std::vector<Concern> ConcernsOf(const conf::Listener& listener, const tls::ServerContext& context,
                                WallTime now) {
  return ConcernsOf(absl::StrFormat("listener %s", listener.name), context.certificates(), now);
}

std::vector<Concern> ConcernsOf(const conf::Pool& pool, const upstream::Transport& transport,
                                WallTime now) {
  if (!transport.secure()) return {};
  return ConcernsOf(absl::StrFormat("pool %s", pool.name), transport.tls->certificates(), now);
}

void LogAll(const std::vector<Concern>& concerns) {
  for (const Concern& concern : concerns) {
    if (concern.harms_now) {
      log::Error(log::kUnlimited, "%s", concern.text);
    } else {
      log::Warn(log::kUnlimited, "%s", concern.text);
    }
  }
}

}  // namespace sluice::server
