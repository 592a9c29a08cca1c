// ModelServer: an application server as arithmetic: so many slots, one queue before them, first
// come first served; it may stall, start cold, fail or refuse. When a request comes, it is known
// when it will be done. The simulated farms (bench/balance) and the real one (load_farm) are made
// of it, so that what is simulated is what is measured.
//
// It works on for the departed: what it has taken it finishes, whoever waits for it.
//
// One thread, no clock: times are arguments. Cost: linear in the slots.
#ifndef SLUICE_BENCH_LOAD_FARM_MODEL_SERVER_H_
#define SLUICE_BENCH_LOAD_FARM_MODEL_SERVER_H_

#include <cstdint>
#include <vector>

#include "proxy/base/time.h"

namespace sluice::load {

using namespace std::chrono_literals;

struct ServerModel {
  uint32_t weight = 1;
  uint32_t slots = 8;         // what it works on at once; the rest waits in its queue
  Duration mean = 10ms;       // of an exponential service time
  Duration stall_every = 0s;  // it stands still for the last `stall_length` of each; 0: never
  Duration stall_length = 0s;
  // New at the beginning: slow start, and `cold_factor` times slower, down to once after `cold`.
  Duration cold = 0s;
  double cold_factor = 5;
  double failing = 0;  // share of requests that fail after `fail_after` of work
  Duration fail_after = 1ms;
  uint32_t refuses_at = 0;  // answers 429 at once when it holds so many; 0: takes all
};

class ModelServer {
 public:
  // Its stalls are counted from `begin`, and so is its cold start.
  ModelServer(const ServerModel& model, TimePoint begin)
      : model_(model), begin_(begin), free_at_(model.slots, begin) {}

  const ServerModel& model() const { return model_; }

  // Gives `work` to the slot that is free first; when it will be done.
  TimePoint Take(TimePoint now, Duration work);

  // When a request that came now would be done, if its service took the mean.
  TimePoint Expected(TimePoint now) const;

  // It has so many slots from now on. New ones are free at once; of the old ones those go that are
  // free first, and nothing that was taken is done later for it. REQUIRES: at least one.
  void Resize(uint32_t slots, TimePoint now);

  // `work` as long as it takes while the server is cold.
  Duration Stretched(Duration work, TimePoint now) const;

 private:
  // When `work` begun at `at` is done: none of it is during a stall.
  TimePoint WorkedOff(TimePoint at, Duration work) const;

  ServerModel model_;
  TimePoint begin_;
  std::vector<TimePoint> free_at_;  // by slot
};

}  // namespace sluice::load

#endif  // SLUICE_BENCH_LOAD_FARM_MODEL_SERVER_H_
