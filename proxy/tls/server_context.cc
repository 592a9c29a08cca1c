#include "proxy/tls/server_context.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <utility>

#include "absl/strings/str_format.h"
#include "proxy/base/check.h"
#include "proxy/crypto/digest.h"
#include "proxy/crypto/random.h"

namespace sluice::tls {
namespace {

// Indexes of certificates, at most one of each type of key.
using Set = std::vector<size_t>;

std::string_view ParentOf(std::string_view name) {
  const size_t dot = name.find('.');
  return dot == std::string_view::npos ? std::string_view() : name.substr(dot + 1);
}

bool IsWildcard(std::string_view name) { return name.starts_with("*.") && name.size() > 2; }

bool UseKey(const TicketKey& key, EVP_MAC_CTX* mac) {
  OSSL_PARAM params[] = {
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, const_cast<uint8_t*>(key.mac.data()),
                                        key.mac.size()),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, const_cast<char*>("SHA256"), 0),
      OSSL_PARAM_construct_end()};
  return EVP_MAC_CTX_set_params(mac, params) == 1;
}

}  // namespace

struct ServerContext::Callbacks {
  static const ServerContext& Of(void* context) { return *static_cast<ServerContext*>(context); }

  static int OnServerName(SSL* ssl, int* alert, void* context) {
    const ServerContext& self = Of(context);
    const char* const name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    SSL_CTX* const chosen = name == nullptr ? nullptr : self.ContextFor(name);
    if (chosen != nullptr) {
      SSL_set_SSL_CTX(ssl, chosen);
      return SSL_TLSEXT_ERR_OK;
    }
    if (!self.refuse_unknown_) return SSL_TLSEXT_ERR_OK;
    *alert = SSL_AD_UNRECOGNIZED_NAME;
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }

