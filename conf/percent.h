// Bytes that may not stand for themselves where they are: "%" and two hex digits (RFC 3986 section
// 2.1). In a password of a URL, or in a line of what operators have ordered. Threads: any.
#ifndef SLUICE_CONF_PERCENT_H_
#define SLUICE_CONF_PERCENT_H_

#include <optional>
#include <string>
#include <string_view>

namespace sluice::conf {

// Nothing for a '%' without two hex digits behind it.
std::optional<std::string> DecodePercent(std::string_view text);

}  // namespace sluice::conf

#endif  // SLUICE_CONF_PERCENT_H_
