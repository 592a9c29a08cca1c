// Prober: active health checks, conf::HealthCheck. Each server of each pool that has them is asked
// again and again, on a connection of its own that is closed afterwards; balancer/health.h says
// what the results come to. There is one prober in the process, so a server gets as many checks as
// the configuration says, however many workers there are.
//
// A check passes or fails by what the server does. What fails for want of our own (descriptors), or
// while this thread was late by more than half the check's timeout, says nothing about the server
// and is thrown away. A server that two pools name is two servers, each with its checks.
//
// Threads: the supervisor's. Ownership: results live here, by server, so that a reload forgets none
// of a server that stays; a server that is not checked any more is not held down.
// Cost: looking who is due is linear in servers, ten times a second; a check holds one descriptor
// for at most its timeout, and reads at most 64 KiB.
#ifndef SLUICE_PROXY_UPSTREAM_PROBER_H_
#define SLUICE_PROXY_UPSTREAM_PROBER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/random/random.h"
#include "proxy/net/loop.h"
#include "proxy/upstream/cluster.h"
#include "proxy/upstream/pool.h"

namespace sluice::upstream {

class Prober {
 public:
  // What the checks of one server have shown.
  struct Report {
    bool up = true;
    uint64_t passed = 0;
    uint64_t failed = 0;
    uint64_t discarded = 0;
    TimePoint last_at{};  // TimePoint{}: none yet
    bool last_passed = false;
    std::string last;  // "status 500, expected 200-399"; "passed"
    Duration last_took{0};
  };

  explicit Prober(net::Loop& loop);
  ~Prober();
  Prober(const Prober&) = delete;
  Prober& operator=(const Prober&) = delete;

  // Checks the servers of these from now on. The first checks of those that are new are spread over
  // their interval.
  void Adopt(const std::vector<std::shared_ptr<const Cluster>>& clusters);
  // Begins the checks that are due. To be called every 100 ms.
  void Tick();

  // Null when the server is not checked; good until the next Adopt().
  const Report* Find(const Server& server) const;

 private:
  class Check;

  net::Loop& loop_;
  Pool pool_;  // makes the connections; keeps none
  absl::BitGen random_;
  absl::flat_hash_map<const Server*, std::unique_ptr<Check>> checks_;
};

}  // namespace sluice::upstream

#endif  // SLUICE_PROXY_UPSTREAM_PROBER_H_
