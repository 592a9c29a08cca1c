#include "proxy/tls/openssl.h"

#include <openssl/err.h>

#include "proxy/base/check.h"

namespace sluice::tls {

std::string TakeError() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  const char* const reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return reason == nullptr ? "unknown error" : reason;
}

std::string AlpnWire(std::span<const std::string> protocols) {
  std::string wire;
  for (const std::string& protocol : protocols) {
    SLUICE_CHECK(!protocol.empty() && protocol.size() <= 255);
    wire += static_cast<char>(protocol.size());
    wire += protocol;
  }
  return wire;
}

void SetServerName(SSL* ssl, const std::string& name) {
  SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
           const_cast<char*>(name.c_str()));
}

}  // namespace sluice::tls
