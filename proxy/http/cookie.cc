#include "proxy/http/cookie.h"

#include "proxy/base/text.h"

namespace sluice::http {

std::optional<std::string_view> NextCookie(std::string_view& rest, std::string_view name) {
  while (!rest.empty()) {
    const std::string_view pair = CutNext(rest, ';');
    const size_t equals = pair.find('=');
    if (equals == std::string_view::npos || pair.substr(0, equals) != name) continue;
    const std::string_view value = pair.substr(equals + 1);
    const bool quoted = value.size() >= 2 && value.front() == '"' && value.back() == '"';
    return quoted ? value.substr(1, value.size() - 2) : value;
  }
  return std::nullopt;
}

std::optional<std::string_view> FindCookie(const Fields& fields, std::string_view name) {
  for (const Field& field : fields) {
    if (field.id != FieldId::kCookie) continue;
    std::string_view rest = field.value;
    if (const auto value = NextCookie(rest, name)) return value;
  }
  return std::nullopt;
}

bool SetsCookie(const Field& field, std::string_view name) {
  if (!EqualsIgnoreCase(field.name, "set-cookie")) return false;
  std::string_view rest = field.value;
  const std::string_view pair = CutNext(rest, ';');
  return TrimSpace(pair.substr(0, pair.find('='))) == name;
}

}  // namespace sluice::http
