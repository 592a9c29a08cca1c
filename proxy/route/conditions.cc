#include "proxy/route/conditions.h"

#include <algorithm>
#include <string>

#include "proxy/base/text.h"
#include "proxy/http/cookie.h"

namespace sluice::route {
namespace {

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = LowerChar(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// The next character of application/x-www-form-urlencoded text, which is cut off. An incomplete
// escape stands for itself. REQUIRES: !encoded.empty().
char CutDecoded(std::string_view& encoded) {
  const char c = encoded.front();
  if (c == '%' && encoded.size() > 2) {
    const int high = HexDigit(encoded[1]);
    const int low = HexDigit(encoded[2]);
    if (high >= 0 && low >= 0) {
      encoded.remove_prefix(3);
      return static_cast<char>(high * 16 + low);
    }
  }
  encoded.remove_prefix(1);
  return c == '+' ? ' ' : c;
}

// Compares while decoding, so that nothing is copied.
bool DecodedEquals(std::string_view encoded, std::string_view plain) {
  while (!encoded.empty()) {
    const char c = CutDecoded(encoded);
    if (plain.empty() || plain.front() != c) return false;
    plain.remove_prefix(1);
  }
  return plain.empty();
}

// The value of the next parameter of that name, as it came; `rest` becomes what is behind it.
std::optional<std::string_view> NextParameter(std::string_view& rest, std::string_view name) {
  while (!rest.empty()) {
    const size_t amp = rest.find('&');
    const std::string_view pair = rest.substr(0, amp);
    rest = amp == std::string_view::npos ? std::string_view() : rest.substr(amp + 1);
    const size_t equals = pair.find('=');
    if (!DecodedEquals(pair.substr(0, equals), name)) continue;
    return equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1);
  }
  return std::nullopt;
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
  while (const auto value = NextParameter(query, wanted.name)) {
    if (wanted.present_only || DecodedEquals(*value, wanted.value)) return true;
  }
  return false;
}

std::optional<std::string_view> FindParameter(std::string_view query, std::string_view name) {
  return NextParameter(query, name);
}

std::optional<std::string_view> FindParameter(std::string_view query, std::string_view name,
                                              Arena& arena) {
  std::optional<std::string_view> value = FindParameter(query, name);
  if (!value || value->find_first_of("+%") == value->npos) return value;
  char* const decoded = arena.AllocateArray<char>(value->size());
  size_t size = 0;
  for (std::string_view rest = *value; !rest.empty();) decoded[size++] = CutDecoded(rest);
  return std::string_view(decoded, size);
}

bool CookieHas(std::string_view cookies, const conf::FieldMatch& wanted) {
  while (const auto value = http::NextCookie(cookies, wanted.name)) {
    if (wanted.present_only || *value == wanted.value) return true;
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
