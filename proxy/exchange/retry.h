// May a failed try be repeated, and where? Pure.
//
// The rule (RFC 9110 section 9.2.2): what may have reached a server is repeated only when the
// method is idempotent, and any repetition needs the whole body still in hand. What certainly did
// not reach a server may go to another one whatever the method. Of what may be, the pool says what
// is (conf::Retry), and its budget how much at once.
#ifndef SLUICE_PROXY_EXCHANGE_RETRY_H_
#define SLUICE_PROXY_EXCHANGE_RETRY_H_

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <string_view>

#include "proxy/base/failure.h"
#include "proxy/base/time.h"
#include "proxy/http/message.h"

namespace sluice::exchange {

enum class Again : uint8_t {
  kNo,
  kSameServer,  // on a fresh connection: the kept one had been closed under us
  kOtherServer,
};

struct FailedTry {
  Cause cause = Cause::kNone;
  bool nothing_sent = false;  // not a byte of it reached the server
  bool reused_connection = false;
  bool answer_begun = false;  // a byte of an answer had come
  http::Method method = http::Method::kGet;
  bool body_in_hand = true;  // all of the request body can be sent again
  bool wanted = true;        // conf::Retry::on has its cause
  uint32_t tries_left = 0;
};

constexpr bool MayRepeat(const FailedTry& failed) {
  return failed.body_in_hand && (failed.nothing_sent || http::IsIdempotent(failed.method));
}

constexpr Again TryAgain(const FailedTry& failed) {
  if (!MayRepeat(failed)) return Again::kNo;
  // Not a try of its own: the server has not been asked yet.
  if (failed.reused_connection && !failed.answer_begun && failed.cause == Cause::kReset) {
    return Again::kSameServer;
  }
  // A malformed or endless answer was an answer: another server is not asked to repeat the work.
  if (failed.cause == Cause::kMalformed || failed.cause == Cause::kTooLarge) return Again::kNo;
  return failed.wanted && failed.tries_left > 0 ? Again::kOtherServer : Again::kNo;
}

// As conf::Retry::on calls it; empty: by no name.
constexpr std::string_view RetryCause(Cause cause, bool nothing_sent) {
  switch (cause) {
    case Cause::kConnectRefused:
    case Cause::kConnectTimeout:
    case Cause::kTlsFailed:
      return "connect";
    case Cause::kReset:
      return nothing_sent ? "connect" : "reset";
    case Cause::kHeadTimeout:
    case Cause::kIdleTimeout:
      return "timeout";
    default:
      return "";
  }
}

// The nth pause of a request: `eighths` (1 to 8, by chance) of the base, which doubles with each.
// Few different lengths, as net::Loop wants them.
constexpr Duration Backoff(Duration base, uint32_t nth, uint32_t eighths) {
  constexpr uint32_t kMostDoublings = 6;
  return base * (1 << std::min(nth - 1, kMostDoublings)) * eighths / 8;
}

// How long a server asks to be left alone (RFC 9110 section 10.2.3). Zero for a date: it says when
// by the server's clock and not how long, and overload, which is what this is for, lasts seconds.
inline Duration RetryAfter(std::string_view value) {
  uint32_t seconds = 0;
  const char* const end = value.data() + value.size();
  const auto [rest, error] = std::from_chars(value.data(), end, seconds);
  return error == std::errc() && rest == end ? std::chrono::seconds(seconds) : Duration::zero();
}

}  // namespace sluice::exchange

#endif  // SLUICE_PROXY_EXCHANGE_RETRY_H_
