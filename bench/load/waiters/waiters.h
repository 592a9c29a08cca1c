// RunWaiters: a crowd before a waiting room that does as it is told: each waiter comes once for the
// page, and then shows its ticket at the room's status address whenever the last answer said, over
// a few kept connections. Beside them shoppers who are inside ask for a page at a steady rate,
// before the crowd comes and while it waits.
//
// The course: shoppers come in and ask for `rest`; waiters come at `arrivals` a second; when all
// have come and `settle` is over, so that each has shown its ticket, the room is watched for
// `length`. The process under test is looked at (/proc) at the ends of these.
//
// One thread, 127.0.0.1. Cost: 80 bytes a waiter; two system calls a visit.
#ifndef SLUICE_BENCH_LOAD_WAITERS_WAITERS_H_
#define SLUICE_BENCH_LOAD_WAITERS_WAITERS_H_

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "proxy/base/time.h"

namespace sluice::load {

struct WaitersPlan {
  uint16_t port = 0;          // of 127.0.0.1
  std::string room = "sale";  // its name
  pid_t watched = 0;          // of whoever keeps the room; 0: nobody is looked at
  uint32_t waiters = 1;
  uint32_t connections = 1;  // that they share
  double arrivals = 1;       // of waiters, a second
  uint32_t shoppers = 1;     // inside: they come first, and are let in at once
  double pages = 1;          // a second, of all shoppers
  Duration rest{0};
  Duration settle{0};
  Duration length{0};
};

struct WaitersTally {
  uint64_t visits = 0;   // of waiters, answered, in `length`
  uint64_t strays = 0;   // waiters and shoppers that were not where the plan has them: let in, not
                         // told when to come again, without a ticket, refused, cut off
  Duration most_late{};  // a visit began so long after it was due: the load was too much for this
  double share = 0;      // of one processor, that the watched took in `length`
  int64_t grown = 0;     // bytes of its resident memory, from `rest` to the end
  std::vector<Duration> at_rest,
      in_crowd;  // what pages of shoppers took, from when they were due; entries aside
};

// An error when connections cannot be made, or the watched is gone.
absl::StatusOr<WaitersTally> RunWaiters(const WaitersPlan& plan);

}  // namespace sluice::load

#endif  // SLUICE_BENCH_LOAD_WAITERS_WAITERS_H_
