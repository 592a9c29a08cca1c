#include "bench/load/steady/orders.h"

#include "bench/load/chance.h"

namespace sluice::load {

Orders DrawOrders(double rate, uint64_t requests, uint64_t seed, std::optional<double> deviation) {
  // Two generators, so that another rate asks for the same work.
  std::mt19937_64 gaps(seed);
  std::mt19937_64 work(seed + 1'000'000'007);
  Orders orders;
  orders.arrivals.reserve(requests);
  orders.works.reserve(requests);
  Duration at{0};
  for (uint64_t request = 0; request < requests; ++request) {
    at += Exponential(gaps, 1e9 / rate);
    orders.arrivals.push_back(at);
    orders.works.push_back(DrawWork(work, deviation));
  }
  return orders;
}

}  // namespace sluice::load
