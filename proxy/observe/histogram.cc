#include "proxy/observe/histogram.h"

#include <algorithm>
#include <cmath>

namespace sluice::observe {
namespace {

// Upper border of a bucket in microseconds, inclusive; the inverse of Histogram::Index.
constexpr uint64_t UpperUs(size_t index) {
  if (index < 4) return index + 1;
  const size_t power = index / 4 + 1;
  return (uint64_t{4} + index % 4 + 1) << (power - 2);
}

constexpr size_t kBeyond = HistogramSnapshot::kBuckets - 1;
static_assert(UpperUs(3) == 4 && UpperUs(4) == 5 && UpperUs(kBeyond - 1) == uint64_t{1} << 27);

}  // namespace

Duration HistogramSnapshot::Quantile(double q) const {
  if (count_ == 0) return Duration{};
  const auto wanted =
      static_cast<uint64_t>(std::ceil(std::clamp(q, 0.0, 1.0) * static_cast<double>(count_)));
  uint64_t seen = 0;
  size_t index = 0;
  for (; index < kBeyond; ++index) {
    seen += buckets_[index];
    if (seen >= std::max<uint64_t>(wanted, 1)) break;
  }
  const uint64_t lower_us = index == 0 ? 0 : UpperUs(index - 1);
  const uint64_t upper_us = index == kBeyond ? lower_us : UpperUs(index);
  return Duration{static_cast<int64_t>((lower_us + upper_us) * 1000 / 2)};
}

uint64_t HistogramSnapshot::CountUpTo(Duration bound) const {
  const size_t last = Histogram::Index(bound);
  uint64_t count = 0;
  for (size_t i = 0; i <= last; ++i) count += buckets_[i];
  return count;
}

HistogramSnapshot& HistogramSnapshot::operator+=(const HistogramSnapshot& other) {
  for (size_t i = 0; i < kBuckets; ++i) buckets_[i] += other.buckets_[i];
  count_ += other.count_;
  sum_ += other.sum_;
  return *this;
}

HistogramSnapshot HistogramSnapshot::Since(const HistogramSnapshot& earlier) const {
  HistogramSnapshot delta;
  for (size_t i = 0; i < kBuckets; ++i) delta.buckets_[i] = buckets_[i] - earlier.buckets_[i];
  delta.count_ = count_ - earlier.count_;
  delta.sum_ = sum_ - earlier.sum_;
  return delta;
}

HistogramSnapshot Histogram::Snapshot() const {
  HistogramSnapshot snapshot;
  for (size_t i = 0; i < buckets_.size(); ++i) {
    snapshot.buckets_[i] = buckets_[i].value();
    // Summed here rather than counted apart: a count that disagreed with its buckets would make
    // Prometheus draw negative rates.
    snapshot.count_ += snapshot.buckets_[i];
  }
  snapshot.sum_ = Duration{static_cast<int64_t>(sum_ns_.value())};
  return snapshot;
}

}  // namespace sluice::observe
