// What becomes of heads on their way through: the request as the server gets it, the response as
// the client gets it. Heads are changed in place, in the arena of their exchange.
//
// Order for a request: RequestId() as soon as the head is there, ForwardRequest() once, then
// SetUpstreamHost() for each try. Whoever needs fields as the client sent them (the access log)
// takes the views before ForwardRequest(); the bytes stay until the arena is cleared.
//
// Threads: one worker's. Pure: no I/O, no clock; chance is an argument. Views in the results live
// in the head's arena or in the Route and Forwarding given, which the exchange's view keeps alive.
// Sources: RFC 9110 sections 7.6 (forwarding), 10.1.1 (Expect), 6.6.1 (Date); RFC 7239 (Forwarded).
#ifndef SLUICE_PROXY_EXCHANGE_FORWARD_HEAD_H_
#define SLUICE_PROXY_EXCHANGE_FORWARD_HEAD_H_

#include <optional>
#include <span>
#include <string_view>

#include "absl/random/bit_gen_ref.h"
#include "conf/config.h"
#include "proxy/admission/client_key.h"
#include "proxy/base/peer.h"
#include "proxy/base/time.h"
#include "proxy/http/h1_codec.h"
#include "proxy/http/message.h"
#include "proxy/route/router.h"

namespace sluice::exchange {

// The id of one request for logs, servers and our own answers: the one that came when
// `forwarding.request_id` is "keep" and the peer is trusted (and it is at most 128 visible
// characters), else 32 hex digits. Empty when "off".
std::string_view RequestId(const http::RequestHead& head, const conf::Forwarding& forwarding,
                           const admission::ClientIdentity& client, absl::BitGenRef random);

// What the rewriting of both heads of one exchange needs to know. Held by reference: a value of
// this type lives in one call.
struct ForwardContext {
  const conf::Forwarding& forwarding;
  const route::Route& route;
  const admission::ClientIdentity& client;
  std::string_view scheme;       // of the listener: "http"
  const TlsPeer* tls = nullptr;  // of the client's connection; null: plain
  std::string_view request_id;   // of RequestId()
};

struct ForwardedRequest {
  std::string_view target;               // for http::EncodeRequest()
  bool upgrade = false;                  // a 101 may be the answer
  std::optional<http::Refusal> refusal;  // answer this instead; the head is as it was
};

// Takes out what belongs to the client's connection; keeps Upgrade for a WebSocket handshake only
// (GET, HTTP/1.1, no body) and clears head.upgrade otherwise, by which the encoders know whether to
// write Connection: upgrade; writes X-Forwarded-*, Forwarded, Via and X-Request-Id as configured,
// dropping what an untrusted peer sent of them; keeps Expect only when the route passes bodies on
// at once (request_buffer = 0), because otherwise sluice answers 100 itself; applies the route's
// edits; makes the target.
ForwardedRequest ForwardRequest(http::RequestHead& head, const ForwardContext& context);

// Max-Forwards of an OPTIONS request (RFC 9110 section 7.6.2): true when it has no hop left and is
// for us to answer; else one hop is taken off. What is no number is left alone.
bool EndsHere(http::RequestHead& head);

// Host as the pool wants it: the client's authority, the server's address, or a literal value.
// A client that named no host (HTTP/1.0) gets the server's address. `server` is the text of
// conf::Server::address.
void SetUpstreamHost(http::RequestHead& head, const route::Route& route, std::string_view server);

// An interim head (1xx but 101).
void ForwardInterim(http::ResponseHead& head, const conf::Forwarding& forwarding);

// A final head, or a 101. `request` is the head after ForwardRequest(); `date` (FormatHttpDate) is
// used when the server sent none, and must live until the head is encoded.
void ForwardResponse(http::ResponseHead& head, const http::RequestHead& request,
                     const ForwardContext& context, std::string_view date);

// Applies route.response_edits to a head of our own or of a server.
void EditResponse(http::ResponseHead& head, const http::RequestHead& request,
                  const ForwardContext& context);

// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 section 5.6.7), into `buffer`. Once a second is enough.
inline constexpr size_t kHttpDateSize = 29;
std::string_view FormatHttpDate(WallTime now, std::span<char, kHttpDateSize> buffer);

// The values that templates in `context.route` may name, in the arena of `head`.
route::TemplateValues ValuesOf(const http::RequestHead& head, const ForwardContext& context);

}  // namespace sluice::exchange

#endif  // SLUICE_PROXY_EXCHANGE_FORWARD_HEAD_H_
