#include "proxy/http/cookie.h"

#include <gtest/gtest.h>

#include "proxy/base/arena.h"

namespace sluice::http {
namespace {

TEST(CookieTest, TheFirstOfThatNameInWhateverFieldItIsCounts) {
  Arena arena;
  Fields fields(arena);
  fields.Add("X-Id", "id=wrong");
  fields.Add("Cookie", "a=1; idx=2");
  fields.Add("Cookie", "id=\"3\"; id=4");
  EXPECT_EQ(FindCookie(fields, "id"), "3");
  EXPECT_EQ(FindCookie(fields, "a"), "1");
  EXPECT_EQ(FindCookie(fields, "A"), std::nullopt) << "names of cookies have case";
  EXPECT_EQ(FindCookie(fields, "2"), std::nullopt);
}

TEST(CookieTest, ASetCookieIsKnownByItsName) {
  EXPECT_TRUE(SetsCookie({"set-cookie", "id=1; Path=/"}, "id"));
  EXPECT_TRUE(SetsCookie({"Set-Cookie", "id =; Max-Age=0"}, "id"));
  EXPECT_FALSE(SetsCookie({"Set-Cookie", "idx=1; id=2"}, "id"));
  EXPECT_FALSE(SetsCookie({"Cookie", "id=1"}, "id"));
}

}  // namespace
}  // namespace sluice::http
