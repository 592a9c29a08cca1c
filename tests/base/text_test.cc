#include "proxy/base/text.h"

#include <gtest/gtest.h>

#include <vector>

namespace sluice {
namespace {

std::vector<std::string_view> Cut(std::string_view rest) {
  std::vector<std::string_view> parts;
  while (!rest.empty()) parts.push_back(CutNext(rest, ','));
  return parts;
}

TEST(Text, CaseIsAsciiOnly) {
  EXPECT_EQ(LowerCase("X-Forwarded-FOR @[`{ \xC4"), "x-forwarded-for @[`{ \xC4");
  EXPECT_TRUE(EqualsIgnoreCase("Content-Length", "content-LENGTH"));
  EXPECT_FALSE(EqualsIgnoreCase("content-length", "content-lengt"));
  EXPECT_FALSE(EqualsIgnoreCase("a@", "a`"));  // these differ by the case bit, and are no letters
  EXPECT_FALSE(EqualsIgnoreCase("[", "{"));
}

TEST(Text, TrimTakesSpacesAndTabsAndNothingElse) {
  EXPECT_EQ(TrimSpace(" \t value \t"), "value");
  EXPECT_EQ(TrimSpace("a b"), "a b");
  EXPECT_EQ(TrimSpace(" \t "), "");
  EXPECT_EQ(TrimSpace("\r\nx"), "\r\nx");
}

TEST(Text, CutNextWalksAListAndTrimsItsMembers) {
  EXPECT_EQ(Cut("gzip, chunked"), (std::vector<std::string_view>{"gzip", "chunked"}));
  EXPECT_EQ(Cut(" a ,,b"), (std::vector<std::string_view>{"a", "", "b"}));
  EXPECT_EQ(Cut("a,"), (std::vector<std::string_view>{"a"}));
  EXPECT_EQ(Cut(""), std::vector<std::string_view>{});
}

TEST(Text, ADecimalIsDigitsAllTheWayAndFits) {
  EXPECT_EQ(ParseDecimal("0"), 0u);
  EXPECT_EQ(ParseDecimal("007"), 7u);
  EXPECT_EQ(ParseDecimal("18446744073709551615"), UINT64_MAX);
  for (const char* text :
       {"", "-1", "+1", " 1", "1 ", "0x10", "1e3", "1.0", "18446744073709551616"}) {
    EXPECT_FALSE(ParseDecimal(text).has_value()) << text;
  }
}

TEST(Text, ATextMapIsAskedWithAViewOfAnything) {
  TextMap<int> map;
  map["host"] = 7;
  const std::string_view line = "host: shop.example";
  EXPECT_EQ(map.find(line.substr(0, 4))->second, 7);
  EXPECT_EQ(map.find(line.substr(0, 3)), map.end());
}

TEST(Text, Utf8IsWhatRfc3629Allows) {
  for (const char* text : {"", "plain",
                           "Stra\xc3\x9f"
                           "e",
                           "\xe2\x82\xac", "\xf0\x9f\x9b\x92"}) {
    EXPECT_TRUE(IsUtf8(text)) << text;
  }
  for (const char* text : {"\xc3", "\x80", "\xc0\xaf", "\xe2\x82", "\xed\xa0\x80",
                           "\xf4\x90\x80\x80", "caf\xe9 au lait"}) {
    EXPECT_FALSE(IsUtf8(text)) << text;
  }
}

}  // namespace
}  // namespace sluice
