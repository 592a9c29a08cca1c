#include "conf/units.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

namespace sluice::conf {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

std::string Why(const absl::Status& status) {
  return std::string(status.message().data(), status.message().size());
}

TEST(UnitsTest, DurationsHaveUnits) {
  EXPECT_EQ(*ParseDuration("250ms"), 250ms);
  EXPECT_EQ(*ParseDuration("10s"), 10s);
  EXPECT_EQ(*ParseDuration("5m"), 5min);
  EXPECT_EQ(*ParseDuration("5min"), 5min);
  EXPECT_EQ(*ParseDuration("1h"), 1h);
  EXPECT_EQ(*ParseDuration("2d"), 48h);
  EXPECT_EQ(*ParseDuration("7us"), 7us);
  EXPECT_EQ(*ParseDuration("7ns"), 7ns);
}

TEST(UnitsTest, ZeroNeedsNoUnit) {
  EXPECT_EQ(*ParseDuration("0"), 0s);
  EXPECT_EQ(*ParseSize("0"), 0u);
  EXPECT_EQ(*ParseByteRate("0"), 0u);
}

TEST(UnitsTest, ADurationThatIsWrongSaysWhatItMayBe) {
  EXPECT_THAT(Why(ParseDuration("5").status()), HasSubstr("has no unit; write a number and ns"));
  EXPECT_THAT(Why(ParseDuration("5 s").status()), HasSubstr("unknown unit"));
  EXPECT_THAT(Why(ParseDuration("5S").status()), HasSubstr("unknown unit"));
  EXPECT_THAT(Why(ParseDuration("1.5s").status()), HasSubstr("fraction"));
  EXPECT_THAT(Why(ParseDuration("-5s").status()), HasSubstr("begin with a number"));
  EXPECT_THAT(Why(ParseDuration("").status()), HasSubstr("begin with a number"));
  EXPECT_THAT(Why(ParseDuration("s").status()), HasSubstr("begin with a number"));
}

TEST(UnitsTest, WhatDoesNotFitIsTooLargeAndNeverWraps) {
  EXPECT_EQ(*ParseDuration("9223372036854775807ns"), std::chrono::nanoseconds::max());
  EXPECT_THAT(Why(ParseDuration("9223372036854775808ns").status()), HasSubstr("too large"));
  EXPECT_THAT(Why(ParseDuration("106752d").status()), HasSubstr("too large"));
  EXPECT_THAT(Why(ParseDuration("99999999999999999999s").status()), HasSubstr("too large"));
  EXPECT_THAT(Why(ParseSize("8388608TiB").status()), HasSubstr("too large"));
}

TEST(UnitsTest, SizesKnowThousandsAndTwoToTheTenth) {
  EXPECT_EQ(*ParseSize("512B"), 512u);
  EXPECT_EQ(*ParseSize("64KiB"), 65536u);
  EXPECT_EQ(*ParseSize("1MiB"), 1048576u);
  EXPECT_EQ(*ParseSize("10KB"), 10000u);
  EXPECT_EQ(*ParseSize("3GiB"), 3221225472u);
  EXPECT_FALSE(ParseSize("64K").ok()) << "1000 or 1024?";
  EXPECT_FALSE(ParseSize("64kb").ok());
  EXPECT_FALSE(ParseSize("64").ok());
}

TEST(UnitsTest, ByteRatesArePerSecond) {
  EXPECT_EQ(*ParseByteRate("500B/s"), 500u);
  EXPECT_EQ(*ParseByteRate("1KiB/s"), 1024u);
  EXPECT_THAT(Why(ParseByteRate("500B").status()), HasSubstr("not per second"));
  EXPECT_FALSE(ParseByteRate("500B/min").ok());
}

TEST(UnitsTest, RatesAreCountsPerAnyTime) {
  EXPECT_EQ(*ParseRate("100/s"), (Rate{100, 1s}));
  EXPECT_EQ(*ParseRate("20/min"), (Rate{20, 1min}));
  EXPECT_EQ(*ParseRate("5/10s"), (Rate{5, 10s}));
  EXPECT_EQ(*ParseRate("1/250ms"), (Rate{1, 250ms}));
  for (const char* wrong : {"", "100", "/s", "100/", "0/s", "5/0s", "100/sec", "1.5/s", "5/10",
                            "1000000001/s", "1/367d"}) {
    EXPECT_FALSE(ParseRate(wrong).ok()) << wrong;
  }
}

TEST(UnitsTest, FormattingTakesTheLargestUnitWithoutAFraction) {
  EXPECT_EQ(FormatDuration(0s), "0s");
  EXPECT_EQ(FormatDuration(90s), "90s");
  EXPECT_EQ(FormatDuration(120s), "2min");
  EXPECT_EQ(FormatDuration(24h), "24h");
  EXPECT_EQ(FormatDuration(1500ms), "1500ms");
  EXPECT_EQ(FormatSize(0), "0B");
  EXPECT_EQ(FormatSize(65536), "64KiB");
  EXPECT_EQ(FormatSize(10000), "10000B");
  EXPECT_EQ(FormatByteRate(500), "500B/s");
  EXPECT_EQ(FormatRate({100, 1s}), "100/s");
  EXPECT_EQ(FormatRate({5, 10s}), "5/10s");
}

TEST(UnitsTest, WhatIsFormattedIsParsedToTheSame) {
  for (uint64_t value = 1; value < (uint64_t{1} << 61); value = value * 3 + 1) {
    const std::chrono::nanoseconds time(static_cast<int64_t>(value));
    EXPECT_EQ(*ParseDuration(FormatDuration(time)), time);
    EXPECT_EQ(*ParseSize(FormatSize(value)), value);
    EXPECT_EQ(*ParseByteRate(FormatByteRate(value)), value);
    const std::chrono::nanoseconds per = std::min(time, ratelimit::kLongestPeriod);
    const Rate rate{static_cast<uint64_t>(per.count()), per};
    EXPECT_EQ(*ParseRate(FormatRate(rate)), rate);
  }
}

}  // namespace
}  // namespace sluice::conf
