#include "proxy/admission/bearer.h"

#include "proxy/base/text.h"
#include "proxy/http/cookie.h"

namespace sluice::admission {

std::string_view TokenPlace::Find(const http::RequestHead& head) const {
  constexpr std::string_view kScheme = "bearer ";
  if (const http::Field* const field = head.fields.Find(header); field != nullptr) {
    const std::string_view value = field->value;
    if (EqualsIgnoreCase(value.substr(0, kScheme.size()), kScheme)) {
      return TrimSpace(value.substr(kScheme.size()));
    }
    // Of Authorization another scheme; of a header of one's own, the token itself.
    if (!EqualsIgnoreCase(header, "authorization") && !value.empty()) return value;
  }
  return cookie.empty() ? std::string_view() : http::FindCookie(head.fields, cookie).value_or("");
}

}  // namespace sluice::admission
