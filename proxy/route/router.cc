#include "proxy/route/router.h"

#include <algorithm>
#include <utility>

#include "proxy/base/arena.h"
#include "proxy/base/check.h"
#include "proxy/http/uri.h"
#include "proxy/route/conditions.h"

namespace sluice::route {
namespace {

using Candidates = std::vector<const Route*>;  // most conditions first, then file order

const Route* FirstThatHolds(const Candidates& candidates, const http::RequestHead& head) {
  for (const Route* const route : candidates) {
    if (ConditionsHold(route->conf.match, head)) return route;
  }
  return nullptr;
}

// Fields that only the codec writes: an edit of them could change what the body's end means.
bool IsFraming(http::FieldId id) {
  using enum http::FieldId;
  return id == kConnection || id == kContentLength || id == kKeepAlive || id == kProxyConnection ||
         id == kTe || id == kTrailer || id == kTransferEncoding || id == kUpgrade;
}

std::vector<FieldEdits::Put> PreparePuts(
    const std::vector<std::pair<std::string, std::string>>& puts) {
  std::vector<FieldEdits::Put> prepared;
  for (const auto& [name, value] : puts) {
    const http::FieldId id = http::IdOf(name);
    if (!IsFraming(id)) prepared.push_back({name, id, Template(value)});
  }
  return prepared;
}

FieldEdits PrepareEdits(const conf::HeaderEdits& edits) {
  FieldEdits prepared;
  for (const std::string& name : edits.remove) {
    if (!IsFraming(http::IdOf(name))) prepared.remove.push_back(name);
  }
  prepared.set = PreparePuts(edits.set);
  prepared.add = PreparePuts(edits.add);
  const auto varies = [](const FieldEdits::Put& put) { return !put.value.constant(); };
  prepared.needs_values = std::any_of(prepared.set.begin(), prepared.set.end(), varies) ||
                          std::any_of(prepared.add.begin(), prepared.add.end(), varies);
  return prepared;
}

// The form that heads carry, so that "/caf%c3%a9" in the file meets what arrives.
std::string Normal(std::string_view path) {
  Arena arena;
  return std::string(http::NormalizePath(path, arena).path);
}

std::string NormalHost(std::string_view host) {
  Arena arena;
  const std::optional<std::string_view> normal = http::NormalizeHost(host, arena);
  return normal ? std::string(*normal) : LowerCase(host);
}

Route Prepare(const conf::Route& config, uint32_t index, const std::vector<conf::Pool>& pools) {
  Route route;
  route.conf = config;
  route.index = index;
  if (!config.match.path.empty()) route.conf.match.path = Normal(config.match.path);
  if (!config.match.path_prefix.empty()) {
    route.conf.match.path_prefix = Normal(config.match.path_prefix);
  }
  route.request_edits = PrepareEdits(config.request_headers);
  route.response_edits = PrepareEdits(config.response_headers);
  route.edits_host =
      std::any_of(route.request_edits.set.begin(), route.request_edits.set.end(),
                  [](const FieldEdits::Put& put) { return put.id == http::FieldId::kHost; });
  if (config.redirect) route.redirect = Template(config.redirect->to);

  const auto pool = std::find_if(pools.begin(), pools.end(), [&](const conf::Pool& candidate) {
    return !config.pool.empty() && candidate.name == config.pool;
  });
  if (pool == pools.end()) return route;
  route.pool = static_cast<uint32_t>(pool - pools.begin());
  route.upstream_host = pool->host;
  route.timeouts = {.connect = config.connect_timeout.value_or(pool->connect_timeout),
                    .head = config.head_timeout.value_or(pool->head_timeout),
                    .idle = config.idle_timeout.value_or(pool->idle_timeout),
                    .total = config.total_timeout.value_or(pool->total_timeout),
                    .tunnel_idle = pool->tunnel_idle_timeout};
  return route;
}

std::vector<Route> PrepareAll(const conf::Config& config) {
  std::vector<Route> routes;
  routes.reserve(config.routes.size() + 1);
  for (const conf::Route& route : config.routes) {
    routes.push_back(Prepare(route, static_cast<uint32_t>(routes.size()), config.pools));
  }
  if (routes.empty() && config.pools.size() == 1) {
    conf::Route everything;
    everything.name = everything.pool = config.pools.front().name;
    routes.push_back(Prepare(everything, 0, config.pools));
  }
  return routes;
}

}  // namespace

// The routes of one host: exact paths in a map, prefixes in a tree of segments. A look-up walks the
// tree down once and back up until something holds, so its price is the path, not the routes.
struct Router::HostTable {
  struct Node {
    TextMap<uint32_t> children;
    uint32_t parent = 0;
    Candidates here;   // prefix "/api"
    Candidates below;  // prefix "/api/"
  };

