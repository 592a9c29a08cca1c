// Orders: when the requests of a farm's load come and what work they ask for, out of a seed: the
// same for every proxy that is measured with it. Arrivals are Poisson; work is drawn as
// chance.h says. Pure.
//
// Cost: two draws and 12 bytes a request.
#ifndef SLUICE_BENCH_LOAD_STEADY_ORDERS_H_
#define SLUICE_BENCH_LOAD_STEADY_ORDERS_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "proxy/base/time.h"

namespace sluice::load {

struct Orders {
  std::vector<Duration> arrivals;  // from the first turn
  std::vector<uint32_t> works;
};

// `rate` a second; `deviation` of the work.
Orders DrawOrders(double rate, uint64_t requests, uint64_t seed,
                  std::optional<double> deviation = {});

}  // namespace sluice::load

#endif  // SLUICE_BENCH_LOAD_STEADY_ORDERS_H_
