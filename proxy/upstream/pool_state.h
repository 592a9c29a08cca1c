// PoolState: what is known, live, about one pool: one object for the whole process, shared by all
// workers and all views that name the pool, so that a reload forgets nothing of it. What is known
// of each of its servers is in the Server objects.
//
// Threads: any, as its parts say. Ownership: shared_ptr from the registry, the pool's servers and
// the clusters.
#ifndef SLUICE_PROXY_UPSTREAM_POOL_STATE_H_
#define SLUICE_PROXY_UPSTREAM_POOL_STATE_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "balancer/breaker.h"
#include "balancer/retry_budget.h"
#include "proxy/observe/counters.h"
#include "proxy/observe/stats.h"
#include "proxy/upstream/adaptive_limits.h"
#include "proxy/upstream/dispatch.h"
#include "proxy/upstream/hedge.h"
#include "proxy/upstream/judge.h"
#include "ratelimit/calm_times.h"

namespace sluice::upstream {

struct PoolState {
  // `shards`: the workers that count.
  PoolState(std::string pool, size_t shards) : name(std::move(pool)), stats(shards) {}

  const std::string name;
  std::atomic<uint32_t> limit{0};    // requests at once at all servers together; 0: as many as come
  std::atomic<bool> finding{false};  // what the servers carry is not known yet
  Dispatch dispatch;
  balancer::RetryBudget retries;
  HedgeDelay hedge;
  HedgeBudget hedges;
  observe::Sharded<observe::PoolStats> stats;
  Judge judge;              // the tick's
  AdaptiveLimits adaptive;  // the tick's
  ratelimit::CalmTimes calm_times;
  balancer::Breaker breaker;  // asked before a server is chosen, by every request
};

}  // namespace sluice::upstream

#endif  // SLUICE_PROXY_UPSTREAM_POOL_STATE_H_
