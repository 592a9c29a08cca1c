#include "proxy/exchange/target.h"

#include "proxy/http/uri.h"

namespace sluice::exchange {
namespace {

bool BeginsWithPrefix(std::string_view path, std::string_view prefix) {
  if (!path.starts_with(prefix)) return false;
  return prefix.empty() || prefix.ends_with('/') || path.size() == prefix.size() ||
         path[prefix.size()] == '/';
}

}  // namespace

std::string_view RewritePrefix(std::string_view path, std::string_view prefix,
                               std::string_view replacement, Arena& arena) {
  std::string_view rest = path.substr(prefix.size());
  while (rest.starts_with('/')) rest.remove_prefix(1);
  const bool slash_was_cut =
      rest.size() < path.size() && path[path.size() - rest.size() - 1] == '/';
  std::string_view front = replacement;
  while (front.starts_with('/')) front.remove_prefix(1);
  while (front.ends_with('/')) front.remove_suffix(1);
  // "/api" to "/v2" stays "/v2"; "/api/" becomes "/v2/"; a replacement of nothing leaves "/".
  const bool seam =
      !front.empty() && (!rest.empty() || slash_was_cut || replacement.ends_with('/'));
  return arena.Concat({"/", front, seam ? "/" : "", rest});
}

UpstreamTarget MakeTarget(const http::RequestHead& head, const conf::Route& route) {
  Arena& arena = head.fields.arena();
  if (head.path == "*") return {.text = "*", .refusal = std::nullopt};

  std::string_view path = head.path;
  if (route.forward_raw) {
    if (http::NormalizePath(head.raw_path, arena).ambiguous) {
      return {
          .text = {},
          .refusal = http::Refusal{.status = 400, .why = "The path of the request is ambiguous."}};
    }
    path = head.raw_path;
  }
  if (route.rewrite_prefix) {
    const std::string_view prefix =
        route.match.path.empty() ? route.match.path_prefix : route.match.path;
    if (!BeginsWithPrefix(path, prefix)) path = head.path;
    path = RewritePrefix(path, prefix, *route.rewrite_prefix, arena);
  } else if (path.data() == head.target.data()) {
    // The usual case: an origin form that was normal already is sent as the view it came as.
    if (path.size() == head.raw_path.size()) return {.text = head.target, .refusal = std::nullopt};
  }
  if (!head.has_query) return {.text = path, .refusal = std::nullopt};
  return {.text = arena.Concat({path, "?", head.query}), .refusal = std::nullopt};
}

std::string_view PublicHost(const http::RequestHead& head,
                            const admission::ClientIdentity& client) {
  if (client.host.empty()) return head.host;
  return http::NormalizeHost(client.host, head.fields.arena()).value_or(head.host);
}

}  // namespace sluice::exchange
