// HostView: the servers of a pool as one configuration names them, in its order. Immutable and
// shared: a copy is one pointer, and an exchange keeps the view it began with. Weights, tiers and
// names belong to the view (they come from the file); load and health belong to the HostStats,
// which outlive it.
//
// Threads: any.
#ifndef SLUICE_BALANCER_HOST_VIEW_H_
#define SLUICE_BALANCER_HOST_VIEW_H_

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "balancer/host.h"

namespace sluice::balancer {

struct Host {
  uint32_t weight = 1;  // a share of the pool's traffic; 0: gets no request at all
  std::shared_ptr<HostStats> stats = nullptr;
  uint32_t tier = 0;  // backups have a higher one: used when no host of a lower tier can be
  uint64_t id = 0;    // Hash() of its name: where maglev puts it, whatever its place in the list
};

class HostView {
 public:
  HostView() : HostView(std::vector<Host>()) {}
  // REQUIRES: no null stats.
  explicit HostView(std::vector<Host> hosts)
      : hosts_(std::make_shared<const std::vector<Host>>(std::move(hosts))) {}

  HostIndex size() const { return static_cast<HostIndex>(hosts_->size()); }
  // REQUIRES (all below): host < size().
  uint32_t weight(HostIndex host) const { return (*hosts_)[host].weight; }
  uint32_t tier(HostIndex host) const { return (*hosts_)[host].tier; }
  uint64_t id(HostIndex host) const { return (*hosts_)[host].id; }
  HostStats& stats(HostIndex host) const { return *(*hosts_)[host].stats; }
  const std::shared_ptr<HostStats>& shared_stats(HostIndex host) const {
    return (*hosts_)[host].stats;
  }
  uint32_t active(HostIndex host) const {
    return stats(host).active.load(std::memory_order_relaxed);
  }
  // Of all hosts; linear.
  uint64_t active() const {
    uint64_t sum = 0;
    for (HostIndex host = 0; host < size(); ++host) sum += active(host);
    return sum;
  }
  bool Away(HostIndex host, TimePoint now) const { return stats(host).Away(now); }
  // May be given requests at all.
  bool Open(HostIndex host) const { return weight(host) != 0 && stats(host).Ready(); }

  // Whether a host is left that may be given requests and is not in `tried`; linear.
  bool AnyLeft(std::span<const HostIndex> tried) const {
    for (HostIndex host = 0; host < size(); ++host) {
      if (Open(host) && std::find(tried.begin(), tried.end(), host) == tried.end()) return true;
    }
    return false;
  }

 private:
  std::shared_ptr<const std::vector<Host>> hosts_;
};

}  // namespace sluice::balancer

#endif  // SLUICE_BALANCER_HOST_VIEW_H_
