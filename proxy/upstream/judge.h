// Judge: the rules of one pool that look at all of its servers at once, ten times a second: which
// of them are ejected because they fail or dawdle while the others do not
// (balancer/outlier_sweep.h), and whether the pool's circuit breaker opens or closes
// (balancer/breaker.h). Every judgement is one line in the log, with its evidence.
//
// Threads: the supervisor's; it reads the counters that all workers write. Lives with the
// PoolState, so that a reload forgets nothing. Cost: linear in the servers of the pool.
#ifndef SLUICE_PROXY_UPSTREAM_JUDGE_H_
#define SLUICE_PROXY_UPSTREAM_JUDGE_H_

#include <cstdint>
#include <vector>

#include "balancer/breaker.h"
#include "balancer/outlier_sweep.h"
#include "proxy/base/time.h"

namespace sluice::upstream {

struct Cluster;

class Judge {
 public:
  // Judges the servers of this cluster by its rules from now on.
  void Adopt(const Cluster& cluster, TimePoint now);
  // `cluster`: the one adopted last. `shard`: the supervisor's place in sharded counters.
  void Tick(const Cluster& cluster, uint32_t shard, TimePoint now);

 private:
  // What servers answered and failed since the last call.
  balancer::Breaker::Counts SinceLast(const balancer::HostView& hosts);

  balancer::OutlierSweep sweep_;
  std::vector<balancer::Breaker::Counts> ever_;  // of each, as of the last look
};

}  // namespace sluice::upstream

#endif  // SLUICE_PROXY_UPSTREAM_JUDGE_H_
