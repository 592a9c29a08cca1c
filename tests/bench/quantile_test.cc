#include "bench/load/quantile.h"

#include <gtest/gtest.h>

namespace sluice::load {
namespace {

using namespace std::chrono_literals;

// 1 us to `count` us, the largest first.
std::vector<Duration> UpTo(int count) {
  std::vector<Duration> values;
  for (int us = count; us > 0; --us) values.push_back(us * 1us);
  return values;
}

TEST(Quantile, OfNothingIsZero) {
  std::vector<Duration> none;
  EXPECT_EQ(Quantile(none, 500), 0ns);
}

TEST(Quantile, IsAValueThatWasMeasured) {
  auto values = UpTo(1000);
  EXPECT_EQ(Quantile(values, 500), 500us);
  EXPECT_EQ(Quantile(values, 990), 990us);
  EXPECT_EQ(Quantile(values, 999), 999us);
  EXPECT_EQ(Quantile(values, 1000), 1000us);
}

TEST(Quantile, OfFewValuesErrsUpwards) {
  auto values = UpTo(3);
  EXPECT_EQ(Quantile(values, 1), 1us);
  EXPECT_EQ(Quantile(values, 500), 2us);
  EXPECT_EQ(Quantile(values, 990), 3us);
}

}  // namespace
}  // namespace sluice::load
