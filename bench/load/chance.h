// Uniform(), Exponential(): draws that are the same with every standard library, whose own
// distributions differ.
#ifndef SLUICE_BENCH_LOAD_CHANCE_H_
#define SLUICE_BENCH_LOAD_CHANCE_H_

#include <cmath>
#include <cstdint>
#include <random>

#include "proxy/base/time.h"

namespace sluice::load {

inline double Uniform(std::mt19937_64& rng) { return static_cast<double>(rng() >> 11) * 0x1p-53; }
inline Duration Exponential(std::mt19937_64& rng, double mean_ns) {
  return Duration(static_cast<int64_t>(-std::log(1 - Uniform(rng)) * mean_ns));
}

}  // namespace sluice::load

#endif  // SLUICE_BENCH_LOAD_CHANCE_H_
