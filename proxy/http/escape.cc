#include "proxy/http/escape.h"

#include <array>
#include <cstdint>

namespace sluice::http {
namespace {

constexpr std::string_view kHex = "0123456789abcdef";
constexpr std::string_view kUpperHex = "0123456789ABCDEF";

// Each escape maps one byte to a text, or to itself. What stands for one byte; `size` 0: the byte
// itself.
struct Substitute {
  std::array<char, 6> text{};
  uint8_t size = 0;
};

constexpr Substitute Text(std::string_view text) {
  Substitute substitute;
  for (const char c : text) substitute.text[substitute.size++] = c;
  return substitute;
}

constexpr Substitute HtmlFor(char c) {
  switch (c) {
    case '&':
      return Text("&amp;");
    case '<':
      return Text("&lt;");
    case '>':
      return Text("&gt;");
    case '"':
      return Text("&quot;");
    case '\'':
      return Text("&#39;");
    default:
      return {};
  }
}

// Angle brackets too, for browsers that guess at types.
constexpr Substitute JsonFor(char c) {
  if (c == '"') return Text("\\\"");
  if (c == '\\') return Text("\\\\");
  const auto byte = static_cast<uint8_t>(c);
  if (byte >= 0x20 && byte != 0x7f && c != '<' && c != '>' && c != '&') return {};
  Substitute substitute = Text("\\u00");
  substitute.text[4] = kHex[byte >> 4];
  substitute.text[5] = kHex[byte & 15];
  substitute.size = 6;
  return substitute;
}

constexpr Substitute LocationFor(char c) {
  const auto byte = static_cast<uint8_t>(c);
  const bool plain = byte > 0x20 && byte < 0x7f && c != '"' && c != '<' && c != '>' && c != '\\';
  if (plain) return {};
  Substitute substitute = Text("%");
  substitute.text[1] = kUpperHex[byte >> 4];
  substitute.text[2] = kUpperHex[byte & 15];
  substitute.size = 3;
  return substitute;
}

// Of every byte: what stands for it, and how long that is.
template <Substitute (*kFor)(char)>
struct Table {
  constexpr Table() {
    for (size_t byte = 0; byte < 256; ++byte) {
      substitutes[byte] = kFor(static_cast<char>(byte));
      sizes[byte] = substitutes[byte].size == 0 ? 1 : substitutes[byte].size;
    }
  }
  std::array<Substitute, 256> substitutes{};
  std::array<uint8_t, 256> sizes{};
};

template <Substitute (*kFor)(char)>
std::string_view Escape(std::string_view text, Arena& arena) {
  static constexpr Table<kFor> kTable;
  size_t size = 0;
  for (const char c : text) size += kTable.sizes[static_cast<uint8_t>(c)];
  if (size == text.size()) return text;
  char* const escaped = arena.AllocateArray<char>(size);
  char* to = escaped;
  for (const char c : text) {
    const Substitute& substitute = kTable.substitutes[static_cast<uint8_t>(c)];
    if (substitute.size == 0) *to++ = c;
    for (uint8_t i = 0; i < substitute.size; ++i) *to++ = substitute.text[i];
  }
  return {escaped, size};
}

}  // namespace

std::string_view EscapeHtml(std::string_view text, Arena& arena) {
  return Escape<HtmlFor>(text, arena);
}

std::string_view EscapeJson(std::string_view text, Arena& arena) {
  return Escape<JsonFor>(text, arena);
}

std::string_view EscapeLocation(std::string_view text, Arena& arena) {
  return Escape<LocationFor>(text, arena);
}

}  // namespace sluice::http
