// TlsStream::Handshake: what a TlsStream keeps only until its handshake is over, so that an open
// one doesn't pay for it. For the sources of TlsStream alone.
//
// Threads: the stream's loop. Owned by the stream.
#ifndef SLUICE_PROXY_TLS_HANDSHAKE_STATE_H_
#define SLUICE_PROXY_TLS_HANDSHAKE_STATE_H_

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "proxy/tls/tls_stream.h"

namespace sluice::tls {

struct TlsStream::Handshake {
  // Enough to know TLS from HTTP, and what OpenSSL reads before it refuses.
  static constexpr size_t kSniffed = 5;

  explicit Handshake(HandshakeEvents* told) : events(told) {}

  HandshakeEvents* const events;
  bool server = false;
  bool refuses_names = false;
  std::array<char, kSniffed> first{};
  size_t first_size = 0;
  std::string server_name;
  std::string ja4;

  std::string_view sniffed() const { return {first.data(), first_size}; }

  // OpenSSL's, for each message of the handshake.
  static void OnMessage(int sent, int, int type, const void* bytes, size_t size, SSL*,
                        void* handshake);
};

}  // namespace sluice::tls

#endif  // SLUICE_PROXY_TLS_HANDSHAKE_STATE_H_
