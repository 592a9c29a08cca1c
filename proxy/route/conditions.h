// The conditions of a route beyond host and path: method, header, cookie, query. All must hold.
// Pure; nothing is allocated.
#ifndef SLUICE_PROXY_ROUTE_CONDITIONS_H_
#define SLUICE_PROXY_ROUTE_CONDITIONS_H_

#include <optional>
#include <string_view>

#include "conf/config.h"
#include "proxy/http/message.h"

namespace sluice::route {

// How many conditions a match names; routes with more are asked first.
int CountConditions(const conf::Match& match);

// Methods are compared as written (RFC 9110 section 9.1); header names without case, values
// exactly, any of a repeated field being enough; cookies and query parameters likewise by name and
// value.
bool ConditionsHold(const conf::Match& match, const http::RequestHead& head);

// Is there a parameter of that name, after decoding "+" and escapes, and with that value (or any,
// when present_only)? `query` is without '?'.
bool QueryHas(std::string_view query, const conf::FieldMatch& wanted);

// The value of the first parameter of that name, as it came; empty when it has none.
std::optional<std::string_view> FindParameter(std::string_view query, std::string_view name);

// The same without "+" and escapes, so that all spellings of a value are one; in the arena where it
// has any.
std::optional<std::string_view> FindParameter(std::string_view query, std::string_view name,
                                              Arena& arena);

// Is there a cookie-pair of that name and value in one Cookie field (RFC 6265 section 4.2.1)?
bool CookieHas(std::string_view cookies, const conf::FieldMatch& wanted);

}  // namespace sluice::route

#endif  // SLUICE_PROXY_ROUTE_CONDITIONS_H_