  static int OnAlpn(SSL*, const unsigned char** chosen, unsigned char* chosen_size,
                    const unsigned char* offered, unsigned offered_size, void* context) {
    const std::string& ours = Of(context).alpn_;
    unsigned char* found = nullptr;
    const int result = SSL_select_next_proto(
        &found, chosen_size, reinterpret_cast<const unsigned char*>(ours.data()),
        static_cast<unsigned>(ours.size()), offered, offered_size);
    if (result != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_ALERT_FATAL;
    *chosen = found;
    return SSL_TLSEXT_ERR_OK;
  }

  // Looked up once: by EVP_aes_256_cbc() it would be again for each ticket.
  static const EVP_CIPHER* TicketCipher() {
    static const EVP_CIPHER* const cipher = EVP_CIPHER_fetch(nullptr, "AES-256-CBC", nullptr);
    return cipher;
  }

  static int OnTicket(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                      EVP_MAC_CTX* mac, int seal) {
    const ServerContext& self = Of(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
    const std::shared_ptr<const TicketKeys::Ring> ring = self.tickets_->Snapshot();
    if (seal != 0) {
      const TicketKey& key = ring->front();
      std::memcpy(name, key.name.data(), key.name.size());
      crypto::FillRandom({iv, 16});
      const bool ready =
          EVP_EncryptInit_ex(cipher, TicketCipher(), nullptr, key.cipher.data(), iv) == 1 &&
          UseKey(key, mac);
      return ready ? 1 : -1;
    }
    const auto key = std::find_if(ring->begin(), ring->end(), [name](const TicketKey& candidate) {
      return std::memcmp(candidate.name.data(), name, candidate.name.size()) == 0;
    });
    if (key == ring->end()) return 0;  // a full handshake, and a new ticket
    const bool ready =
        EVP_DecryptInit_ex(cipher, TicketCipher(), nullptr, key->cipher.data(), iv) == 1 &&
        UseKey(*key, mac);
    if (!ready) return -1;
    return key == ring->begin() ? 1 : 2;  // 2: good, and to be replaced
  }

  static int OnStatus(SSL* ssl, void* context) {
    const X509* const leaf = SSL_get_certificate(ssl);
    for (const Certificate& certificate : Of(context).certificates_) {
      if (certificate.leaf.get() != leaf || certificate.ocsp.empty()) continue;
      if (std::chrono::system_clock::now() >= certificate.ocsp_until) break;
      const std::string& ocsp = certificate.ocsp;
      auto* const copy = static_cast<unsigned char*>(OPENSSL_memdup(ocsp.data(), ocsp.size()));
      if (copy == nullptr) return SSL_TLSEXT_ERR_NOACK;
      SSL_set_tlsext_status_ocsp_resp(ssl, copy, static_cast<long>(ocsp.size()));
      return SSL_TLSEXT_ERR_OK;
    }
    return SSL_TLSEXT_ERR_NOACK;
  }

  // The verdict stays readable with SSL_get_verify_result().
  static int LetEverybodyIn(int, X509_STORE_CTX*) { return 1; }
};

// Which certificates answer for which names.
struct ServerContext::Contexts {
  explicit Contexts(const std::vector<Certificate>& all) : certificates(all) {
    for (size_t i = 0; i < all.size(); ++i) {
      for (const std::string& name : all[i].names) {
        Add(i, IsWildcard(name) ? wildcard[name.substr(2)] : exact[name]);
      }
    }
    // An ECDSA certificate for a name and an RSA one for all of its siblings: both answer.
    for (auto& [name, set] : exact) {
      const auto sibling = wildcard.find(std::string(ParentOf(name)));
      if (sibling == wildcard.end()) continue;
      for (const size_t i : sibling->second) Add(i, set);
    }
  }

  void Add(size_t index, Set& set) const {
    const bool known = std::any_of(set.begin(), set.end(), [&](size_t other) {
      return certificates[other].key_type() == certificates[index].key_type();
    });
    if (!known) set.push_back(index);
  }

  // The first certificate, and what answers beside it for its first name.
  Set Default() const {
    Set set = {0};
    if (certificates[0].names.empty()) return set;
    const std::string& name = certificates[0].names[0];
    const auto& map = IsWildcard(name) ? wildcard : exact;
    for (const size_t i : map.at(IsWildcard(name) ? name.substr(2) : name)) Add(i, set);
    return set;
  }

  const std::vector<Certificate>& certificates;
  std::map<std::string, Set> exact;
  std::map<std::string, Set> wildcard;
};

ServerContext::~ServerContext() = default;

absl::StatusOr<std::shared_ptr<const ServerContext>> ServerContext::Build(
    const ServerSpec& spec, std::shared_ptr<const TicketKeys> tickets) {
  std::shared_ptr<ServerContext> context(new ServerContext);
  context->tickets_ = std::move(tickets);
  context->alpn_ = AlpnWire(spec.alpn);
  context->refuse_unknown_ = spec.unknown_name == UnknownName::kRefuse;
  if (absl::Status status = context->Load(spec); !status.ok()) return status;
  if (absl::Status status = context->AddNames(spec); !status.ok()) return status;
  return context;
}

absl::Status ServerContext::Load(const ServerSpec& spec) {
  if (spec.certificates.empty()) return absl::InvalidArgumentError("TLS without a certificate");
  for (const CertificatePem& pem : spec.certificates) {
    absl::StatusOr<Certificate> loaded = LoadCertificate(pem);
    if (!loaded.ok()) return loaded.status();
    if (loaded->names.empty() && !certificates_.empty()) {
      return absl::InvalidArgumentError(
          absl::StrFormat("%s: issued for no host name, so no client would get it", pem.label));
    }
    certificates_.push_back(*std::move(loaded));
  }
  if (spec.client_certificates != ClientCertificates::kOff) {
    absl::StatusOr<std::vector<X509Ptr>> loaded =
        LoadAuthorities(spec.client_ca_label, spec.client_ca);
    if (!loaded.ok()) return loaded.status();
    authorities_ = *std::move(loaded);
  }
  const crypto::Sha256Digest digest = crypto::Sha256(
      absl::StrFormat("%d %d %s", static_cast<int>(spec.client_certificates), spec.client_depth,
                      authorities_.empty() ? std::string() : spec.client_ca));
  session_id_.assign(reinterpret_cast<const char*>(digest.data()), digest.size());
  return absl::OkStatus();
}

absl::StatusOr<SslCtxPtr> ServerContext::NewContext(const ServerSpec& spec) const {
  ERR_clear_error();
  SslCtxPtr context(SSL_CTX_new(TLS_server_method()));
  SLUICE_CHECK(context != nullptr);
  SSL_CTX* const ctx = context.get();
  auto* const self = const_cast<ServerContext*>(this);
  SSL_CTX_set_app_data(ctx, self);

  SSL_CTX_set_min_proto_version(ctx, static_cast<int>(spec.min_version));
  // Our order, because with the client's own many would choose RSA where ECDSA costs us a tenth;
  // but a client that wants ChaCha20 first has no AES in hardware and knows best.
  SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                               SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                            SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_NO_AUTO_CHAIN);
  if (SSL_CTX_set_cipher_list(ctx, spec.ciphers.c_str()) != 1) {
    return absl::InvalidArgumentError(
        absl::StrFormat("TLS 1.2 ciphers \"%s\": %s", spec.ciphers, TakeError()));
  }
  if (SSL_CTX_set_ciphersuites(ctx, spec.cipher_suites.c_str()) != 1) {
    return absl::InvalidArgumentError(
        absl::StrFormat("TLS 1.3 ciphers \"%s\": %s", spec.cipher_suites, TakeError()));
  }
  if (SSL_CTX_set1_groups_list(ctx, spec.groups.c_str()) != 1) {
    return absl::InvalidArgumentError(
        absl::StrFormat("TLS groups \"%s\": %s", spec.groups, TakeError()));
  }

  SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_SERVER);
  // 0 would mean without bound.
  SSL_CTX_sess_set_cache_size(ctx, static_cast<long>(std::max<size_t>(spec.session_cache, 1)));
  if (spec.session_cache == 0) SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_timeout(ctx, static_cast<long>(spec.session_lifetime.count()));
  SSL_CTX_set_session_id_context(ctx, reinterpret_cast<const unsigned char*>(session_id_.data()),
                                 static_cast<unsigned>(session_id_.size()));
  if (tickets_ != nullptr) {
    SSL_CTX_set_tlsext_ticket_key_evp_cb(ctx, Callbacks::OnTicket);
  } else {
    SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
  }

