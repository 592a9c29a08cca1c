#include "proxy/upstream/peers.h"

#include "proxy/upstream/pool.h"

namespace sluice::upstream {

void Peers::AskToClose(uint32_t asker, const std::shared_ptr<Server>& server) const {
  const auto count = static_cast<uint32_t>(pools_.size());
  for (uint32_t step = 1; step < count; ++step) {
    const uint32_t shard = (asker + step) % count;
    Pool* const pool = pools_[shard].load();
    if (pool == nullptr || server->stats.shard(shard).idle_connections.value() <= 0) continue;
    return pool->loop().Post([pool, server] { pool->CloseOneIdle(*server); });
  }
}

}  // namespace sluice::upstream
