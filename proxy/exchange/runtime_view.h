// RuntimeView: all that workers need in order to serve, immutable once published; a reload or a new
// answer of the resolver makes a new one. An exchange keeps the view it began with.
//
// WorkerView is one worker's private companion: pickers have state and connection slots belong to a
// thread, so they cannot be in the shared part.
//
// Threads: RuntimeView any; WorkerView its worker's.
#ifndef SLUICE_PROXY_EXCHANGE_RUNTIME_VIEW_H_
#define SLUICE_PROXY_EXCHANGE_RUNTIME_VIEW_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "balancer/picker.h"
#include "conf/config.h"
#include "proxy/admission/access_list.h"
#include "proxy/admission/bans.h"
#include "proxy/admission/bearer.h"
#include "proxy/admission/client_key.h"
#include "proxy/admission/doorkeeper.h"
#include "proxy/admission/gatekeeper.h"
#include "proxy/exchange/affinity.h"
#include "proxy/exchange/local_reply.h"
#include "proxy/exchange/panic.h"
#include "proxy/observe/access_log.h"
#include "proxy/observe/stats.h"
#include "proxy/route/router.h"
#include "proxy/upstream/cluster.h"
#include "proxy/upstream/load.h"
#include "proxy/upstream/pool.h"

namespace sluice::exchange {

using RouteCounters = observe::Sharded<observe::RouteStats>;
using Limits = std::vector<admission::RouteLimit>;

// A waiting room before some of the routes.
struct Entrance {
  std::shared_ptr<const admission::Doorkeeper> keeper;
  std::vector<std::shared_ptr<const upstream::Cluster>> pools;  // of those routes

  // Of the fullest of its pools.
  upstream::Load LoadAt(TimePoint now) const;
};

struct RuntimeView {
  uint64_t version = 0;
  std::shared_ptr<const conf::Config> config;
  std::unique_ptr<const route::Router> router;
  std::vector<std::shared_ptr<const upstream::Cluster>> clusters;  // as Config::pools
  std::vector<std::shared_ptr<RouteCounters>> routes;              // as Router::routes()
  std::shared_ptr<RouteCounters> unrouted;                         // what matched no route
  std::vector<std::shared_ptr<admission::Limit>> all_limits;
  std::vector<Limits> limits;  // as Router::routes()
  Limits unrouted_limits;
  std::vector<std::shared_ptr<const Entrance>> entrances;  // of all rooms that are in use
  std::vector<const Entrance*> entrance_of;                // as Router::routes(); null: none
  std::optional<Panic> panic;
  std::shared_ptr<admission::Bans> bans;
  std::unique_ptr<const route::Router> to_https;  // for listeners that redirect: one route
  std::shared_ptr<RouteCounters> redirected;      // its counters
  admission::TrustedProxies trusted;
  std::shared_ptr<const admission::AccessList> access;  // null: everybody
  std::optional<admission::TokenPlace> tokens;          // none: no request has any
  Answers answers;
  std::optional<observe::LogFormat> log_format;  // none: no access log
};

struct WorkerCluster {
  std::shared_ptr<const upstream::Cluster> shared;
  std::unique_ptr<balancer::Picker> picker;
  Affinity affinity;
  std::vector<std::shared_ptr<upstream::ServerSlot>> slots;  // by HostIndex
};

struct WorkerView {
  std::shared_ptr<const RuntimeView> shared;
  std::vector<WorkerCluster> clusters;
};

}  // namespace sluice::exchange

#endif  // SLUICE_PROXY_EXCHANGE_RUNTIME_VIEW_H_
