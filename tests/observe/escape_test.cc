#include "proxy/observe/escape.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::observe {
namespace {

std::string Escaped(std::string_view text, Escape escape, size_t cap = 1000) {
  std::string out = "|";  // what is there already stays
  AppendEscaped(text, escape, cap, out);
  EXPECT_EQ(out[0], '|');
  EXPECT_LE(out.size(), cap + 1);
  return out.substr(1);
}
std::string Json(std::string_view text, size_t cap = 1000) {
  return Escaped(text, Escape::kJson, cap);
}
std::string Text(std::string_view text, size_t cap = 1000) {
  return Escaped(text, Escape::kText, cap);
}

TEST(Escape, LeavesPlainTextAlone) {
  EXPECT_EQ(Json("/shop?q=a b&c=~"), "/shop?q=a b&c=~");
  EXPECT_EQ(Text("/shop?q=a b&c=~"), "/shop?q=a b&c=~");
  EXPECT_EQ(Json(""), "");
}

TEST(Escape, NothingEndsAStringOrALine) {
  EXPECT_EQ(Json("a\"b\\c\r\n\t\x7f"), R"(a\"b\\c\u000d\u000a\u0009\u007f)");
  EXPECT_EQ(Text("a\"b\\c\r\n\t\x7f"), R"(a\x22b\x5cc\x0d\x0a\x09\x7f)");
  EXPECT_EQ(Json(std::string_view("\0", 1)), R"(\u0000)");
}

TEST(Escape, JsonKeepsUtf8AndReplacesWhatIsNone) {
  EXPECT_EQ(Json("K\xc3\xa4se \xe2\x82\xac \xf0\x9f\xa7\x80"),
            "K\xc3\xa4se \xe2\x82\xac \xf0\x9f\xa7\x80");
  EXPECT_EQ(Json("\xe4x"), R"(\ufffdx)");                         // Latin-1
  EXPECT_EQ(Json("\xc0\xaf"), R"(\ufffd\ufffd)");                 // overlong '/'
  EXPECT_EQ(Json("\xed\xa0\x80"), R"(\ufffd\ufffd\ufffd)");       // a surrogate
  EXPECT_EQ(Json("\xf5\x80\x80\x80").substr(0, 6), R"(\ufffd)");  // beyond U+10FFFF
  EXPECT_EQ(Json("\xe2\x82"), R"(\ufffd\ufffd)");                 // cut in the middle
  EXPECT_EQ(Json("\xe0\x80\xaf"), R"(\ufffd\ufffd\ufffd)");       // overlong in three
  EXPECT_EQ(Json("\xf0\x80\x80\xaf"), R"(\ufffd\ufffd\ufffd\ufffd)");
}

TEST(Escape, NoCommandReachesATerminal) {
  EXPECT_EQ(Json("\x1b[2J"), R"(\u001b[2J)");
  EXPECT_EQ(Json("\xc2\x9b"
                 "2J"),
            R"(\u009b2J)");
  EXPECT_EQ(Json("\xc2\xa0"), "\xc2\xa0");
  EXPECT_EQ(Text("\xc2\x9b"), R"(\xc2\x9b)");
}

TEST(Escape, ALongTextIsCutWithAMark) {
  EXPECT_EQ(Json("0123456789", 10), "0123456789");
  EXPECT_EQ(Json("0123456789a", 10), "0123456...");
  EXPECT_EQ(Text("abc", 3), "abc");
  EXPECT_EQ(Text("abcd", 3), "...");
}

TEST(Escape, NothingIsCutInTheMiddleOfAnEscapeOrACharacter) {
  EXPECT_EQ(Json("\n\n\n", 12), R"(\u000a...)");
  EXPECT_EQ(Json("\n\n", 12), R"(\u000a\u000a)");
  EXPECT_EQ(Json("\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac", 8), "\xe2\x82\xac...");
  EXPECT_EQ(Text("ab\"cdef", 10), "ab\\x22cdef");
  EXPECT_EQ(Text("ab\"cdef", 9), "ab\\x22...");
  EXPECT_EQ(Text("ab\"cdef", 8), "ab...");
}

TEST(Escape, HoldsToItsCapForEveryLengthAndMixture) {
  const std::string text =
      "ab\"\xe2\x82\xac\x01"
      "cdefgh\xff\\";
  for (size_t cap = 3; cap < 60; ++cap) {
    EXPECT_LE(Json(text, cap).size(), cap);
    EXPECT_LE(Text(text, cap).size(), cap);
  }
}

}  // namespace
}  // namespace sluice::observe
