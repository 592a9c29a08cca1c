#include "proxy/http/escape.h"

#include <gtest/gtest.h>

namespace sluice::http {
namespace {

TEST(EscapeTest, WhatNeedsNoEscapeIsNotCopied) {
  Arena arena;
  const std::string_view plain = "/a/b?c=d";
  EXPECT_EQ(EscapeHtml(plain, arena).data(), plain.data());
  EXPECT_EQ(EscapeJson(plain, arena).data(), plain.data());
  EXPECT_EQ(EscapeLocation(plain, arena).data(), plain.data());
}

TEST(EscapeTest, NothingLeavesTheTextItIsPutInto) {
  Arena arena;
  EXPECT_EQ(EscapeHtml("<b a='\"'>&", arena), "&lt;b a=&#39;&quot;&#39;&gt;&amp;");
  EXPECT_EQ(EscapeJson("\"\\\n</x>&", arena), "\\\"\\\\\\u000a\\u003c/x\\u003e\\u0026");
  EXPECT_EQ(EscapeLocation("/a b\r\\\xc3", arena), "/a%20b%0D%5C%C3");
}

}  // namespace
}  // namespace sluice::http
