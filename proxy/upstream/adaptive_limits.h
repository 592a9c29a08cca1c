// AdaptiveLimits: concurrency = "auto" of one pool. Ten times a second it hands what the workers
// counted of the pool's servers to the rule (ratelimit/adaptive_pool.h) and publishes the limits it
// finds: each server's in its HostStats, that of all in the PoolState. Servers that state a number
// of their own keep it, and then the pool has no limit beside.
//
// Threads: the supervisor's but for NoteTime(). Lives with the PoolState: a reload in the middle of
// a sale forgets nothing. Cost: linear in the pool's servers.
#ifndef SLUICE_PROXY_UPSTREAM_ADAPTIVE_LIMITS_H_
#define SLUICE_PROXY_UPSTREAM_ADAPTIVE_LIMITS_H_

#include <cstdint>
#include <vector>

#include "proxy/base/time.h"
#include "ratelimit/adaptive_pool.h"

namespace sluice::upstream {

struct Cluster;
struct Server;

class AdaptiveLimits {
 public:
  // Finds the limits of this cluster's servers from now on.
  void Adopt(const Cluster& cluster);
  // `cluster`: the one adopted last.
  void Tick(const Cluster& cluster, TimePoint now);

  // Times as slow as in calm, of most servers; 1 while nothing is known.
  double crowding() const { return rule_.crowding(); }

  // The limits are not known yet and somebody waits because of that: he is not to be told that too
  // many came. It ends by itself.
  bool finding() const { return finding_; }

  // An answer of `server` to a request of this kind took so long, for no other reason than the
  // server's work; while the kind is not known, the wider sort that it is of tells. Kinds that
  // usually take `longest` and more wait for something else. Any thread.
  static void NoteTime(const Server& server, uint64_t kind, uint64_t sort, Duration time,
                       Duration longest);

 private:
  // What was counted of a server as of the last look.
  struct Known {
    Server* server = nullptr;  // which keeps the pool: kept by the cluster adopted last
    uint64_t settled = 0;
    uint64_t failed = 0;
    int64_t ramp_from_ns = 0;
    uint32_t timed = 0;
    uint32_t stretch = 0;
    uint32_t timed_us = 0;
  };

  ratelimit::ServerLook LookAt(Known& known, bool waits) const;
  void Publish(const Cluster& cluster) const;
  void Tell(const Cluster& cluster, bool waits, TimePoint now);

  std::vector<Known> known_;
  ratelimit::AdaptivePool rule_;
  std::vector<ratelimit::ServerLook> looks_;
  uint64_t queued_ = 0;
  bool finding_ = false;
  TimePoint first_wait_{};
  TimePoint told_{};
};

}  // namespace sluice::upstream

#endif  // SLUICE_PROXY_UPSTREAM_ADAPTIVE_LIMITS_H_
