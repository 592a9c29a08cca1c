// MaglevTable: which host a key belongs to, as a table of a prime number of places that the hosts
// have filled in turn, each in an order of its own (D. Eisenbud et al., Maglev, NSDI 2016). When
// one of N hosts goes, its N-th of the keys moves and of the others about one in a hundred.
//
// Immutable; any thread. Cost: a look-up is one read. A place is four bytes, and there are at least
// a hundred for each host up to 2,600 hosts: 4 KiB for ten servers, 1 MiB for a thousand, built in
// about 10 us and 5 ms.
#ifndef SLUICE_BALANCER_MAGLEV_TABLE_H_
#define SLUICE_BALANCER_MAGLEV_TABLE_H_

#include <cstdint>
#include <span>
#include <vector>

#include "balancer/host_view.h"

namespace sluice::balancer {

class MaglevTable {
 public:
  // Of those `members` that have a weight, each by its weight. Their ids decide, not their order.
  MaglevTable(const HostView& hosts, std::span<const HostIndex> members);

  // Zero when no member has a weight.
  size_t size() const { return places_.size(); }
  // REQUIRES: size() > 0. `step` walks on from the key's place, to hosts in no order.
  HostIndex At(uint64_t key, size_t step = 0) const {
    return places_[(key % places_.size() + step) % places_.size()];
  }

 private:
  std::vector<HostIndex> places_;
};

}  // namespace sluice::balancer

#endif  // SLUICE_BALANCER_MAGLEV_TABLE_H_
