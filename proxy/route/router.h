// Router: from a request head to the route that serves it. All is prepared when the configuration
// is loaded; a look-up allocates nothing and costs one hash per host suffix and path segment,
// however many routes there are.
//
// Order: an exact host is asked before wildcards, the longest wildcard first, then routes for any
// host. Inside a host an exact path is asked before prefixes, the longest prefix first. Among
// equals the route with more conditions (method, header, cookie, query; all must hold) is asked
// first, then the one written first. A route that does not hold is passed over: the search falls
// through to the next prefix, and at last to the next host.
//
// Prefixes match on segment borders: "/api" is "/api" and "/api/x" but not "/apis"; "/api/" is
// "/api/x" but not "/api". "*" (of OPTIONS *) is matched by routes without a path and by "/".
// "*.shop.example" matches any number of labels, but not "shop.example".
//
// Threads: any, once made. Ownership: the router owns its routes and copies what it needs of the
// Config; routes live as long as the router, so an exchange holds the view it began with.
#ifndef SLUICE_PROXY_ROUTE_ROUTER_H_
#define SLUICE_PROXY_ROUTE_ROUTER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "conf/config.h"
#include "proxy/base/text.h"
#include "proxy/base/time.h"
#include "proxy/http/message.h"
#include "proxy/route/template.h"

namespace sluice::route {

// The route's own where it has them, else its pool's. Zero for routes without a pool.
struct Timeouts {
  Duration connect{};
  Duration head{};
  Duration idle{};
  Duration total{};  // 0: none
  Duration tunnel_idle{};
};

// conf::HeaderEdits, prepared. Fields that belong to the connection or frame the body (Connection,
// Content-Length, Transfer-Encoding, …) are left out: the codec alone writes them.
struct FieldEdits {
  struct Put {
    std::string name;
    http::FieldId id = http::FieldId::kOther;
    Template value;
  };
  std::vector<std::string> remove;  // done first
  std::vector<Put> set;
  std::vector<Put> add;
  bool needs_values = false;  // some value is not constant

  bool empty() const { return remove.empty() && set.empty() && add.empty(); }
};

struct Route {
  conf::Route conf;
  uint32_t index = 0;            // its place in Router::routes(), and in Config::routes
  std::optional<uint32_t> pool;  // its place in Config::pools; none: redirect or respond
  Timeouts timeouts;
  FieldEdits request_edits;
  FieldEdits response_edits;
  Template redirect;          // of conf.redirect->to
  std::string upstream_host;  // the pool's `host`: "client", "server", or a literal value
  bool edits_host = false;    // request_edits set Host: upstream_host does not count
};

class Router {
 public:
  // REQUIRES: `config` came out of conf::Load(): names resolve. Without routes and with one pool
  // everything goes to that pool.
  explicit Router(const conf::Config& config);
  ~Router();
  Router(const Router&) = delete;
  Router& operator=(const Router&) = delete;

  // Null: nothing matches, 404. Reads method_text, host, path, query and fields of a settled head.
  const Route* Find(const http::RequestHead& head) const;

  const std::vector<Route>& routes() const { return routes_; }

 private:
  struct HostTable;

  void Index(const Route& route);
  HostTable& TableFor(std::string_view host);

  std::vector<Route> routes_;
  TextMap<std::unique_ptr<HostTable>> exact_hosts_;
  TextMap<std::unique_ptr<HostTable>> wildcard_hosts_;  // by what follows "*."
  std::unique_ptr<HostTable> any_host_;
  size_t longest_wildcard_ = 0;  // bytes; longer suffixes of a host are not worth hashing
};

}  // namespace sluice::route

#endif  // SLUICE_PROXY_ROUTE_ROUTER_H_
