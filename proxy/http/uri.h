// Request targets (RFC 9112 section 3.2) and the normalised form that routes, limits and servers
// see (RFC 3986 section 6.2.2): unreserved escapes decoded, other escapes with upper-case digits,
// dot segments removed, "//" merged. Beyond the RFC: "..;x" is "..", because servers that know
// parameters read it so; a backslash and a lone '%' come out escaped.
//
// Threads: any. Views point into the arguments or into the arena given.
#ifndef SLUICE_PROXY_HTTP_URI_H_
#define SLUICE_PROXY_HTTP_URI_H_

#include <optional>
#include <string_view>

#include "proxy/base/arena.h"
#include "proxy/http/message.h"

namespace sluice::http {

struct Target {
  enum class Form : uint8_t { kOrigin, kAbsolute, kAuthority, kAsterisk };
  Form form = Form::kOrigin;
  std::string_view scheme;     // absolute form only
  std::string_view authority;  // absolute and authority form
  std::string_view path;       // as it came; "/" when an absolute target has none
  std::string_view query;      // without '?'
  bool has_query = false;
};

// Nothing when the target is none of the four forms, or not the one its method demands, or contains
// a byte outside visible ASCII or '#'.
std::optional<Target> SplitTarget(Method method, std::string_view target);

struct NormalPath {
  std::string_view path;
  // "%2f", "%5c", an escaped control, an incomplete escape, ".." above the root, "..;x", a
  // backslash: the path as it came may mean something else to another server.
  bool ambiguous = false;
};

// A path that is normal already comes back as it is, without a copy.
NormalPath NormalizePath(std::string_view path, Arena& arena);

// host[:port] to host: lower case, no port, no final dot; brackets of IPv6 stay. Nothing when it is
// not a valid authority (RFC 3986 section 3.2.2; userinfo is refused).
std::optional<std::string_view> NormalizeHost(std::string_view authority, Arena& arena);

}  // namespace sluice::http

#endif  // SLUICE_PROXY_HTTP_URI_H_
