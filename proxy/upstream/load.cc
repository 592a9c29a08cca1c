#include "proxy/upstream/load.h"

#include <algorithm>
#include <atomic>

#include "balancer/slow_start.h"

namespace sluice::upstream {
namespace {

constexpr double kAhead = 0.5;  // of what the servers carry
// Few requests at once are of short pages, or of a small shop: of those so many more make up for
// the moments when nobody is at the door, and are served in the time of a page or four.
constexpr double kFewAhead = 20;
double Ahead(double carries) {
  return std::max(kAhead * carries, std::min(3 * carries + 1, kFewAhead));
}

// Of a server of which little is known yet: nobody is kept from a shop for a start of ours.
constexpr double kWhileFinding = 8;

}  // namespace

bool Load::HasRoom() const { return carries == 0 || requests < carries + Ahead(carries); }

Load LoadOf(const Cluster& cluster, TimePoint now) {
  Load load{.requests = static_cast<double>(cluster.state->dispatch.waiting())};
  double carries = 0;
  double servers = 0;
  bool unlimited = false;
  for (balancer::HostIndex host = 0; host < cluster.hosts.size(); ++host) {
    // What hangs at a server that is gone keeps nobody from the others.
    if (!cluster.hosts.Open(host) || cluster.hosts.Away(host, now)) continue;
    const balancer::HostStats& stats = cluster.hosts.stats(host);
    load.requests += stats.active.load(std::memory_order_relaxed);
    const uint32_t limit = balancer::LimitNow(stats, cluster.spec.picker.slow_start, now);
    unlimited = unlimited || limit == 0;
    carries += limit;
    servers += 1;
  }
  if (unlimited) return load;
  const uint32_t of_all = cluster.state->limit.load(std::memory_order_relaxed);
  if (of_all != 0) carries = std::min<double>(carries, of_all);
  if (cluster.state->finding.load(std::memory_order_relaxed)) {
    carries = std::max(carries, kWhileFinding * servers);
  }
  // Without a server nobody is served the sooner for waiting elsewhere.
  load.carries = std::max(carries, 1.0);
  return load;
}

}  // namespace sluice::upstream