  TextMap<Candidates> exact;
  std::vector<Node> nodes{1};  // the root is the prefix "": any path; its `below` is "/"

  void Add(const Route& route);
  const Route* Find(const http::RequestHead& head) const;
  const Route* FindPrefix(const http::RequestHead& head) const;
  uint32_t NodeFor(std::string_view prefix);
};

// `prefix` is normal and without its final slash: "", "/api", "/api/v2".
uint32_t Router::HostTable::NodeFor(std::string_view prefix) {
  uint32_t at = 0;
  while (!prefix.empty()) {
    prefix.remove_prefix(1);
    const std::string segment(prefix.substr(0, prefix.find('/')));
    prefix.remove_prefix(segment.size());
    const auto [child, added] =
        nodes[at].children.try_emplace(segment, static_cast<uint32_t>(nodes.size()));
    const uint32_t next = child->second;
    if (added) nodes.emplace_back().parent = at;
    at = next;
  }
  return at;
}

void Router::HostTable::Add(const Route& route) {
  const conf::Match& match = route.conf.match;
  if (!match.path.empty()) {
    exact[match.path].push_back(&route);
    return;
  }
  std::string_view prefix = match.path_prefix;
  const bool slash = prefix.ends_with('/');
  if (slash) prefix.remove_suffix(1);
  Node& node = nodes[NodeFor(prefix)];
  (slash ? node.below : node.here).push_back(&route);
}

const Route* Router::HostTable::Find(const http::RequestHead& head) const {
  if (!exact.empty()) {
    if (const auto found = exact.find(head.path); found != exact.end()) {
      if (const Route* const route = FirstThatHolds(found->second, head)) return route;
    }
  }
  return FindPrefix(head);
}

const Route* Router::HostTable::FindPrefix(const http::RequestHead& head) const {
  std::string_view rest = head.path;
  uint32_t at = 0;
  while (rest.size() > 1 && rest.front() == '/') {
    const size_t end = std::min(rest.find('/', 1), rest.size());
    const TextMap<uint32_t>& children = nodes[at].children;
    if (children.empty()) break;
    const auto child = children.find(rest.substr(1, end - 1));
    if (child == children.end()) break;
    at = child->second;
    rest.remove_prefix(end);
  }
  // Every node above the deepest has a slash behind it in the path; the deepest only if bytes are
  // left, and "*" counts as below the root.
  bool more = !rest.empty();
  for (;;) {
    const Node& node = nodes[at];
    if (more) {
      if (const Route* const route = FirstThatHolds(node.below, head)) return route;
    }
    if (const Route* const route = FirstThatHolds(node.here, head)) return route;
    if (at == 0) return nullptr;
    at = node.parent;
    more = true;
  }
}

Router::Router(const conf::Config& config)
    : routes_(PrepareAll(config)), any_host_(std::make_unique<HostTable>()) {
  std::vector<const Route*> order;
  for (const Route& route : routes_) order.push_back(&route);
  std::stable_sort(order.begin(), order.end(), [](const Route* a, const Route* b) {
    return CountConditions(a->conf.match) > CountConditions(b->conf.match);
  });
  for (const Route* const route : order) Index(*route);
}

Router::~Router() = default;

void Router::Index(const Route& route) {
  const std::vector<std::string>& hosts = route.conf.match.host;
  if (hosts.empty()) any_host_->Add(route);
  for (const std::string& host : hosts) TableFor(host).Add(route);
}

Router::HostTable& Router::TableFor(std::string_view host) {
  if (host == "*") return *any_host_;
  const bool wildcard = host.starts_with("*.");
  if (wildcard) host.remove_prefix(2);
  const std::string name = NormalHost(host);
  if (wildcard) longest_wildcard_ = std::max(longest_wildcard_, name.size());
  std::unique_ptr<HostTable>& table = (wildcard ? wildcard_hosts_ : exact_hosts_)[name];
  if (table == nullptr) table = std::make_unique<HostTable>();
  return *table;
}

const Route* Router::Find(const http::RequestHead& head) const {
  if (!exact_hosts_.empty()) {
    if (const auto found = exact_hosts_.find(head.host); found != exact_hosts_.end()) {
      if (const Route* const route = found->second->Find(head)) return route;
    }
  }
  std::string_view suffix = longest_wildcard_ == 0 ? std::string_view() : head.host;
  for (size_t dot = suffix.find('.'); dot != std::string_view::npos; dot = suffix.find('.')) {
    suffix.remove_prefix(dot + 1);
    if (suffix.size() > longest_wildcard_) continue;
    const auto found = wildcard_hosts_.find(suffix);
    if (found == wildcard_hosts_.end()) continue;
    if (const Route* const route = found->second->Find(head)) return route;
  }
  return any_host_->Find(head);
}

}  // namespace sluice::route
