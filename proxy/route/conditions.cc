#include "proxy/route/conditions.h"

#include <algorithm>
#include <string>

#include "proxy/base/text.h"

namespace sluice::route {
namespace {

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = LowerChar(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// Compares while decoding (application/x-www-form-urlencoded), so that nothing is copied. An
// incomplete escape stands for itself.
bool DecodedEquals(std::string_view encoded, std::string_view plain) {
  size_t at = 0;
  for (size_t i = 0; i < encoded.size(); ++i, ++at) {
    char c = encoded[i] == '+' ? ' ' : encoded[i];
    if (c == '%' && i + 2 < encoded.size()) {
      const int high = HexDigit(encoded[i + 1]);
      const int low = HexDigit(encoded[i + 2]);
      if (high >= 0 && low >= 0) {
        c = static_cast<char>(high * 16 + low);
        i += 2;
      }
    }
    if (at == plain.size() || plain[at] != c) return false;
  }
  return at == plain.size();
}

bool HeaderHolds(const http::Fields& fields, const conf::FieldMatch& wanted) {
  return std::any_of(fields.begin(), fields.end(), [&](const http::Field& field) {
    return EqualsIgnoreCase(field.name, wanted.name) &&
           (wanted.present_only || field.value == wanted.value);
  });
}

bool CookieHolds(const http::Fields& fields, const conf::FieldMatch& wanted) {
  return std::any_of(fields.begin(), fields.end(), [&](const http::Field& field) {
    return field.id == http::FieldId::kCookie && CookieHas(field.value, wanted);
  });
}

}  // namespace

bool QueryHas(std::string_view query, const conf::FieldMatch& wanted) {
  while (!query.empty()) {
    const size_t amp = query.find('&');
    const std::string_view pair = query.substr(0, amp);
    query = amp == std::string_view::npos ? std::string_view() : query.substr(amp + 1);
    const size_t equals = pair.find('=');
    if (!DecodedEquals(pair.substr(0, equals), wanted.name)) continue;
    const std::string_view value =
        equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1);
    if (wanted.present_only || DecodedEquals(value, wanted.value)) return true;
  }
  return false;
}

bool CookieHas(std::string_view cookies, const conf::FieldMatch& wanted) {
  while (!cookies.empty()) {
    const std::string_view pair = CutNext(cookies, ';');
    const size_t equals = pair.find('=');
    if (equals == std::string_view::npos || pair.substr(0, equals) != wanted.name) continue;
    std::string_view value = pair.substr(equals + 1);
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
      value = value.substr(1, value.size() - 2);
    }
    if (wanted.present_only || value == wanted.value) return true;
  }
  return false;
}

int CountConditions(const conf::Match& match) {
  return (match.method.empty() ? 0 : 1) +
         static_cast<int>(match.header.size() + match.cookie.size() + match.query.size());
}

bool ConditionsHold(const conf::Match& match, const http::RequestHead& head) {
  if (!match.method.empty() &&
      std::find(match.method.begin(), match.method.end(), head.method_text) == match.method.end()) {
    return false;
  }
  return std::all_of(match.header.begin(), match.header.end(),
                     [&](const auto& wanted) { return HeaderHolds(head.fields, wanted); }) &&
         std::all_of(match.cookie.begin(), match.cookie.end(),
                     [&](const auto& wanted) { return CookieHolds(head.fields, wanted); }) &&
         std::all_of(match.query.begin(), match.query.end(),
                     [&](const auto& wanted) { return QueryHas(head.query, wanted); });
}

}  // namespace sluice::route
