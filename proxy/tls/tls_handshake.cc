// TlsStream until it is open: who begins, who is told, and what went wrong.
#include <openssl/err.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "proxy/base/check.h"
#include "proxy/tls/certificate.h"
#include "proxy/tls/client_context.h"
#include "proxy/tls/client_hello.h"
#include "proxy/tls/handshake_state.h"
#include "proxy/tls/server_context.h"
#include "proxy/tls/tls_stream.h"

namespace sluice::tls {
namespace {

// "GET /", "OPTIO": a method's letters, up to a space or the end of what was seen.
bool LooksLikeHttp(std::string_view first) {
  const std::string_view method = first.substr(0, first.find(' '));
  return method.size() >= 3 &&
         std::all_of(method.begin(), method.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

HandshakeError ErrorOf(int reason, bool refuses_names) {
  switch (reason) {
    case SSL_R_HTTP_REQUEST:
    case SSL_R_HTTPS_PROXY_REQUEST:
      return HandshakeError::kPlainHttp;
    case SSL_R_CERTIFICATE_VERIFY_FAILED:
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
      return HandshakeError::kCertificate;
    case SSL_R_CALLBACK_FAILED:
      return refuses_names ? HandshakeError::kUnknownName : HandshakeError::kProtocol;
    case SSL_R_NO_SHARED_CIPHER:
    case SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS:
    case SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM:
    case SSL_R_NO_SUITABLE_KEY_SHARE:
    case SSL_R_NO_SUITABLE_GROUPS:
    case SSL_R_NO_APPLICATION_PROTOCOL:
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_VERSION_TOO_LOW:
      return HandshakeError::kNothingInCommon;
    default:
      return reason > SSL_AD_REASON_OFFSET ? HandshakeError::kPeerRefused
                                           : HandshakeError::kProtocol;
  }
}

}  // namespace

void TlsStream::Handshake::OnMessage(int sent, int, int type, const void* bytes, size_t size, SSL*,
                                     void* handshake) {
  auto& self = *static_cast<Handshake*>(handshake);
  if (sent != 0 || type != SSL3_RT_HANDSHAKE || !self.ja4.empty()) return;
  const std::optional<ClientHello> hello =
      ParseClientHello({static_cast<const char*>(bytes), size});
  if (!hello.has_value()) return;
  self.ja4 = Ja4(*hello);
  self.server_name = hello->server_name;
}

std::unique_ptr<TlsStream> TlsStream::Accept(net::Loop& loop, std::unique_ptr<net::Stream> lower,
                                             std::shared_ptr<const ServerContext> context,
                                             HandshakeEvents* events, std::string_view came) {
  SslPtr ssl = context->NewSsl();
  const bool refuses_names = context->refuses_unknown_names();
  std::unique_ptr<TlsStream> stream(
      new TlsStream(loop, std::move(lower), std::move(ssl), std::move(context), events));
  Handshake* const handshake = stream->handshake_.get();
  handshake->server = true;
  handshake->refuses_names = refuses_names;
  SSL_set_msg_callback(stream->ssl_.get(), Handshake::OnMessage);
  SSL_set_msg_callback_arg(stream->ssl_.get(), handshake);
  if (!came.empty()) {
    stream->held_.Append(came);
    loop.Defer(*stream);
  }
  return stream;
}

std::unique_ptr<TlsStream> TlsStream::Connect(net::Loop& loop, std::unique_ptr<net::Stream> lower,
                                              std::shared_ptr<const ClientContext> context,
                                              std::string_view server_name,
                                              std::string_view session_key,
                                              HandshakeEvents* events) {
  SslPtr ssl = context->NewSsl(server_name, session_key);
  std::unique_ptr<TlsStream> stream(
      new TlsStream(loop, std::move(lower), std::move(ssl), std::move(context), events));
  stream->handshake_->server_name = server_name;
  loop.Defer(*stream);
  return stream;
}

// True: it is over, and well.
bool TlsStream::Shake() {
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_.get());
  if (result == 1) {
    TellDone();
    return !dead_;
  }
  const int error = SSL_get_error(ssl_.get(), result);
  if (error != SSL_ERROR_WANT_READ) TellFailed(error);
  return false;
}

void TlsStream::TellDone() {
  SSL* const ssl = ssl_.get();
  SSL_set_msg_callback(ssl, nullptr);
  const std::unique_ptr<Handshake> handshake = std::move(handshake_);
  HandshakeInfo info;
  info.version = SSL_get_version(ssl);
  info.cipher = SSL_get_cipher_name(ssl);
  const unsigned char* alpn = nullptr;
  unsigned alpn_size = 0;
  SSL_get0_alpn_selected(ssl, &alpn, &alpn_size);
  info.alpn = {reinterpret_cast<const char*>(alpn), alpn_size};
  info.server_name = handshake->server_name;
  info.ja4 = handshake->ja4;
  info.resumed = SSL_session_reused(ssl) == 1;
  if (const X509* const peer = SSL_get0_peer_certificate(ssl); peer != nullptr) {
    const long verdict = SSL_get_verify_result(ssl);
    if (verdict == X509_V_OK && SSL_get_verify_mode(ssl) != SSL_VERIFY_NONE) {
      info.peer_verified = true;
      info.peer_subject = SubjectOf(peer);
    } else if (verdict != X509_V_OK) {
      info.peer_rejected = X509_verify_cert_error_string(verdict);
    }
  }
  ERR_clear_error();
  SyncPauses();
  loop_.Defer(*this);  // for what was written or asked for meanwhile
  handshake->events->OnHandshakeDone(info);
}

void TlsStream::TellFailed(int ssl_error) {
  HandshakeFailure failure;
  const int reason = ERR_GET_REASON(ERR_peek_error());
  const std::string_view first = handshake_->sniffed();
  failure.reason = ssl_error == SSL_ERROR_SSL ? TakeError() : "the TLS library failed";
  failure.error = ErrorOf(reason, handshake_->refuses_names);
  const bool tls = first.empty() || first[0] == SSL3_RT_HANDSHAKE || first[0] == SSL3_RT_ALERT;
  if (!tls) {
    const bool http = handshake_->server ? LooksLikeHttp(first) : first == "HTTP/";
    failure.error = http ? HandshakeError::kPlainHttp : HandshakeError::kNotTls;
  }
  if (failure.error == HandshakeError::kPlainHttp) failure.reason = "HTTP without TLS";
  if (failure.error == HandshakeError::kUnknownName) {
    failure.reason = absl::StrFormat("no certificate for \"%s\"", handshake_->server_name);
  }
  if (reason == SSL_R_CERTIFICATE_VERIFY_FAILED) {
    failure.reason = X509_verify_cert_error_string(SSL_get_verify_result(ssl_.get()));
  }
  TellFailed(failure);
}

void TlsStream::TellFailed(const HandshakeFailure& failure) {
  const std::unique_ptr<Handshake> handshake = std::move(handshake_);
  SSL_set_msg_callback(ssl_.get(), nullptr);
  dead_ = broken_ = true;
  plain_.Clear();
  held_.Clear();
  HandshakeFailure told = failure;
  told.server_name = handshake->server_name;
  told.ja4 = handshake->ja4;
  handshake->events->OnHandshakeFailed(told);
}

std::unique_ptr<net::Stream> TlsStream::TakeLower() {
  SLUICE_CHECK(dead_);
  if (lower_ != nullptr) lower_->SetEvents(nullptr);
  return std::move(lower_);
}

}  // namespace sluice::tls
