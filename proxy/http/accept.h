// What a client would rather have, by its Accept fields (RFC 9110 section 12.5).
//
// Threads: any. Cost: one walk over the field; nothing is allocated.
#ifndef SLUICE_PROXY_HTTP_ACCEPT_H_
#define SLUICE_PROXY_HTTP_ACCEPT_H_

#include <string_view>

namespace sluice::http {

// The q among the parameters of one element of a list, in thousandths: 0 is a refusal. What is no
// weight counts as 1000 (RFC 9110 section 12.4.2).
int WeightOf(std::string_view parameters);

// Does this Accept like JSON better than HTML? The higher q wins, then the one named more exactly
// ("application/json, */*" means JSON), then HTML.
bool PrefersJson(std::string_view accept);

}  // namespace sluice::http

#endif  // SLUICE_PROXY_HTTP_ACCEPT_H_
