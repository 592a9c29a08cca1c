#include "proxy/observe/escape.h"

#include <array>

#include "proxy/base/text.h"

namespace sluice::observe {
namespace {

constexpr std::string_view kMark = "...";  // where a field was cut
constexpr char kHex[] = "0123456789abcdef";

// Bytes that stand for themselves in both formats.
constexpr std::array<bool, 256> kPlain = [] {
  std::array<bool, 256> plain{};
  for (int c = 0x20; c < 0x7f; ++c) plain[static_cast<size_t>(c)] = c != '"' && c != '\\';
  return plain;
}();

// Writes the escape of the first character of `text` into `buffer`; sets how many bytes it covers.
std::string_view EscapeOne(std::string_view text, Escape escape, char (&buffer)[6],
                           size_t& covers) {
  const auto c = static_cast<uint8_t>(text.front());
  covers = 1;
  if (escape == Escape::kText) {
    buffer[0] = '\\';
    buffer[1] = 'x';
    buffer[2] = kHex[c >> 4];
    buffer[3] = kHex[c & 15];
    return {buffer, 4};
  }
  if (c == '"' || c == '\\') {
    buffer[0] = '\\';
    buffer[1] = static_cast<char>(c);
    return {buffer, 2};
  }
  uint8_t control = c;
  if (c >= 0x80) {
    covers = Utf8Length(text);
    if (covers == 0) {
      covers = 1;
      return "\\ufffd";
    }
    // U+0080 to U+009F are controls too: U+009B begins a command to a terminal.
    const bool is_control = c == 0xc2 && static_cast<uint8_t>(text[1]) < 0xa0;
    if (!is_control) return text.substr(0, covers);
    control = static_cast<uint8_t>(text[1]);
  }
  buffer[0] = '\\';
  buffer[1] = 'u';
  buffer[2] = '0';
  buffer[3] = '0';
  buffer[4] = kHex[control >> 4];
  buffer[5] = kHex[control & 15];
  return {buffer, 6};
}

// How far `text` stands for itself: most fields to their end.
size_t PlainLength(std::string_view text) {
  size_t plain = 0;
  while (plain < text.size() && kPlain[static_cast<uint8_t>(text[plain])]) ++plain;
  return plain;
}

}  // namespace

void AppendEscaped(std::string_view text, Escape escape, size_t cap, std::string& out) {
  size_t room = cap;
  while (!text.empty()) {
    char buffer[6];
    const size_t plain = PlainLength(text.substr(0, room + 1));  // no farther than it matters
    size_t covers = plain;
    const std::string_view part =
        plain > 0 ? text.substr(0, plain) : EscapeOne(text, escape, buffer, covers);
    const size_t mark = covers == text.size() ? 0 : kMark.size();
    if (part.size() + mark > room) {
      // Room for the mark was kept all along; an escape is written whole or not at all.
      if (plain > 0) out.append(text.substr(0, room - kMark.size()));
      out.append(kMark);
      return;
    }
    out.append(part);
    room -= part.size();
    text.remove_prefix(covers);
  }
}

}  // namespace sluice::observe
