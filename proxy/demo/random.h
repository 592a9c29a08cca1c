// Random: the storefront's chance. Small, seeded, the same on every machine, so that two runs with
// one seed draw the same service times. Not for anything secret.
#ifndef SLUICE_PROXY_DEMO_RANDOM_H_
#define SLUICE_PROXY_DEMO_RANDOM_H_

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>

namespace sluice::demo {

class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  // SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014).
  uint64_t Next() {
    uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  double Unit() { return static_cast<double>(Next() >> 11) * 0x1p-53; }  // [0, 1)

  // Time to the next of events that come by chance, one in `mean` on average.
  double Exponential(double mean) { return -std::log(1 - Unit()) * mean; }

  // A factor with median 1: log-normal with sigma 0.5, as page times of web shops roughly are (the
  // slowest percent takes 3 times the median). Cut at 10 so that no test waits for a freak.
  double ServiceFactor() {
    const double radius = std::sqrt(-2 * std::log(1 - Unit()));
    return std::min(10.0, std::exp(0.5 * radius * std::cos(2 * std::numbers::pi * Unit())));
  }

 private:
  uint64_t state_;
};

}  // namespace sluice::demo

#endif  // SLUICE_PROXY_DEMO_RANDOM_H_
