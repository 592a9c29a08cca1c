// The target that goes upstream, and the host by which the public knows us. Pure; views live in the
// head's arena.
#ifndef SLUICE_PROXY_EXCHANGE_TARGET_H_
#define SLUICE_PROXY_EXCHANGE_TARGET_H_

#include <optional>
#include <string_view>

#include "conf/config.h"
#include "proxy/admission/client_key.h"
#include "proxy/http/h1_codec.h"
#include "proxy/http/message.h"

namespace sluice::exchange {

struct UpstreamTarget {
  std::string_view text;  // origin form, or "*"
  std::optional<http::Refusal> refusal;
};

// The path that routes saw, or as it came when forward_path = "raw"; its matched prefix replaced by
// rewrite_prefix; the query as it came. Raw and ambiguous (http::NormalPath) is refused with 400:
// the server could see another path than the one that was routed and limited. A raw path that does
// not itself begin with the prefix to be replaced goes in its normal form.
// REQUIRES: `route` is a route::Route's, whose paths are normal.
UpstreamTarget MakeTarget(const http::RequestHead& head, const conf::Route& route);

// `path` with `prefix` replaced: always one slash at the seam, always one in front.
// REQUIRES: path begins with prefix.
std::string_view RewritePrefix(std::string_view path, std::string_view prefix,
                               std::string_view replacement, Arena& arena);

// Lower case as it came normalised, without port: what a trusted proxy was asked for, else what we
// were. Empty when nobody said.
std::string_view PublicHost(const http::RequestHead& head, const admission::ClientIdentity& client);

}  // namespace sluice::exchange

#endif  // SLUICE_PROXY_EXCHANGE_TARGET_H_
