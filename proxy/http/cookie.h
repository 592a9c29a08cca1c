// Cookies of a request (RFC 6265 section 4.2.1). Pure, nothing is allocated; values are slices of
// the fields, without the quotes that may stand around them.
#ifndef SLUICE_PROXY_HTTP_COOKIE_H_
#define SLUICE_PROXY_HTTP_COOKIE_H_

#include <optional>
#include <string_view>

#include "proxy/http/message.h"

namespace sluice::http {

// The value of the next cookie of that name in one Cookie field; `rest` becomes what is behind it.
std::optional<std::string_view> NextCookie(std::string_view& rest, std::string_view name);

// The value of the first cookie of that name. HTTP/2 clients may send each in a field of its own
// (RFC 9113 section 8.2.3).
std::optional<std::string_view> FindCookie(const Fields& fields, std::string_view name);

// Whether a Set-Cookie field is about the cookie of that name.
bool SetsCookie(const Field& field, std::string_view name);

}  // namespace sluice::http

#endif  // SLUICE_PROXY_HTTP_COOKIE_H_
