#include "proxy/tls/client_context.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "absl/strings/str_format.h"
#include "proxy/base/check.h"

namespace sluice::tls {
namespace {

// Where a connection keeps the key of its session.
int KeyIndex() {
  static const int index = SSL_get_ex_new_index(
      0, nullptr, nullptr, nullptr, [](void*, void* key, CRYPTO_EX_DATA*, int, long, void*) {
        delete static_cast<std::string*>(key);
      });
  return index;
}

std::string ToDer(SSL_SESSION* session) {
  const int size = i2d_SSL_SESSION(session, nullptr);
  if (size <= 0) return {};
  std::string der(static_cast<size_t>(size), '\0');
  auto* to = reinterpret_cast<unsigned char*>(der.data());
  i2d_SSL_SESSION(session, &to);
  return der;
}

SessionPtr FromDer(std::string_view der) {
  const auto* from = reinterpret_cast<const unsigned char*>(der.data());
  return SessionPtr(d2i_SSL_SESSION(nullptr, &from, static_cast<long>(der.size())));
}

bool IsAddress(const std::string& name) {
  ASN1_OCTET_STRING* const bytes = a2i_IPADDRESS(name.c_str());
  ASN1_OCTET_STRING_free(bytes);
  return bytes != nullptr;
}

}  // namespace

struct ClientContext::Callbacks {
  static int OnSession(SSL* ssl, SSL_SESSION* session) {
    const auto* const context =
        static_cast<const ClientContext*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
    const auto* const key = static_cast<const std::string*>(SSL_get_ex_data(ssl, KeyIndex()));
    // Not SSL_SESSION_is_resumable(): OpenSSL strikes a session of TLS 1.3 once it was resumed, and
    // the mark is copied to the new one that the server sends.
    unsigned id_size = 0;
    SSL_SESSION_get_id(session, &id_size);
    if (key == nullptr || (id_size == 0 && SSL_SESSION_has_ticket(session) != 1)) return 0;
    if (std::string der = ToDer(session); !der.empty()) {
      context->sessions_.Keep(*key, std::move(der));
    }
    return 0;  // not kept by reference
  }
};

void ClientContext::Sessions::Keep(std::string_view key, std::string der) {
  MutexLock lock(mutex_);
  if (const auto known = by_key_.find(key); known != by_key_.end()) {
    entries_.erase(known->second);
    by_key_.erase(known);
  }
  entries_.emplace_front(key, std::move(der));
  by_key_[entries_.front().first] = entries_.begin();
  if (entries_.size() <= most_) return;
  by_key_.erase(entries_.back().first);
  entries_.pop_back();
}

std::string ClientContext::Sessions::Find(std::string_view key) {
  MutexLock lock(mutex_);
  const auto known = by_key_.find(key);
  if (known == by_key_.end()) return {};
  entries_.splice(entries_.begin(), entries_, known->second);
  return known->second->second;
}

size_t ClientContext::Sessions::size() {
  MutexLock lock(mutex_);
  return entries_.size();
}

ClientContext::ClientContext(size_t session_cache) : sessions_(session_cache) {}
ClientContext::~ClientContext() = default;

absl::StatusOr<std::shared_ptr<const ClientContext>> ClientContext::Build(const ClientSpec& spec) {
  std::shared_ptr<ClientContext> context(new ClientContext(spec.session_cache));
  if (absl::Status status = context->Load(spec); !status.ok()) return status;
  return context;
}

absl::Status ClientContext::Load(const ClientSpec& spec) {
  ERR_clear_error();
  context_.reset(SSL_CTX_new(TLS_client_method()));
  SSL_CTX* const ctx = context_.get();
  SLUICE_CHECK(ctx != nullptr);
  SSL_CTX_set_app_data(ctx, this);
  SSL_CTX_set_min_proto_version(ctx, static_cast<int>(spec.min_version));
  SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                            SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_NO_AUTO_CHAIN);

  verify_ = spec.verify;
  SSL_CTX_set_verify(ctx, verify_ ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  if (verify_ && spec.authorities_label.empty()) {
    if (SSL_CTX_set_default_verify_paths(ctx) != 1) {
      return absl::InvalidArgumentError(
          absl::StrFormat("the system's certificate authorities: %s", TakeError()));
    }
  } else if (verify_) {
    absl::StatusOr<std::vector<X509Ptr>> authorities =
        LoadAuthorities(spec.authorities_label, spec.authorities);
    if (!authorities.ok()) return authorities.status();
    SSL_CTX_set1_verify_cert_store(ctx, StoreOf(*authorities).get());
  }

  if (spec.certificate.has_value()) {
    absl::StatusOr<Certificate> ours = LoadCertificate(*spec.certificate);
    if (!ours.ok()) return ours.status();
    STACK_OF(X509)* const chain = sk_X509_new_null();
    for (const X509Ptr& next : ours->chain) sk_X509_push(chain, next.get());
    const int used =
        SSL_CTX_use_cert_and_key(ctx, ours->leaf.get(), ours->key.get(), chain, /*override=*/1);
    sk_X509_free(chain);
    if (used != 1) {
      return absl::InvalidArgumentError(absl::StrFormat("%s: %s", ours->label, TakeError()));
    }
    certificates_.push_back(*std::move(ours));
  }
  if (!spec.alpn.empty()) {
    const std::string wire = AlpnWire(spec.alpn);
    SSL_CTX_set_alpn_protos(ctx, reinterpret_cast<const unsigned char*>(wire.data()),
                            static_cast<unsigned>(wire.size()));
  }
  if (spec.session_cache > 0) {
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(ctx, Callbacks::OnSession);
  }
  return absl::OkStatus();
}

SslPtr ClientContext::NewSsl(std::string_view server_name, std::string_view session_key) const {
  ERR_clear_error();
  SslPtr ssl(SSL_new(context_.get()));
  SLUICE_CHECK(ssl != nullptr);
  SSL_set_connect_state(ssl.get());
  const std::string name(server_name);
  if (!name.empty() && IsAddress(name)) {
    // RFC 6066: an address is no server name.
    if (verify_) X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl.get()), name.c_str());
  } else if (!name.empty()) {
    SetServerName(ssl.get(), name);
    SSL_set_hostflags(ssl.get(), X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (verify_) SLUICE_CHECK(SSL_set1_host(ssl.get(), name.c_str()) == 1);
  }
  SSL_set_ex_data(ssl.get(), KeyIndex(), new std::string(session_key));
  if (const std::string der = sessions_.Find(session_key); !der.empty()) {
    if (const SessionPtr session = FromDer(der); session != nullptr) {
      SSL_set_session(ssl.get(), session.get());
    }
  }
  ERR_clear_error();
  return ssl;
}

size_t ClientContext::sessions() const { return sessions_.size(); }

}  // namespace sluice::tls
