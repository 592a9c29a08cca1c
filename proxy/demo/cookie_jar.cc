#include "proxy/demo/cookie_jar.h"

#include <algorithm>

#include "proxy/base/text.h"

namespace sluice::demo {

namespace {

bool Over(std::string_view attributes) {
  while (!attributes.empty()) {
    std::string_view value = CutNext(attributes, ';');
    const std::string_view name = CutNext(value, '=');
    if (EqualsIgnoreCase(name, "max-age"))
      return value.starts_with('-') || ParseDecimal(value) == 0;
    if (EqualsIgnoreCase(name, "expires") && value.find("1970") != std::string_view::npos) {
      return true;
    }
  }
  return false;
}

}  // namespace

void CookieJar::Take(std::string_view set_cookie) {
  std::string_view value = CutNext(set_cookie, ';');
  const std::string_view name = CutNext(value, '=');
  if (name.empty()) return;
  const auto known =
      std::ranges::find_if(cookies_, [name](const auto& cookie) { return cookie.first == name; });
  if (Over(set_cookie)) {
    if (known != cookies_.end()) cookies_.erase(known);
  } else if (known != cookies_.end()) {
    known->second = TrimSpace(value);
  } else if (cookies_.size() < kMostCookies) {
    cookies_.emplace_back(name, TrimSpace(value));
  }
}

std::string CookieJar::Field() const {
  std::string text;
  for (const auto& [name, value] : cookies_) {
    if (!text.empty()) text += "; ";
    text += name;
    text += '=';
    text += value;
  }
  return text;
}

}  // namespace sluice::demo
