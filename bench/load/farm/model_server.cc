#include "bench/load/farm/model_server.h"

#include <algorithm>
#include <functional>

#include "bench/load/quantile.h"

namespace sluice::load {

TimePoint ModelServer::Take(TimePoint now, Duration work) {
  TimePoint& slot = *std::min_element(free_at_.begin(), free_at_.end());
  slot = WorkedOff(std::max(slot, now), work);
  return slot;
}

TimePoint ModelServer::Expected(TimePoint now) const {
  return WorkedOff(std::max(*std::min_element(free_at_.begin(), free_at_.end()), now),
                   Stretched(model_.mean, now));
}

void ModelServer::Resize(uint32_t slots, TimePoint now) {
  std::sort(free_at_.begin(), free_at_.end(), std::greater<>());
  free_at_.resize(slots, now);
}

Duration ModelServer::Stretched(Duration work, TimePoint now) const {
  const Duration age = now - begin_;
  if (age >= model_.cold) return work;
  const double left = 1 - Seconds(age) / Seconds(model_.cold);
  return Duration(static_cast<int64_t>(static_cast<double>(work.count()) *
                                       (1 + (model_.cold_factor - 1) * left)));
}

TimePoint ModelServer::WorkedOff(TimePoint at, Duration work) const {
  if (model_.stall_every == Duration::zero()) return at + work;
  for (;;) {
    const TimePoint end = at - (at - begin_) % model_.stall_every + model_.stall_every;
    const Duration until_stall = end - model_.stall_length - at;
    if (work <= until_stall) return at + work;
    work -= std::max(until_stall, Duration::zero());
    at = end;
  }
}

}  // namespace sluice::load
