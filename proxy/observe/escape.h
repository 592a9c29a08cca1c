// Foreign text made harmless for a log line. Pure.
#ifndef SLUICE_PROXY_OBSERVE_ESCAPE_H_
#define SLUICE_PROXY_OBSERVE_ESCAPE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::observe {

enum class Escape : uint8_t {
  kJson,  // RFC 8259 section 7; bytes that are no valid UTF-8 become U+FFFD
  kText,  // \xHH for quotes, backslashes and everything outside printable ASCII
};

// Adds `text` to `out`, escaped, at most `cap` bytes of it; what is cut ends in "...".
// REQUIRES: cap >= 3.
void AppendEscaped(std::string_view text, Escape escape, size_t cap, std::string& out);

}  // namespace sluice::observe

#endif  // SLUICE_PROXY_OBSERVE_ESCAPE_H_
