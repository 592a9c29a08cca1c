// TlsWire: the server's end of TLS over a Wire, by OpenSSL and none of our code, for scripts that
// do what a sound server does not: leave without close_notify, agree on nothing, say nothing.
//
// TlsIdentity is what several connections share: certificate, protocols, whom to ask for a
// certificate, and the keys by which sessions are resumed.
//
// Threads: a TlsWire that of its Wire; a TlsIdentity any.
#ifndef SLUICE_TESTS_SUPPORT_FLOW_TLS_WIRE_H_
#define SLUICE_TESTS_SUPPORT_FLOW_TLS_WIRE_H_

#include <string>
#include <string_view>
#include <vector>

#include "proxy/tls/openssl.h"
#include "tests/support/flow/origin.h"
#include "tests/support/test_certificates.h"

namespace sluice::test {

class TlsIdentity {
 public:
  // `alpn`: what is agreed to, in this order; empty: the extension is ignored. `clients`: whose
  // certificates are demanded; null: none are.
  explicit TlsIdentity(const Made& made, std::vector<std::string> alpn = {},
                       const Made* clients = nullptr);
  TlsIdentity(const TlsIdentity&) = delete;
  TlsIdentity& operator=(const TlsIdentity&) = delete;

 private:
  friend class TlsWire;
  static int ChooseProtocol(SSL* ssl, const unsigned char** out, unsigned char* size,
                            const unsigned char* in, unsigned in_size, void* identity);

  tls::SslCtxPtr context_;
  const std::string alpn_;  // on the wire
};

class TlsWire {
 public:
  TlsWire(Wire& wire, const TlsIdentity& identity);

  // False when the handshake failed.
  bool Accept();
  bool Send(std::string_view text);
  // Up to and with `mark`; what came so far at the end.
  std::string ReadUntil(std::string_view mark);
  // Ends our direction with close_notify; without it the end of the script is a cut.
  void CloseNotify();
  // The other side has sent close_notify.
  bool ClosedByPeer();

  std::string server_name() const;
  bool resumed() const { return SSL_session_reused(ssl_.get()) == 1; }
  // The subject of the client's certificate; empty without.
  std::string client() const;

 private:
  bool Flush();
  bool Fill();

  Wire& wire_;
  tls::SslPtr ssl_;
  std::string text_;
};

}  // namespace sluice::test

#endif  // SLUICE_TESTS_SUPPORT_FLOW_TLS_WIRE_H_
