// Uniform(), Exponential(), LogNormal(), DrawWork(): draws that are the same with every standard
// library, whose own distributions differ.
#ifndef SLUICE_BENCH_LOAD_CHANCE_H_
#define SLUICE_BENCH_LOAD_CHANCE_H_

#include <cmath>
#include <cstdint>
#include <optional>
#include <random>

#include "proxy/base/time.h"

namespace sluice::load {

inline double Uniform(std::mt19937_64& rng) { return static_cast<double>(rng() >> 11) * 0x1p-53; }
inline Duration Exponential(std::mt19937_64& rng, double mean_ns) {
  return Duration(static_cast<int64_t>(-std::log(1 - Uniform(rng)) * mean_ns));
}
// `deviation` is over the mean. Box and Muller's normal deviate, half of it unused.
inline Duration LogNormal(std::mt19937_64& rng, double mean_ns, double deviation) {
  constexpr double kTurn = 6.283185307179586;
  const double normal = std::sqrt(-2 * std::log(1 - Uniform(rng))) * std::cos(kTurn * Uniform(rng));
  const double variance = std::log(1 + deviation * deviation);
  return Duration(
      static_cast<int64_t>(mean_ns * std::exp(std::sqrt(variance) * normal - variance / 2)));
}

// What a request asks of a load_farm, in thousandths of its mean: exponential, or log-normal where
// there is a deviation. Never 0, which would not be counted (farm.h).
inline uint32_t DrawWork(std::mt19937_64& rng, std::optional<double> deviation) {
  constexpr double kMean = 1000;
  const Duration work = deviation ? LogNormal(rng, kMean, *deviation) : Exponential(rng, kMean);
  return static_cast<uint32_t>(1 + work.count());
}

}  // namespace sluice::load

#endif  // SLUICE_BENCH_LOAD_CHANCE_H_
