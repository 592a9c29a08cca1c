// PoolState: what is known, live, about one pool: one object for the whole process, shared by all
// workers and all views that name the pool, so that a reload forgets nothing of it. What is known
// of each of its servers is in the Server objects.
//
// Threads: any, as its parts say. Ownership: shared_ptr from the registry to the clusters.
#ifndef SLUICE_PROXY_UPSTREAM_POOL_STATE_H_
#define SLUICE_PROXY_UPSTREAM_POOL_STATE_H_

#include <string>
#include <utility>

namespace sluice::upstream {

struct PoolState {
  explicit PoolState(std::string pool) : name(std::move(pool)) {}

  const std::string name;
};

}  // namespace sluice::upstream

#endif  // SLUICE_PROXY_UPSTREAM_POOL_STATE_H_
