#include "proxy/upstream/transport.h"

#include <utility>
#include <vector>

#include "absl/strings/str_format.h"

namespace sluice::upstream {
namespace {

Protocol ProtocolOf(std::string_view word) {
  if (word == "h2") return Protocol::kHttp2;
  return word == "auto" ? Protocol::kAgreed : Protocol::kHttp1;
}

std::vector<std::string> Offer(Protocol protocol) {
  switch (protocol) {
    case Protocol::kHttp1:
      return {"http/1.1"};
    case Protocol::kHttp2:
      return {"h2"};
    case Protocol::kAgreed:
      break;
  }
  return {"h2", "http/1.1"};
}

}  // namespace

bool LooksLikeTls(std::string_view first_bytes) {
  return first_bytes.starts_with("\x15\x03") || first_bytes.starts_with("\x16\x03");
}

absl::StatusOr<std::shared_ptr<const Transport>> Transport::Build(const conf::Pool& pool) {
  auto transport = std::make_shared<Transport>();
  transport->protocol = ProtocolOf(pool.protocol);
  transport->made_of = pool.tls;
  if (!pool.tls) return transport;
  const conf::ServerTls& conf = *pool.tls;
  tls::ClientSpec spec;
  spec.verify = conf.verify;
  spec.authorities = conf.ca.content;
  spec.authorities_label = conf.ca.name;
  if (!conf.cert.name.empty()) {
    spec.certificate = {.label = conf.cert.name,
                        .key_label = conf.key.name,
                        .chain = conf.cert.content,
                        .key = conf.key.content,
                        .ocsp = {},
                        .names = {}};
  }
  spec.alpn = Offer(transport->protocol);
  if (conf.min_version == "1.3") spec.min_version = tls::Version::kTls13;
  auto context = tls::ClientContext::Build(spec);
  if (!context.ok()) {
    return absl::Status(
        context.status().code(),
        absl::StrFormat("pool %s: tls: %s", pool.name, std::string(context.status().message())));
  }
  transport->tls = *std::move(context);
  return transport;
}

bool Transport::Fits(const conf::Pool& pool) const {
  return protocol == ProtocolOf(pool.protocol) && made_of == pool.tls;
}

std::string_view Transport::ServerName(std::string_view server) const {
  std::string_view host = made_of ? made_of->server_name : std::string_view();
  if (host.empty()) {
    if (server.starts_with("unix:")) return {};
    host = server.substr(0, server.rfind(':'));
  }
  if (host.starts_with('[')) return host.substr(1, host.size() - 2);
  if (host.ends_with('.')) host.remove_suffix(1);  // RFC 6066 section 3
  return host;
}

}  // namespace sluice::upstream
