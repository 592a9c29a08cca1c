#include "proxy/base/text.h"

#include <charconv>

namespace sluice {

std::string LowerCase(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = LowerChar(c);
  return lower;
}

std::optional<uint64_t> ParseDecimal(std::string_view text) {
  uint64_t number = 0;
  const char* const end = text.data() + text.size();
  if (const auto got = std::from_chars(text.data(), end, number);
      text.empty() || got.ec != std::errc() || got.ptr != end) {
    return std::nullopt;
  }
  return number;
}

}  // namespace sluice
