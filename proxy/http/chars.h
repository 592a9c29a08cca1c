// Which bytes may stand where in a head. One table of flags, so that a check is one load.
//
// Sources: RFC 9110 sections 5.5 and 5.6.2, RFC 3986 section 2.
#ifndef SLUICE_PROXY_HTTP_CHARS_H_
#define SLUICE_PROXY_HTTP_CHARS_H_

#include <array>
#include <cstdint>
#include <string_view>

namespace sluice::http {

enum CharClass : uint8_t {
  kTokenChar = 1,    // of a method or field name
  kHeadControl = 2,  // must not stand inside a line of a head
  kUnreserved = 4,   // means the same escaped and plain in a path
  kHexDigit = 8,
  kHostChar = 16,  // of a registered name, as DNS and people use it
};

inline constexpr std::array<uint8_t, 256> kCharClasses = [] {
  std::array<uint8_t, 256> table{};
  auto mark = [&table](std::string_view chars, uint8_t classes) {
    for (const char c : chars) table[static_cast<unsigned char>(c)] |= classes;
  };
  mark("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
       kTokenChar | kUnreserved | kHostChar);
  mark("!#$%&'*+-.^_`|~", kTokenChar);
  mark("-._~", kUnreserved);
  mark("-._", kHostChar);
  mark("0123456789abcdefABCDEF", kHexDigit);
  for (int c = 0; c < 0x20; ++c) table[static_cast<size_t>(c)] |= kHeadControl;
  table['\t'] = 0;
  table[0x7f] = kHeadControl;
  return table;
}();

constexpr bool Is(char c, uint8_t classes) {
  return (kCharClasses[static_cast<unsigned char>(c)] & classes) != 0;
}

constexpr bool IsToken(std::string_view text) {
  for (const char c : text) {
    if (!Is(c, kTokenChar)) return false;
  }
  return !text.empty();
}

// REQUIRES: Is(c, kHexDigit).
constexpr uint8_t HexValue(char c) {
  return static_cast<uint8_t>(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
}

}  // namespace sluice::http

#endif  // SLUICE_PROXY_HTTP_CHARS_H_
