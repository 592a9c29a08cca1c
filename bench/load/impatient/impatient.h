// RunImpatient: many clients that ask, wait for the answer and ask again (closed loop), of whom a
// share leaves in the middle of a request: hangs up at some moment within its patience and comes
// back at once on a new connection. What a shop's visitors do when pages take long.
//
// One thread. Cost: two system calls a request, four more for one that is left.
#ifndef SLUICE_BENCH_LOAD_IMPATIENT_IMPATIENT_H_
#define SLUICE_BENCH_LOAD_IMPATIENT_IMPATIENT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "proxy/base/time.h"

namespace sluice::load {

struct ImpatientPlan {
  uint16_t port = 0;  // of 127.0.0.1
  std::string path = "/";
  uint32_t clients = 1;
  std::optional<double> deviation = {};  // of the work they ask for (chance.h)
  // They come from 127.0.0.`first_host` and those after it, in turn.
  uint32_t first_host = 1;
  uint32_t hosts = 1;
  double leaving = 0;    // share of requests whose client hangs up, unless answered before
  Duration patience{0};  // a leaving client hangs up evenly within this
  Duration length{0};
  uint64_t seed = 1;
};

struct ImpatientTally {
  uint64_t answered = 0;
  uint64_t left = 0;
  uint64_t errors = 0;              // another status than 200, or a connection lost under a request
  std::vector<Duration> latencies;  // of the answered
};

// An error when the first connections cannot be made. Each request asks for work of its own, as
// those of a farm do (steady.h).
absl::StatusOr<ImpatientTally> RunImpatient(const ImpatientPlan& plan);

}  // namespace sluice::load

#endif  // SLUICE_BENCH_LOAD_IMPATIENT_IMPATIENT_H_
