#include "proxy/base/failure.h"

namespace sluice {

std::string_view CauseName(Cause cause) {
  switch (cause) {
    case Cause::kNone:
      return "ok";
    case Cause::kConnectRefused:
      return "connect_refused";
    case Cause::kConnectTimeout:
      return "connect_timeout";
    case Cause::kTlsFailed:
      return "tls_failed";
    case Cause::kReset:
      return "reset";
    case Cause::kHeadTimeout:
      return "head_timeout";
    case Cause::kIdleTimeout:
      return "idle_timeout";
    case Cause::kTotalTimeout:
      return "total_timeout";
    case Cause::kTooSlow:
      return "too_slow";
    case Cause::kMalformed:
      return "malformed";
    case Cause::kTooLarge:
      return "too_large";
    case Cause::kDenied:
      return "denied";
    case Cause::kNoServer:
      return "no_server";
    case Cause::kBreaker:
      return "breaker";
    case Cause::kLimit:
      return "limit";
    case Cause::kOverLimit:
      return "over_limit";
    case Cause::kWaitingRoom:
      return "waiting_room";
    case Cause::kClientLeft:
      return "client_left";
    case Cause::kShutdown:
      return "shutdown";
  }
  return "ok";
}

}  // namespace sluice
