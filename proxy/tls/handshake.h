// What a handshake came to: told once for each TlsStream, by one of two calls. Types only.
//
// Views are good during the call. Threads: the stream's loop.
#ifndef SLUICE_PROXY_TLS_HANDSHAKE_H_
#define SLUICE_PROXY_TLS_HANDSHAKE_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::tls {

struct HandshakeInfo {
  std::string_view version;      // "TLSv1.3"
  std::string_view cipher;       // "TLS_AES_128_GCM_SHA256"
  std::string_view alpn;         // "h2"; empty: none was agreed on
  std::string_view server_name;  // that the client asked for, as sent; empty: none
  std::string_view ja4;          // of the client, on the server's side; empty on the client's
  bool resumed = false;
  // The peer's certificate: whether it was verified and then its subject, which may be empty (the
  // name can be in an extension); and why it was not. Nothing of it where it showed none.
  bool peer_verified = false;
  std::string peer_subject;
  std::string_view peer_rejected;
};

enum class HandshakeError : uint8_t {
  kLeft,             // the connection ended first
  kPlainHttp,        // HTTP without TLS: a client can be answered in plain text
  kNotTls,           // some other protocol
  kUnknownName,      // no certificate for the name asked for, and the listener is strict
  kNothingInCommon,  // no version, cipher, group, signature or protocol that both speak
  kCertificate,      // the peer's was missing or didn't verify
  kPeerRefused,      // the peer sent an alert
  kProtocol,         // anything else that TLS doesn't allow
};

struct HandshakeFailure {
  HandshakeError error = HandshakeError::kProtocol;
  std::string reason;    // for logs: "certificate has expired", "tlsv1 alert unknown ca"
  int stream_error = 0;  // of net/error.h, for kLeft; 0: FIN
  std::string_view server_name;
  std::string_view ja4;
};

class HandshakeEvents {
 public:
  virtual ~HandshakeEvents() = default;
  // What the peer sent behind its handshake is delivered after this returns, to the StreamEvents
  // set by then.
  virtual void OnHandshakeDone(const HandshakeInfo& info) = 0;
  // The stream is dead and tells nothing more; an alert waits to be sent below it, or nothing was
  // written at all (kPlainHttp, kNotTls). TlsStream::TakeLower() gives the connection back.
  virtual void OnHandshakeFailed(const HandshakeFailure& failure) = 0;
};

}  // namespace sluice::tls

#endif  // SLUICE_PROXY_TLS_HANDSHAKE_H_