  // By hand, since OpenSSL's macros are casts in the old style.
  SSL_CTX_callback_ctrl(ctx, SSL_CTRL_SET_TLSEXT_SERVERNAME_CB,
                        reinterpret_cast<void (*)()>(Callbacks::OnServerName));
  SSL_CTX_set_tlsext_servername_arg(ctx, self);
  if (!alpn_.empty()) SSL_CTX_set_alpn_select_cb(ctx, Callbacks::OnAlpn, self);
  SSL_CTX_callback_ctrl(ctx, SSL_CTRL_SET_TLSEXT_STATUS_REQ_CB,
                        reinterpret_cast<void (*)()>(Callbacks::OnStatus));
  SSL_CTX_set_tlsext_status_arg(ctx, self);

  if (spec.client_certificates == ClientCertificates::kRequired) {
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  } else if (spec.client_certificates == ClientCertificates::kOptional) {
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, Callbacks::LetEverybodyIn);
  }
  if (!authorities_.empty()) {
    SSL_CTX_set_verify_depth(ctx, spec.client_depth);
    SSL_CTX_set1_verify_cert_store(ctx, StoreOf(authorities_).get());
    for (const X509Ptr& authority : authorities_) SSL_CTX_add_client_CA(ctx, authority.get());
  }
  return context;
}

absl::Status ServerContext::AddNames(const ServerSpec& spec) {
  const Contexts wanted(certificates_);
  std::map<Set, SSL_CTX*> made;
  const auto context_of = [&](Set set) -> absl::StatusOr<SSL_CTX*> {
    std::sort(set.begin(), set.end());
    SSL_CTX*& known = made[set];
    if (known != nullptr) return known;
    absl::StatusOr<SslCtxPtr> context = NewContext(spec);
    if (!context.ok()) return context.status();
    for (const size_t i : set) {
      const Certificate& certificate = certificates_[i];
      STACK_OF(X509)* const chain = sk_X509_new_null();
      for (const X509Ptr& next : certificate.chain) sk_X509_push(chain, next.get());
      const int used = SSL_CTX_use_cert_and_key(context->get(), certificate.leaf.get(),
                                                certificate.key.get(), chain, /*override=*/1);
      sk_X509_free(chain);
      if (used != 1) {
        return absl::InvalidArgumentError(
            absl::StrFormat("%s: %s", certificate.label, TakeError()));
      }
    }
    known = context->get();
    contexts_.push_back(*std::move(context));
    return known;
  };

  if (absl::StatusOr<SSL_CTX*> first = context_of(wanted.Default()); !first.ok()) {
    return first.status();
  }
  for (const auto& [name, set] : wanted.exact) {
    absl::StatusOr<SSL_CTX*> context = context_of(set);
    if (!context.ok()) return context.status();
    by_name_[name] = *context;
  }
  for (const auto& [parent, set] : wanted.wildcard) {
    absl::StatusOr<SSL_CTX*> context = context_of(set);
    if (!context.ok()) return context.status();
    by_parent_[parent] = *context;
  }
  return absl::OkStatus();
}

SSL_CTX* ServerContext::ContextFor(std::string_view name) const {
  std::string lower = LowerCase(name);
  if (lower.ends_with('.')) lower.pop_back();
  if (const auto it = by_name_.find(std::string_view(lower)); it != by_name_.end()) {
    return it->second;
  }
  const auto it = by_parent_.find(ParentOf(lower));
  return it == by_parent_.end() ? nullptr : it->second;
}

SslPtr ServerContext::NewSsl() const {
  SslPtr ssl(SSL_new(contexts_.front().get()));
  SLUICE_CHECK(ssl != nullptr);
  SSL_set_accept_state(ssl.get());
  return ssl;
}

const Certificate& ServerContext::earliest_expiry() const {
  return *std::min_element(
      certificates_.begin(), certificates_.end(),
      [](const Certificate& a, const Certificate& b) { return a.not_after < b.not_after; });
}

}  // namespace sluice::tls
