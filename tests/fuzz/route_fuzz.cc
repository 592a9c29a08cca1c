// Properties of routing, for any host and path: what is found is what asking every route in order
// of precedence finds, and spelling a path differently does not lead to another route.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "proxy/base/check.h"
#include "proxy/http/uri.h"
#include "proxy/route/router.h"

namespace sluice {
namespace {

conf::Config MakeConfig() {
  conf::Config config;
  config.pools.emplace_back().name = "web";
  // In order of precedence inside each host, so that the file order is the oracle.
  for (const std::string_view host : {"a.b", "*.a.b", "*.b", ""}) {
    for (const std::string_view path : {"=/a/b", "=/", "/a/b/", "/a/b", "/a/", "/a", "/"}) {
      // Left out, so that searches fall through to wider hosts.
      if (path == "/" && !host.empty()) continue;
      conf::Route& route = config.routes.emplace_back();
      route.pool = "web";
      if (!host.empty()) route.match.host = {std::string(host)};
      if (path.front() == '=') {
        route.match.path = path.substr(1);
      } else {
        route.match.path_prefix = path;
      }
    }
  }
  return config;
}

bool HostFits(const conf::Match& match, std::string_view host) {
  if (match.host.empty()) return true;
  const std::string_view wanted = match.host.front();
  return wanted.starts_with('*') ? host.ends_with(wanted.substr(1)) : host == wanted;
}

bool PathFits(const conf::Match& match, std::string_view path) {
  if (!match.path.empty()) return path == match.path;
  const std::string_view prefix = match.path_prefix;
  if (path == "*") return prefix == "/";
  if (!path.starts_with(prefix)) return false;
  return prefix.ends_with('/') || path.size() == prefix.size() || path[prefix.size()] == '/';
}

const route::Route* FindOneByOne(const route::Router& router, const http::RequestHead& head) {
  for (const route::Route& route : router.routes()) {
    const conf::Match& match = route.conf.match;
    if (HostFits(match, head.host) && PathFits(match, head.path)) return &route;
  }
  return nullptr;
}

}  // namespace
}  // namespace sluice

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sluice;
  static const route::Router* const router = new route::Router(MakeConfig());
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const size_t slash = text.find('/');
  if (slash == std::string_view::npos) return 0;

  Arena arena;
  http::RequestHead head(arena);
  const std::optional<std::string_view> host = http::NormalizeHost(text.substr(0, slash), arena);
  head.host = host.value_or("");
  head.path = http::NormalizePath(text.substr(slash), arena).path;
  const route::Route* const found = router->Find(head);
  SLUICE_CHECK(found == FindOneByOne(*router, head));

  const std::string_view once = head.path;
  head.path = http::NormalizePath(once, arena).path;
  SLUICE_CHECK(head.path == once);
  head.path = http::NormalizePath(arena.Concat({"/x/..", once}), arena).path;
  SLUICE_CHECK(router->Find(head) == found);
  return 0;
}
