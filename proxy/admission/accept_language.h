// Which of the languages on offer a client reads, by its Accept-Language (RFC 9110 section 12.5.4).
//
// Threads: any. Cost: one walk over the first kMostRanges ranges, some 0.1 us for what browsers
// send; nothing is allocated.
#ifndef SLUICE_PROXY_ADMISSION_ACCEPT_LANGUAGE_H_
#define SLUICE_PROXY_ADMISSION_ACCEPT_LANGUAGE_H_

#include <cstddef>
#include <span>
#include <string_view>

namespace sluice::admission {

// Nobody reads as many; what follows is not looked at.
inline constexpr size_t kMostRanges = 32;

// The index in `tags` of what the best range matches: the highest q, among equals the one named
// first. A range matches the same tag, else the longest tag that it makes more exact ("de-AT" is
// served "de"), else the first tag that makes it more exact ("pt" is served "pt-BR"); "*" matches
// tags[0]. Where nothing matches, or all that does is refused by q=0, it is tags[0] too.
// REQUIRES: tags is not empty.
size_t ChooseLanguage(std::string_view accept_language, std::span<const std::string_view> tags);

}  // namespace sluice::admission

#endif  // SLUICE_PROXY_ADMISSION_ACCEPT_LANGUAGE_H_
