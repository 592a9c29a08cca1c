#include "proxy/observe/histogram.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace sluice::observe {
namespace {

using namespace std::chrono_literals;

HistogramSnapshot Of(std::initializer_list<Duration> values) {
  Histogram histogram;
  for (const Duration value : values) histogram.Record(value);
  return histogram.Snapshot();
}

TEST(Histogram, IsEmptyAtFirst) {
  const HistogramSnapshot none = Histogram().Snapshot();
  EXPECT_EQ(none.count(), 0u);
  EXPECT_EQ(none.sum(), 0ns);
  EXPECT_EQ(none.Quantile(0.99), 0ns);
}

TEST(Histogram, ReadsADurationBackWithinAnEighth) {
  for (int64_t ns = 4000; ns < 130'000'000'000; ns += ns / 97 + 1) {
    const int64_t back = Of({Duration{ns}}).Quantile(0.5).count();
    ASSERT_LE(std::llabs(back - ns) * 8, ns) << ns << " came back as " << back;
  }
}

TEST(Histogram, BordersBelongToTheBucketBelow) {
  for (const Duration bound : kLatencyBounds) {
    EXPECT_EQ(Of({bound}).CountUpTo(bound), 1u) << bound.count();
    EXPECT_EQ(Of({bound + 1ns}).CountUpTo(bound), 0u) << bound.count();
  }
}

TEST(Histogram, BucketsNeverStepBack) {
  size_t last = 0;
  for (int64_t ns = -5; ns < 200'000'000'000; ns += std::abs(ns) / 50 + 1) {
    const size_t index = Histogram::Index(Duration{ns});
    ASSERT_GE(index, last);
    ASSERT_LE(index, last + 1);
    last = index;
  }
  EXPECT_EQ(last, HistogramSnapshot::kBuckets - 1);
}

TEST(Histogram, QuantilesFallWhereTheValuesAre) {
  Histogram histogram;
  for (int i = 0; i < 990; ++i) histogram.Record(1ms);
  for (int i = 0; i < 10; ++i) histogram.Record(1s);
  const HistogramSnapshot snapshot = histogram.Snapshot();
  EXPECT_NEAR(static_cast<double>(snapshot.Quantile(0.5).count()), 1e6, 1.25e5);
  EXPECT_NEAR(static_cast<double>(snapshot.Quantile(0.99).count()), 1e6, 1.25e5);
  EXPECT_NEAR(static_cast<double>(snapshot.Quantile(0.991).count()), 1e9, 1.25e8);
  EXPECT_NEAR(static_cast<double>(snapshot.Quantile(1).count()), 1e9, 1.25e8);
  EXPECT_NEAR(static_cast<double>(snapshot.Quantile(0).count()), 1e6, 1.25e5);
}

TEST(Histogram, BeyondTheLastBorderThatBorderIsGiven) {
  EXPECT_EQ(Of({1h}).Quantile(0.5), std::chrono::microseconds(1 << 27));
  EXPECT_EQ(Of({1h}).CountUpTo(kLatencyBounds.back()), 0u);
  EXPECT_EQ(Of({1h}).count(), 1u);
}

TEST(Histogram, NegativeTimesCountAsNone) {
  const HistogramSnapshot snapshot = Of({-5s});
  EXPECT_EQ(snapshot.sum(), 0ns);
  EXPECT_EQ(snapshot.CountUpTo(kLatencyBounds.front()), 1u);
}

TEST(Histogram, SnapshotsAddUpAndSubtract) {
  Histogram histogram;
  histogram.Record(1ms);
  const HistogramSnapshot before = histogram.Snapshot();
  histogram.Record(1s);
  const HistogramSnapshot since = histogram.Snapshot().Since(before);
  EXPECT_EQ(since.count(), 1u);
  EXPECT_EQ(since.sum(), 1s);
  HistogramSnapshot both = before;
  both += since;
  EXPECT_EQ(both.count(), 2u);
  EXPECT_EQ(both.sum(), 1001ms);
  EXPECT_EQ(both.CountUpTo(kLatencyBounds[3]), 1u);  // 1.024 ms
}

}  // namespace
}  // namespace sluice::observe
