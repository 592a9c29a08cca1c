#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "bench/load/sale/report.h"

namespace sluice::load {

using testing::HasSubstr;

TEST(SaleReport, IsOneLineWithTotalsAndARowForEachSecond) {
  demo::SaleFigures figures;
  figures.shoppers = 9000;
  figures.window_s = 25.5;
  figures.purchases = 2000;
  figures.line.shoppers = 700;
  figures.line.most_overtaken = std::chrono::milliseconds(1250);
  figures.lost_place = 3;
  demo::CrowdCounts counts;
  counts.reloads = 40;
  counts.asked[1] = 7;
  counts.pages[1] = 5;
  figures.sale_p99[1] = std::chrono::milliseconds(250);
  std::vector<demo::SaleSecond> seconds(2);
  seconds[0].at_s = -1;
  seconds[1].came = 450;
  const std::string text = SaleJson(figures, counts, seconds);
  EXPECT_THAT(text, HasSubstr(R"("shoppers":9000,)"));
  EXPECT_THAT(text, HasSubstr(R"("window_s":25.50,"purchases":2000,)"));
  EXPECT_THAT(text, HasSubstr(R"("lined_up":700,"most_line_s":0.0,"most_overtaken_s":1.2,)"));
  EXPECT_THAT(text, HasSubstr(R"("lost_place":3,"reloads":40,)"));
  EXPECT_THAT(text,
              HasSubstr(R"("product":{"asked":7,"seen":5,"rest_p99_ms":0.0,"p99_ms":250.0})"));
  EXPECT_THAT(text, HasSubstr(R"("columns":["at_s","came","bought",)"));
  EXPECT_THAT(text, HasSubstr(R"("seconds":[[-1.0,0,0,)"));
  EXPECT_THAT(text, HasSubstr("],[0.0,450,0,"));
  EXPECT_TRUE(text.starts_with('{') && text.ends_with("]]}"));
  EXPECT_EQ(text.find('\n'), std::string::npos);
}

}  // namespace sluice::load
