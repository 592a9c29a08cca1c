// The limits of a head and the verdict on a message that will not be let through.
#ifndef SLUICE_PROXY_HTTP_REFUSAL_H_
#define SLUICE_PROXY_HTTP_REFUSAL_H_

#include <cstdint>
#include <string_view>

namespace sluice::http {

struct HeadLimits {
  uint32_t head_bytes = 16 * 1024;   // start line and fields; beyond: 431
  uint32_t fields = 100;             // beyond: 431
  uint32_t target_bytes = 8 * 1024;  // beyond: 414
};

// Why a message is refused: the status to answer (502 is the caller's choice for responses) and a
// plain sentence for the client and the log. `why` is a static string.
struct Refusal {
  int status = 400;
  std::string_view why;
};

}  // namespace sluice::http

#endif  // SLUICE_PROXY_HTTP_REFUSAL_H_
