// AdaptivePool: the limits of all servers of a pool, and one of all of them together.
//
// Each server has its own rule (adaptive_concurrency.h). What they share, a database behind all of
// them say, may carry fewer requests than there are servers, and no limit of a server goes below
// one: so the same rule, over the answers of all, moves a limit of the whole pool.
//
// It also tells whose trouble it is. One server that is slow beside others that are not has become
// slower, or is crowded by itself, which its own rule tells apart. When the median server is slow,
// what they share may be crowded by all of them: then only the sum can show whether less helps, and
// no server takes the time for its own, unless few answers have told what its own is.
//
// Pure. One thread. Cost: a look is linear in servers.
#ifndef SLUICE_RATELIMIT_ADAPTIVE_POOL_H_
#define SLUICE_RATELIMIT_ADAPTIVE_POOL_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "ratelimit/adaptive_concurrency.h"

namespace sluice::ratelimit {

class AdaptivePool {
 public:
  using TimePoint = AdaptiveConcurrency::TimePoint;

  // The servers from now on: for each its place among those before, or nothing when it is new.
  void Adopt(std::span<const std::optional<size_t>> before);

  // `looks`: of each server. `waits`: somebody waited for a place since the last look.
  void Look(std::span<const ServerLook> looks, bool waits, TimePoint now);

  size_t size() const { return servers_.size(); }
  const AdaptiveConcurrency& server(size_t index) const { return servers_[index]; }
  // It is new, or comes back.
  void Restart(size_t index) { servers_[index].Restart(); }
  // Requests at once at all servers together; 0: as many as theirs allow.
  uint32_t limit() const { return limit_; }
  // Most servers have met no crowd yet.
  bool finding() const;
  // Times as slow as in calm, of most servers.
  double crowding() const { return all_.crowding(); }

 private:
  // The crowding that limits are held at: that of all gives way to those of each.
  static constexpr double kServers = 1.2;
  static constexpr double kFirst = 4;
  static constexpr double kAll = 1.3;

  double MostCrowding();
  void Publish();

  std::vector<AdaptiveConcurrency> servers_;
  std::vector<double> recent_;  // answers of each, fading
  std::vector<std::pair<double, double>> sorted_;
  AdaptiveConcurrency all_{kAll, kFirst};
  uint32_t limit_ = 1;
};

}  // namespace sluice::ratelimit

#endif  // SLUICE_RATELIMIT_ADAPTIVE_POOL_H_
