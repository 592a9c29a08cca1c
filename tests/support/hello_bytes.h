// HelloBytes: writes the bytes of a ClientHello from lists of numbers, so that tests can state what
// a browser sends and spoil it. Extensions that have a body of ours get it; every other is empty.
#ifndef SLUICE_TESTS_SUPPORT_HELLO_BYTES_H_
#define SLUICE_TESTS_SUPPORT_HELLO_BYTES_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::test {

struct HelloBytes {
  uint16_t legacy_version = 0x0303;
  std::vector<uint16_t> ciphers;
  std::vector<uint16_t> extensions;
  std::vector<uint16_t> versions = {0x5a5a, 0x0304, 0x0303};
  std::vector<uint16_t> signature_algorithms;
  std::vector<std::string> alpn = {"h2", "http/1.1"};
  std::string server_name = "shop.example";
  size_t padding_bytes = 0;  // in extension 0x0015
  bool odd_ciphers = false;  // the list of ciphers has half a number too many

  // The handshake message, without record headers.
  std::string Message() const {
    std::string body = Number(legacy_version, 2) + std::string(32, 'r');
    body += Vector(std::string(32, 's'), 1);
    body += Vector(List(ciphers) + (odd_ciphers ? "x" : ""), 2);
    body += Vector(std::string(1, '\0'), 1);
    std::string all;
    for (const uint16_t type : extensions) all += Number(type, 2) + Vector(Body(type), 2);
    // Lengths wrap where a test asks for more than fits; the message is then refused for its size.
    body += Vector(all, 2);
    return '\x01' + Vector(body, 3);
  }

 private:
  static std::string Number(size_t value, size_t width) {
    std::string bytes;
    for (size_t i = width; i-- > 0;) bytes += static_cast<char>(value >> (8 * i) & 0xff);
    return bytes;
  }
  static std::string Vector(std::string_view bytes, size_t width) {
    return Number(bytes.size(), width) + std::string(bytes);
  }
  static std::string List(const std::vector<uint16_t>& values) {
    std::string bytes;
    for (const uint16_t value : values) bytes += Number(value, 2);
    return bytes;
  }
  std::string Body(uint16_t type) const {
    switch (type) {
      case 0x0000:
        return Vector('\0' + Vector(server_name, 2), 2);
      case 0x000d:
        return Vector(List(signature_algorithms), 2);
      case 0x0010: {
        std::string all;
        for (const std::string& protocol : alpn) all += Vector(protocol, 1);
        return Vector(all, 2);
      }
      case 0x0015:
        return std::string(padding_bytes, '\0');
      case 0x002b:
        return Vector(List(versions), 1);
      default:
        return "";
    }
  }
};

}  // namespace sluice::test

#endif  // SLUICE_TESTS_SUPPORT_HELLO_BYTES_H_
