#include "proxy/admin/servers.h"

#include <algorithm>
#include <chrono>
#include <string_view>

#include "absl/strings/str_format.h"
#include "proxy/admin/json.h"
#include "proxy/admin/rooms.h"
#include "proxy/observe/stats.h"

namespace sluice::admin {
namespace {

std::string_view StateOf(const balancer::HostStats& host, TimePoint now) {
  if (host.down.load(std::memory_order_relaxed)) return "down";
  return host.Resting(now) ? "resting" : "up";
}

Json ServerJson(const upstream::Cluster& cluster, balancer::HostIndex index,
                const server::Overlay& overlay, TimePoint now) {
  const upstream::Server& server = *cluster.servers[index];
  const observe::ServerTotals totals = observe::Sum(server.stats);
  return {{"pool", server.pool},
          {"server", server.label},
          {"name", server.name},
          {"weight", cluster.hosts.weight(index)},
          {"backup", cluster.hosts.tier(index) > 0},
          {"duty", server::DutyName(server.health->duty.load(std::memory_order_relaxed))},
          {"state", StateOf(*server.health, now)},
          {"active", totals.in_flight},
          {"connections", totals.connections},
          {"from", overlay.Added(server) ? "run time" : "file"}};
}

// Those that `wanted` holds for.
template <typename Wanted>
Json List(const server::Supervisor& supervisor, Wanted wanted) {
  const TimePoint now = std::chrono::steady_clock::now();
  Json servers = Json::array();
  if (supervisor.view() == nullptr) return servers;
  for (const auto& cluster : supervisor.view()->clusters) {
    for (balancer::HostIndex i = 0; i < cluster->hosts.size(); ++i) {
      if (!wanted(*cluster->servers[i])) continue;
      servers.push_back(ServerJson(*cluster, i, supervisor.overlay(), now));
    }
  }
  return servers;
}

bool AnyOpen(const server::Supervisor& supervisor, std::string_view pool) {
  for (const auto& cluster : supervisor.view()->clusters) {
    if (cluster->spec.name == pool) return cluster->hosts.AnyLeft({});
  }
  return false;
}

}  // namespace

std::string Servers(const server::Supervisor& supervisor) {
  return ToText({{"servers", List(supervisor, [](const upstream::Server&) { return true; })}});
}

std::string Changes(const server::Supervisor& supervisor) {
  Json changes = Json::array();
  for (const server::Change* change : supervisor.overlay().changes()) {
    changes.push_back({{"pool", change->pool},
                       {"server", change->server()},
                       {"change", change->What()},
                       {"who", change->author.who},
                       {"from", change->author.from},
                       {"when", Date(change->author.when)},
                       {"reason", change->reason}});
  }
  for (const server::LimitChange& change : supervisor.limit_overlay().changes()) {
    changes.push_back({{"limit", change.name},
                       {"change", change.What()},
                       {"who", change.author.who},
                       {"from", change.author.from},
                       {"when", Date(change.author.when)},
                       {"reason", change.reason}});
  }
  if (const std::optional<server::PanicState>& panic = supervisor.panic()) {
    changes.push_back({{"panic", true},
                       {"change", "panic: " + panic->order.What()},
                       {"who", panic->author.who},
                       {"from", panic->author.from},
                       {"when", Date(panic->author.when)},
                       {"reason", panic->order.reason}});
  }
  for (const server::RoomChange& change : supervisor.rooms().overlay().changes()) {
    changes.push_back(ChangeJson(change));
  }
  return ToText({{"changes", std::move(changes)}});
}

std::string Done(const server::Supervisor& supervisor, const server::Order& order) {
  Json json = {{"done", server::DeedName(order.deed)},
               {"pool", order.pool},
               {"server", order.server},
               {"servers", List(supervisor, [&](const upstream::Server& server) {
                  return server.pool == order.pool && server::IsNamed(server, order.server);
                })}};
  if (!AnyOpen(supervisor, order.pool)) {
    json["warning"] =
        absl::StrFormat("the pool %s has no server left that takes new requests", order.pool);
  }
  return ToText(json);
}

}  // namespace sluice::admin
