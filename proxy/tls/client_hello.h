// ClientHello: what a client says of itself in the first message of a TLS handshake, and JA4, the
// fingerprint made of it. Read from the raw message and not from what OpenSSL makes of it, because
// OpenSSL 3.0 drops extensions that it doesn't know, and they are part of the fingerprint.
//
// Pure and bounded: a message is walked once, never beyond its end; one that is cut short, longer
// than kMaxClientHello or inconsistent in its lengths is refused. Threads: any. Cost: some 2 us and
// a few allocations per handshake, which itself takes 100 us and more.
// Sources: RFC 8446 4.1.2, RFC 6066 3, RFC 7301, RFC 8701; JA4 as FoxIO publishes it (BSD licence).
#ifndef SLUICE_PROXY_TLS_CLIENT_HELLO_H_
#define SLUICE_PROXY_TLS_CLIENT_HELLO_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::tls {

// Browsers send 0.5 to 2 KiB, the latter with post-quantum key shares.
inline constexpr size_t kMaxClientHello = 64 * 1024;

// Lists are in the order sent, GREASE and unknown values included. Views point into the message.
struct ClientHello {
  uint16_t legacy_version = 0;
  std::vector<uint16_t> ciphers;
  std::vector<uint16_t> extensions;
  std::vector<uint16_t> versions;  // empty: the extension was not sent
  std::vector<uint16_t> signature_algorithms;
  std::vector<std::string_view> alpn;
  std::string_view server_name;  // as sent, not normalised
  bool has_server_name = false;  // the extension was sent, be it without a name
};

// `message`: the handshake message with its header of 4 bytes, without record headers.
std::optional<ClientHello> ParseClientHello(std::string_view message);

// Values that mean nothing and are sent so that servers learn to ignore what they don't know.
constexpr bool IsGrease(uint16_t value) {
  return (value & 0x0f0f) == 0x0a0a && (value >> 8) == (value & 0xff);
}

// "t13d1516h2_8daaf6152771_e5627efa2ab1": 36 characters, for TLS over TCP.
std::string Ja4(const ClientHello& hello);

}  // namespace sluice::tls

#endif  // SLUICE_PROXY_TLS_CLIENT_HELLO_H_
