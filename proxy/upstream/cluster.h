// Cluster: the servers of one pool, as one configuration and one answer of the resolver name them.
// Immutable; what lives longer (load, health, counters) is in the Server objects, which the
// registry hands from one cluster to its successor.
//
// Threads: any.
#ifndef SLUICE_PROXY_UPSTREAM_CLUSTER_H_
#define SLUICE_PROXY_UPSTREAM_CLUSTER_H_

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "balancer/hash.h"
#include "balancer/host_view.h"
#include "balancer/outlier.h"
#include "conf/config.h"
#include "proxy/base/address.h"
#include "proxy/observe/counters.h"
#include "proxy/observe/stats.h"
#include "proxy/upstream/pool_state.h"
#include "proxy/upstream/sticky.h"
#include "proxy/upstream/transport.h"
#include "ratelimit/concurrency.h"

namespace sluice::upstream {

// One address that requests can be sent to.
struct Server {
  // `called` is empty when that is as configured.
  Server(std::shared_ptr<PoolState> of, std::string configured, const Address& where, size_t shards,
         const std::string& called = {})
      : state(std::move(of)),
        name(std::move(configured)),
        host(called.empty() ? name : called),
        label(where.ToString()),
        address(where),
        health(std::make_shared<balancer::HostStats>()),
        stats(shards) {}

  const std::shared_ptr<PoolState> state;
  const std::string& pool = state->name;
  const std::string name;   // as written: may be a DNS name with several addresses
  const std::string host;   // "shop.internal:8000": by which it is asked, and verified
  const std::string label;  // the address: what logs and metrics call it
  const Address address;
  const std::shared_ptr<balancer::HostStats> health;
  observe::Sharded<observe::ServerStats> stats;
  // Connections to it, idle ones included, and how many wait for one of them to close.
  ratelimit::Concurrency connections{ratelimit::Concurrency::kUnlimited};
  std::atomic<uint32_t> connections_wanted{0};
};

// A server as one configuration has it.
struct Member {
  std::shared_ptr<Server> server;
  uint32_t weight = 1;
  uint32_t tier = 0;
};

struct Cluster {
  // `spec` is a part of `config`, which this keeps alive. `secret` signs sessions where the
  // configuration has none.
  Cluster(std::shared_ptr<const conf::Config> owner, const conf::Pool& pool_spec,
          std::shared_ptr<const Transport> by, std::shared_ptr<PoolState> live,
          const std::vector<Member>& members, std::string_view secret = {})
      : config(std::move(owner)),
        spec(pool_spec),
        transport(std::move(by)),
        state(std::move(live)),
        hosts(ViewOf(members)),
        outlier(pool_spec.outlier, hosts) {
    for (const Member& member : members) {
      indices_.emplace(member.server.get(), static_cast<balancer::HostIndex>(servers.size()));
      servers.push_back(member.server);
    }
    if (!spec.sticky) return;
    std::vector<std::string> labels;
    for (const std::shared_ptr<Server>& server : servers) labels.push_back(server->label);
    sticky.emplace(*spec.sticky, spec.name, secret, labels);
  }

  std::optional<balancer::HostIndex> IndexOf(const Server& server) const {
    const auto found = indices_.find(&server);
    return found == indices_.end() ? std::nullopt : std::optional(found->second);
  }

  const std::shared_ptr<const conf::Config> config;
  const conf::Pool& spec;
  const std::shared_ptr<const Transport> transport;
  const std::shared_ptr<PoolState> state;
  const balancer::HostView hosts;
  const balancer::Outlier outlier;
  std::vector<std::shared_ptr<Server>> servers;  // by HostIndex
  std::optional<Sticky> sticky;

 private:
  static balancer::HostView ViewOf(const std::vector<Member>& members) {
    std::vector<balancer::Host> view;
    view.reserve(members.size());
    for (const Member& member : members) {
      view.push_back({.weight = member.weight,
                      .stats = member.server->health,
                      .tier = member.tier,
                      .id = balancer::Hash(member.server->label)});
    }
    return balancer::HostView(std::move(view));
  }

  absl::flat_hash_map<const Server*, balancer::HostIndex> indices_;
};

}  // namespace sluice::upstream

#endif  // SLUICE_PROXY_UPSTREAM_CLUSTER_H_
