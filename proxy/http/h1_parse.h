// llhttp over one whole head, collected and scanned before (head_scan.h), into the types of
// message.h. A parser lives for one call: nothing is remembered from one message to the next, and
// no byte of a body ever reaches it. What llhttp lets through although two parsers could read it
// differently is refused here (start lines) or in rules.h (fields).
//
// Threads: any. Views in the results point into `raw`, which must live as long as they do.
// Sources: RFC 9112 sections 3 to 5.
#ifndef SLUICE_PROXY_HTTP_H1_PARSE_H_
#define SLUICE_PROXY_HTTP_H1_PARSE_H_

#include <optional>
#include <string_view>

#include "proxy/http/head_scan.h"
#include "proxy/http/message.h"
#include "proxy/http/refusal.h"

namespace sluice::http {

// REQUIRES: `scan` has found `raw` complete; `head` is fresh.
std::optional<Refusal> ParseRequest(std::string_view raw, const HeadScan& scan, RequestHead& head);
std::optional<Refusal> ParseResponse(std::string_view raw, const HeadScan& scan,
                                     ResponseHead& head);

// kOther for methods that have no name of their own here, known or not.
Method MethodOf(std::string_view text);
// Is it one that is passed on? Case counts, as it does everywhere.
bool IsKnownMethod(std::string_view text);

// The lines of a trailer section. Fields that have no place in one are dropped.
std::optional<Refusal> ParseTrailers(std::string_view raw, Fields& trailers);

}  // namespace sluice::http

#endif  // SLUICE_PROXY_HTTP_H1_PARSE_H_
