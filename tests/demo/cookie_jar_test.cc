#include "proxy/demo/cookie_jar.h"

#include <gtest/gtest.h>

namespace sluice::demo {

TEST(CookieJar, KeepsTheLatestOfEachName) {
  CookieJar jar;
  EXPECT_EQ(jar.Field(), "");
  jar.Take("cart=1.1; Path=/; HttpOnly");
  jar.Take("room = abc=def ; Max-Age=600");
  EXPECT_EQ(jar.Field(), "cart=1.1; room=abc=def");
  jar.Take("cart=1.2");
  EXPECT_EQ(jar.Field(), "cart=1.2; room=abc=def");
}

TEST(CookieJar, AnAgeThatIsOverDeletes) {
  CookieJar jar;
  jar.Take("a=1");
  jar.Take("b=2");
  jar.Take("c=3");
  jar.Take("a=; Path=/; Max-Age=0");
  EXPECT_EQ(jar.Field(), "b=2; c=3");
  jar.Take("b=x; max-age=-1");
  jar.Take("c=; Expires=Thu, 01 Jan 1970 00:00:00 GMT");
  jar.Take("d=; Max-Age=0");
  EXPECT_EQ(jar.Field(), "");
}

TEST(CookieJar, IsBoundedAndTakesNoNonsense) {
  CookieJar jar;
  jar.Take("");
  jar.Take("=value");
  EXPECT_EQ(jar.Field(), "");
  for (size_t i = 0; i < 2 * CookieJar::kMostCookies; ++i) {
    jar.Take("cookie" + std::to_string(i) + "=x");
  }
  EXPECT_EQ(jar.Field().find("cookie" + std::to_string(CookieJar::kMostCookies)),
            std::string::npos);
  EXPECT_NE(jar.Field().find("cookie0=x"), std::string::npos);
}

}  // namespace sluice::demo
