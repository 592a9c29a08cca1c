#include "proxy/http/accept.h"

#include <gtest/gtest.h>

namespace sluice::http {
namespace {

TEST(AcceptTest, ChoosesBetweenHtmlAndJson) {
  EXPECT_FALSE(PrefersJson(""));
  EXPECT_FALSE(PrefersJson("*/*"));
  EXPECT_FALSE(PrefersJson("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"));
  EXPECT_FALSE(PrefersJson("text/html, application/json"));
  EXPECT_FALSE(PrefersJson("application/json;q=0, */*"));
  EXPECT_FALSE(PrefersJson("application/json;q=0.5, text/*;q=0.6"));
  EXPECT_FALSE(PrefersJson("image/png"));
  EXPECT_TRUE(PrefersJson("application/json"));
  EXPECT_TRUE(PrefersJson("application/json, text/plain, */*"));
  EXPECT_TRUE(PrefersJson("text/html;q=0.9, application/json;q=0.95"));
  EXPECT_TRUE(PrefersJson("Application/JSON; charset=utf-8; q=1.0"));
  EXPECT_TRUE(PrefersJson("application/*, */*;q=0.1"));
}

TEST(AcceptTest, AWeightIsReadInThousandths) {
  EXPECT_EQ(WeightOf(""), 1000);
  EXPECT_EQ(WeightOf("level=1; Q=0.25"), 250);
  EXPECT_EQ(WeightOf("q=0"), 0);
  EXPECT_EQ(WeightOf("q=0.001"), 1);
  EXPECT_EQ(WeightOf("q=1.0"), 1000);
  EXPECT_EQ(WeightOf("quality=0"), 1000);
}

}  // namespace
}  // namespace sluice::http
