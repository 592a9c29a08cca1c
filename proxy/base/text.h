// Small things about text that std and abseil leave out: ASCII case without a locale, trimming by
// the rules of HTTP (RFC 9110 section 5.6.3), and a hash map keyed by text that can be asked with a
// std::string_view under either build of abseil.
#ifndef SLUICE_PROXY_BASE_TEXT_H_
#define SLUICE_PROXY_BASE_TEXT_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"

namespace sluice {

constexpr char LowerChar(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

constexpr bool EqualsIgnoreCase(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (LowerChar(a[i]) != LowerChar(b[i])) return false;
  }
  return true;
}

// Without leading and trailing spaces and tabs.
constexpr std::string_view TrimSpace(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Cuts the part before the next `separator` off `rest` and returns it trimmed; `rest` becomes what
// follows. At the end `rest` is empty: loop `while (!rest.empty())`.
constexpr std::string_view CutNext(std::string_view& rest, char separator) {
  const size_t at = rest.find(separator);
  const std::string_view head = rest.substr(0, at);
  rest = at == std::string_view::npos ? std::string_view() : rest.substr(at + 1);
  return TrimSpace(head);
}

std::string LowerCase(std::string_view text);

// The whole of `text` as a decimal number; nothing for signs, spaces, overflow or the empty text.
std::optional<uint64_t> ParseDecimal(std::string_view text);

// The length of the UTF-8 sequence of several bytes at the front of `text` (RFC 3629), 0 when there
// is none: ASCII has none.
size_t Utf8Length(std::string_view text);
bool IsUtf8(std::string_view text);

struct TextHash {
  using is_transparent = void;
  size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
};

template <typename V>
using TextMap = absl::flat_hash_map<std::string, V, TextHash, std::equal_to<>>;

}  // namespace sluice

#endif  // SLUICE_PROXY_BASE_TEXT_H_
