#include "tests/support/flow/tls_wire.h"

#include <openssl/err.h>

#include <array>
#include <utility>

#include "proxy/base/check.h"

namespace sluice::test {

TlsIdentity::TlsIdentity(const Made& made, std::vector<std::string> alpn, const Made* clients)
    : context_(SSL_CTX_new(TLS_server_method())), alpn_(tls::AlpnWire(alpn)) {
  SSL_CTX* const context = context_.get();
  SLUICE_CHECK(SSL_CTX_use_certificate(context, made.certificate.get()) == 1);
  SLUICE_CHECK(SSL_CTX_use_PrivateKey(context, made.key.get()) == 1);
  const std::string_view id = "test";
  SSL_CTX_set_session_id_context(context, reinterpret_cast<const unsigned char*>(id.data()),
                                 static_cast<unsigned>(id.size()));
  if (!alpn_.empty()) SSL_CTX_set_alpn_select_cb(context, ChooseProtocol, this);
  if (clients == nullptr) return;
  X509_STORE_add_cert(SSL_CTX_get_cert_store(context), clients->certificate.get());
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
}

int TlsIdentity::ChooseProtocol(SSL*, const unsigned char** out, unsigned char* size,
                                const unsigned char* in, unsigned in_size, void* identity) {
  const std::string& alpn = static_cast<const TlsIdentity*>(identity)->alpn_;
  unsigned char* chosen = nullptr;
  const int result =
      SSL_select_next_proto(&chosen, size, reinterpret_cast<const unsigned char*>(alpn.data()),
                            static_cast<unsigned>(alpn.size()), in, in_size);
  *out = chosen;
  return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

TlsWire::TlsWire(Wire& wire, const TlsIdentity& identity)
    : wire_(wire), ssl_(SSL_new(identity.context_.get())) {
  SSL_set_accept_state(ssl_.get());
  SSL_set_bio(ssl_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
}

bool TlsWire::Flush() {
  char* start = nullptr;
  const long size = BIO_get_mem_data(SSL_get_wbio(ssl_.get()), &start);
  const std::string out(start, static_cast<size_t>(size));
  BIO_reset(SSL_get_wbio(ssl_.get()));
  return out.empty() || wire_.Send(out);
}

bool TlsWire::Fill() {
  const std::string bytes = wire_.ReadSome();
  if (bytes.empty()) return false;
  BIO_write(SSL_get_rbio(ssl_.get()), bytes.data(), static_cast<int>(bytes.size()));
  return true;
}

bool TlsWire::Accept() {
  for (;;) {
    ERR_clear_error();
    const int result = SSL_do_handshake(ssl_.get());
    const int error = SSL_get_error(ssl_.get(), result);
    if (!Flush() || (result != 1 && error != SSL_ERROR_WANT_READ)) return false;
    if (result == 1) return true;
    if (!Fill()) return false;
  }
}

bool TlsWire::Send(std::string_view text) {
  ERR_clear_error();
  const int size = static_cast<int>(text.size());
  return (size == 0 || SSL_write(ssl_.get(), text.data(), size) == size) && Flush();
}

std::string TlsWire::ReadUntil(std::string_view mark) {
  std::array<char, 16 * 1024> block;
  for (;;) {
    const size_t at = text_.find(mark);
    if (at != std::string::npos) {
      std::string part = text_.substr(0, at + mark.size());
      text_.erase(0, part.size());
      return part;
    }
    ERR_clear_error();
    const int count = SSL_read(ssl_.get(), block.data(), static_cast<int>(block.size()));
    if (count > 0) {
      text_.append(block.data(), static_cast<size_t>(count));
    } else if (SSL_get_error(ssl_.get(), count) != SSL_ERROR_WANT_READ || !Fill()) {
      return std::exchange(text_, "");
    }
  }
}

void TlsWire::CloseNotify() {
  SSL_shutdown(ssl_.get());
  Flush();
}

bool TlsWire::ClosedByPeer() {
  ReadUntil("nothing that comes");
  return (SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) != 0;
}

std::string TlsWire::server_name() const {
  const char* const name = SSL_get_servername(ssl_.get(), TLSEXT_NAMETYPE_host_name);
  return name == nullptr ? "" : name;
}

std::string TlsWire::client() const {
  const X509* const certificate = SSL_get0_peer_certificate(ssl_.get());
  return certificate == nullptr ? "" : tls::SubjectOf(certificate);
}

}  // namespace sluice::test
