// Quantile: the exact quantile of measured durations. No buckets: a run keeps every one of its
// values, 8 bytes each, and what is asked at its end is the value itself (nearest rank).
#ifndef SLUICE_BENCH_LOAD_QUANTILE_H_
#define SLUICE_BENCH_LOAD_QUANTILE_H_

#include <algorithm>
#include <cstddef>
#include <vector>

#include "proxy/base/time.h"

namespace sluice::load {

// The smallest value that at least `per_mille` thousandths of all do not exceed; 1000: the largest.
// Zero when there is none. Reorders `values`; linear in their number.
inline Duration Quantile(std::vector<Duration>& values, size_t per_mille) {
  if (values.empty()) return Duration::zero();
  const size_t rank = std::max<size_t>((values.size() * per_mille + 999) / 1000, 1);
  const auto at = values.begin() + static_cast<std::ptrdiff_t>(rank - 1);
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

// As the programs print it.
inline double Microseconds(Duration value) { return static_cast<double>(value.count()) / 1e3; }
inline double Seconds(Duration value) { return static_cast<double>(value.count()) / 1e9; }

}  // namespace sluice::load

#endif  // SLUICE_BENCH_LOAD_QUANTILE_H_
