#include "proxy/net/error.h"

#include <uv.h>

namespace sluice::net {

static_assert(kTimedOut == UV_ETIMEDOUT && kConnReset == UV_ECONNRESET,
              "libuv's codes are negated errno values here");

std::string_view ErrorText(int error) {
  switch (error) {
    case 0:
      return "ok";
#define SLUICE_ERROR_CASE(name, text) \
  case UV_##name:                     \
    return text;
      UV_ERRNO_MAP(SLUICE_ERROR_CASE)
#undef SLUICE_ERROR_CASE
    default:
      return "unknown error";
  }
}

}  // namespace sluice::net
