#include "proxy/observe/escape.h"

#include <array>

namespace sluice::observe {
namespace {

constexpr char kHex[] = "0123456789abcdef";

// Bytes that stand for themselves in both formats.
constexpr std::array<bool, 256> kPlain = [] {
  std::array<bool, 256> plain{};
  for (int c = 0x20; c < 0x7f; ++c) plain[static_cast<size_t>(c)] = c != '"' && c != '\\';
  return plain;
}();

// The length of the UTF-8 sequence at the front of `text` (RFC 3629), 0 when there is none.
size_t Utf8Length(std::string_view text) {
  const auto at = [&](size_t i) { return static_cast<uint8_t>(i < text.size() ? text[i] : 0); };
  const auto tail = [&](size_t i) { return (at(i) & 0xc0) == 0x80; };
  const uint8_t lead = at(0);
  if (lead >= 0xc2 && lead <= 0xdf) return tail(1) ? 2 : 0;
  if ((lead & 0xf0) == 0xe0) {
    const bool good =
        tail(1) && tail(2) && !(lead == 0xe0 && at(1) < 0xa0) && !(lead == 0xed && at(1) > 0x9f);
    return good ? 3 : 0;
  }
  if (lead >= 0xf0 && lead <= 0xf4) {
    const bool good = tail(1) && tail(2) && tail(3) && !(lead == 0xf0 && at(1) < 0x90) &&
                      !(lead == 0xf4 && at(1) > 0x8f);
    return good ? 4 : 0;
  }
  return 0;
}

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
  if (const size_t length = c < 0x80 ? 0 : Utf8Length(text); length > 0) {
    covers = length;
    return text.substr(0, length);
  }
  if (c >= 0x80) return "\\ufffd";
  buffer[0] = '\\';
  buffer[1] = 'u';
  buffer[2] = '0';
  buffer[3] = '0';
  buffer[4] = kHex[c >> 4];
  buffer[5] = kHex[c & 15];
  return {buffer, 6};
}

}  // namespace

void AppendEscaped(std::string_view text, Escape escape, size_t cap, std::string& out) {
  const size_t begin = out.size();
  size_t plain = 0;  // how far everything stands for itself: most fields to their end
  while (plain < text.size() && kPlain[static_cast<uint8_t>(text[plain])]) ++plain;
  if (plain == text.size() && plain <= cap) {
    out.append(text);
    return;
  }
  while (!text.empty()) {
    char buffer[6];
    size_t covers = 1;
    const std::string_view one = kPlain[static_cast<uint8_t>(text.front())]
                                     ? text.substr(0, 1)
                                     : EscapeOne(text, escape, buffer, covers);
    // Room for the mark is kept unless this is the end.
    const size_t mark = covers == text.size() ? 0 : 3;
    if (out.size() - begin + one.size() + mark > cap) {
      out += "...";
      return;
    }
    out.append(one);
    text.remove_prefix(covers);
  }
}

}  // namespace sluice::observe
