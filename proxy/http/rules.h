// What RFC 9110 and RFC 9112 demand of a proxy, as plain functions over heads. Threads: any. Views
// that are made go into the arena of the head's fields.
#ifndef SLUICE_PROXY_HTTP_RULES_H_
#define SLUICE_PROXY_HTTP_RULES_H_

#include <optional>
#include <string_view>

#include "proxy/http/h1_codec.h"
#include "proxy/http/message.h"

namespace sluice::http {

// Settles framing, authority, host, path, keep_alive, expect_continue and upgrade of a freshly
// parsed request; refuses what two parsers could read differently (RFC 9112
// sections 3.2, 6.1, 6.3).
//
// CONNECT is 405: a reverse proxy opens no tunnels to places that clients name. An expectation
// other than 100-continue is 417. `expect_continue` is set only where a 100 may be sent (HTTP/1.1,
// with a body); elsewhere the Expect field is taken out, as RFC 9110 section 10.1.1 demands.
// `upgrade` stays empty when there is a body or the client speaks HTTP/1.0: the body could be read
// as the new protocol's bytes.
//
// `unsaid`: how the body comes when no field says it. HTTP/1: not at all. HTTP/2: END_STREAM tells.
std::optional<Refusal> SettleRequest(RequestHead& head, const Framing& unsaid = {});
// The same for a response to a request with method `request`.
std::optional<Refusal> SettleResponse(ResponseHead& head, Method request,
                                      const Framing& unsaid = {.kind = Framing::Kind::kUntilClose});

// Takes out what belongs to one connection only (RFC 9110 section 7.6.1): the fields that
// Connection names, Connection itself, Keep-Alive, Proxy-Connection, Proxy-Authenticate,
// Proxy-Authorization, TE (but "trailers" is kept), Transfer-Encoding, Upgrade, and Content-Length
// (framing says it).
void RemoveHopByHop(Fields& fields);

// Names that must not appear in a trailer section (framing, routing, authentication): RFC
// 9110 6.5.1.
bool AllowedInTrailer(const Field& field);

// Does the comma-separated list contain the token (case-insensitive)?
bool HasToken(std::string_view list, std::string_view token);

}  // namespace sluice::http

#endif  // SLUICE_PROXY_HTTP_RULES_H_
