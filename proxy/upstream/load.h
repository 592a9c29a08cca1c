// Load: how full the servers of a pool are, as far as is known what they carry: who stands at the
// door of a waiting room may come in while there is room.
//
// Threads: any. Cost: linear in the pool's servers; a few loads each.
#ifndef SLUICE_PROXY_UPSTREAM_LOAD_H_
#define SLUICE_PROXY_UPSTREAM_LOAD_H_

#include "proxy/base/time.h"
#include "proxy/upstream/cluster.h"

namespace sluice::upstream {

struct Load {
  double requests = 0;  // at the servers, and in the queue before them
  double carries = 0;   // requests at once; 0: without limit

  double share() const { return carries == 0 ? 0 : requests / carries; }
  // A little more than the servers hold keeps them busy between two looks: so much waits in the
  // queue when the last of a crowd is let in.
  bool HasRoom() const;
};

Load LoadOf(const Cluster& cluster, TimePoint now);

}  // namespace sluice::upstream

#endif  // SLUICE_PROXY_UPSTREAM_LOAD_H_
