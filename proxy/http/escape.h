// Foreign text made harmless for what it is put into: a page, a JSON string, a Location. What needs
// no escape comes back as it is, uncopied; else the result lives in the arena.
//
// Threads: any. Cost: one look at each byte, a second where something is escaped.
#ifndef SLUICE_PROXY_HTTP_ESCAPE_H_
#define SLUICE_PROXY_HTTP_ESCAPE_H_

#include <string_view>

#include "proxy/base/arena.h"

namespace sluice::http {

// For text between tags or in quoted attributes, and for text inside a JSON string.
std::string_view EscapeHtml(std::string_view text, Arena& arena);
std::string_view EscapeJson(std::string_view text, Arena& arena);
// For a Location: every byte but visible ASCII, and quotes, angle brackets and the backslash that
// browsers take for a slash, become %XX.
std::string_view EscapeLocation(std::string_view text, Arena& arena);

}  // namespace sluice::http

#endif  // SLUICE_PROXY_HTTP_ESCAPE_H_
