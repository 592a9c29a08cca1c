// ClientContext: all that TLS to the servers of one pool needs: whom to trust, what to show, which
// protocols to offer, and the sessions to resume. Built once for a configuration.
//
// The server's certificate must verify and be for the name asked for; not to verify has to be said.
//
// Threads: any; shared by all workers. Sessions are kept as bytes, not as objects of OpenSSL's,
// which writes into a session that several connections resume. Cost: one lock per handshake, and
// some 20 us to read a session back, against 200 us and more that resuming it saves; 2 to 4 KiB
// for each session kept. Errors: Build() says what is wrong with which text.
#ifndef SLUICE_PROXY_TLS_CLIENT_CONTEXT_H_
#define SLUICE_PROXY_TLS_CLIENT_CONTEXT_H_

#include <cstddef>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "proxy/base/mutex.h"
#include "proxy/base/text.h"
#include "proxy/tls/certificate.h"
#include "proxy/tls/openssl.h"

namespace sluice::tls {

struct ClientSpec {
  bool verify = true;
  std::string authorities;                    // PEM
  std::string authorities_label;              // empty: those the system trusts
  std::optional<CertificatePem> certificate;  // ours, for servers that ask for one
  std::vector<std::string> alpn;              // in order of preference; empty: none is offered
  Version min_version = Version::kTls12;
  size_t session_cache = 1'000;  // servers whose last session is kept; 0: none
};

class ClientContext {
 public:
  static absl::StatusOr<std::shared_ptr<const ClientContext>> Build(const ClientSpec& spec);
  ~ClientContext();
  ClientContext(const ClientContext&) = delete;
  ClientContext& operator=(const ClientContext&) = delete;

  // One connection's, in the client's role, with the last session of `session_key` if there is one.
  // `server_name`: a host name, which is sent and must be the certificate's, or an address, which
  // must be the certificate's. Empty: nothing is sent, and any name will do. This context must
  // outlive it.
  SslPtr NewSsl(std::string_view server_name, std::string_view session_key) const;

  size_t sessions() const;
  // Ours, if we have one. Used whatever its dates say; CheckDates() is for who cares.
  const std::vector<Certificate>& certificates() const { return certificates_; }

 private:
  struct Callbacks;  // OpenSSL's side

  // The last session of each key, as DER; beyond the bound the one unused for longest goes.
  class Sessions {
   public:
    explicit Sessions(size_t most) : most_(most) {}
    void Keep(std::string_view key, std::string der);
    std::string Find(std::string_view key);
    size_t size();

   private:
    using Entry = std::pair<std::string, std::string>;
    const size_t most_;
    Mutex mutex_;
    std::list<Entry> entries_ SLUICE_GUARDED_BY(mutex_);  // last used first
    TextMap<std::list<Entry>::iterator> by_key_ SLUICE_GUARDED_BY(mutex_);
  };

  explicit ClientContext(size_t session_cache);
  absl::Status Load(const ClientSpec& spec);

  SslCtxPtr context_;
  std::vector<Certificate> certificates_;
  mutable Sessions sessions_;
  bool verify_ = true;
};

}  // namespace sluice::tls

#endif  // SLUICE_PROXY_TLS_CLIENT_CONTEXT_H_
