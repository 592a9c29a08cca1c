// PROXY headers of version 2 made by hand, and a CRC32C that shares no code with the proxy's.
// Threads: any.
#ifndef SLUICE_TESTS_SUPPORT_PROXY_HEADER_BYTES_H_
#define SLUICE_TESTS_SUPPORT_PROXY_HEADER_BYTES_H_

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::test {

inline std::string Number16(size_t number) {
  return {static_cast<char>(number >> 8), static_cast<char>(number & 0xff)};
}

// `command`: the 13th byte, version and command; `family`: the 14th.
inline std::string Version2(uint8_t command, uint8_t family, std::string_view block) {
  std::string header("\r\n\r\n\0\r\nQUIT\n", 12);
  header += static_cast<char>(command);
  header += static_cast<char>(family);
  return header + Number16(block.size()) + std::string(block);
}

// From 192.0.2.1:4660 to 198.51.100.2:443.
inline std::string Inet() {
  return std::string("\xc0\x00\x02\x01\xc6\x33\x64\x02\x12\x34\x01\xbb", 12);
}

// From [2001:db8::1]:4660 to [::2]:443.
inline std::string Inet6() {
  return std::string("\x20\x01\x0d\xb8", 4) + std::string(11, '\0') + '\x01' +
         std::string(15, '\0') + '\x02' + "\x12\x34\x01\xbb";
}

inline std::string Tlv(uint8_t type, std::string_view value) {
  return static_cast<char>(type) + Number16(value.size()) + std::string(value);
}

inline uint32_t Crc32c(std::string_view bytes) {
  std::array<uint32_t, 16> table{};  // by the low half of a byte
  for (uint32_t i = 0; i < table.size(); ++i) {
    uint32_t value = i;
    for (int bit = 0; bit < 4; ++bit) value = (value >> 1) ^ ((value & 1) * 0x82f63b78u);
    table[i] = value;
  }
  uint32_t crc = 0xffffffffu;
  for (const char c : bytes) {
    crc = table[(crc ^ static_cast<uint8_t>(c)) & 15] ^ (crc >> 4);
    crc = table[(crc ^ (static_cast<uint8_t>(c) >> 4)) & 15] ^ (crc >> 4);
  }
  return ~crc;
}

// With the checksum between `before` and `behind`.
inline std::string WithChecksum(std::string_view before, std::string_view behind = "") {
  std::string header = Version2(
      0x21, 0x11, std::string(before) + Tlv(0x03, std::string(4, '\0')) + std::string(behind));
  const uint32_t crc = Crc32c(header);
  return header.replace(header.size() - behind.size() - 4, 4,
                        Number16(crc >> 16) + Number16(crc & 0xffff));
}

}  // namespace sluice::test

#endif  // SLUICE_TESTS_SUPPORT_PROXY_HEADER_BYTES_H_
