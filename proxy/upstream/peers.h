// Peers: the pools of all workers, as far as one needs something of another: a worker that may open
// no further connection to a server (conf::Pool::max_connections) asks one that keeps an idle one
// to close it. A request there was placed at the server, so what it needs is kept idle somewhere or
// about to be; it asks again each millisecond until it has it or connect_timeout is over.
//
// Threads: Join() and Leave() while no worker runs that could ask; AskToClose() any worker's.
#ifndef SLUICE_PROXY_UPSTREAM_PEERS_H_
#define SLUICE_PROXY_UPSTREAM_PEERS_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

namespace sluice::upstream {

class Pool;
struct Server;

class Peers {
 public:
  explicit Peers(size_t workers) : pools_(workers) {}

  void Join(uint32_t shard, Pool& pool) { pools_[shard].store(&pool); }
  void Leave(uint32_t shard) { pools_[shard].store(nullptr); }

  // One of the others that keeps an idle connection to `server`, if there is any.
  void AskToClose(uint32_t asker, const std::shared_ptr<Server>& server) const;

 private:
  std::vector<std::atomic<Pool*>> pools_;  // by shard
};

}  // namespace sluice::upstream

#endif  // SLUICE_PROXY_UPSTREAM_PEERS_H_
