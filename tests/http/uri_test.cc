// Paths have a corpus of their own: corpus_test.cc.
#include "proxy/http/uri.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::http {
namespace {

std::string Split(Method method, std::string_view text) {
  const std::optional<Target> target = SplitTarget(method, text);
  if (!target) return "refused";
  static constexpr std::string_view kForms[] = {"origin", "absolute", "authority", "asterisk"};
  std::string out(kForms[static_cast<size_t>(target->form)]);
  for (const std::string_view part : {target->scheme, target->authority, target->path}) {
    out.append(" [").append(part).append("]");
  }
  if (target->has_query) out.append(" ?[").append(target->query).append("]");
  return out;
}

std::string Host(std::string_view authority) {
  Arena arena;
  const std::optional<std::string_view> host = NormalizeHost(authority, arena);
  return host ? std::string(*host) : "refused";
}

TEST(SplitTargetTest, AnOriginFormIsAPathAndPerhapsAQuery) {
  EXPECT_EQ(Split(Method::kGet, "/a/b"), "origin [] [] [/a/b]");
  EXPECT_EQ(Split(Method::kGet, "/a?"), "origin [] [] [/a] ?[]");
  EXPECT_EQ(Split(Method::kGet, "/a?b=/c?d"), "origin [] [] [/a] ?[b=/c?d]");
}

TEST(SplitTargetTest, AnAbsoluteFormHasASchemeAndAnAuthority) {
  EXPECT_EQ(Split(Method::kGet, "http://a:80/b?c"), "absolute [http] [a:80] [/b] ?[c]");
  EXPECT_EQ(Split(Method::kGet, "HTTPS://a"), "absolute [HTTPS] [a] [/]");
  EXPECT_EQ(Split(Method::kGet, "http://a?b"), "absolute [http] [a] [/] ?[b]");
  EXPECT_EQ(Split(Method::kOptions, "http://a"), "absolute [http] [a] [*]");
  EXPECT_EQ(Split(Method::kGet, "http:///b"), "refused");
  EXPECT_EQ(Split(Method::kGet, "ws://a/"), "refused");
}

TEST(SplitTargetTest, TheOtherFormsBelongToTheirMethods) {
  EXPECT_EQ(Split(Method::kOptions, "*"), "asterisk [] [] [*]");
  EXPECT_EQ(Split(Method::kGet, "*"), "refused");
  EXPECT_EQ(Split(Method::kConnect, "a:443"), "authority [] [a:443] []");
  EXPECT_EQ(Split(Method::kConnect, "/a"), "refused");
  EXPECT_EQ(Split(Method::kGet, "a:443"), "refused");
}

TEST(SplitTargetTest, OnlyVisibleAsciiWithoutAFragmentIsATarget) {
  for (const std::string_view text : {"", "/a b", "/a\tb", "/a#b", "/\x7f", "/\xc3\xa4"}) {
    EXPECT_EQ(Split(Method::kGet, text), "refused") << text;
  }
  EXPECT_EQ(Split(Method::kGet, std::string_view("/\0", 2)), "refused");
}

TEST(NormalizePathTest, ANormalPathIsNotCopied) {
  Arena arena;
  const std::string_view path = "/static/site.css";
  EXPECT_EQ(NormalizePath(path, arena).path.data(), path.data());
}

TEST(NormalizePathTest, APathThatOnlyGrowsStaysInItsRoom) {
  Arena arena;
  const std::string raw = "/" + std::string(4000, '\\') + std::string(4000, '%');
  const NormalPath normal = NormalizePath(raw, arena);
  EXPECT_EQ(normal.path.size(), 1u + 3 * 8000);
  EXPECT_TRUE(normal.ambiguous);
}

TEST(NormalizePathTest, WithoutALeadingSlashOneIsPutThere) {
  Arena arena;
  EXPECT_EQ(NormalizePath("", arena).path, "/");
  EXPECT_EQ(NormalizePath("a/b", arena).path, "/a/b");
}

TEST(NormalizeHostTest, CasePortAndFinalDotAreNoPartOfAHost) {
  EXPECT_EQ(Host("Shop.Example:8080"), "shop.example");
  EXPECT_EQ(Host("shop.example."), "shop.example");
  EXPECT_EQ(Host("shop.example.:80"), "shop.example");
  EXPECT_EQ(Host("127.0.0.1"), "127.0.0.1");
  EXPECT_EQ(Host("[2001:DB8::1]:80"), "[2001:db8::1]");
}

TEST(NormalizeHostTest, WhatIsNoHostIsRefused) {
  for (const std::string_view text :
       {"",         ".",       "..",     "a..b",   ".a",        "a:",   "a:x",  "a:65536",
        "a:080080", "a:80:80", "u@a",    "a/b",    "a,b",       "a%41", "[::1", "::1",
        "[]",       "[a]",     "[::1]:", "[::1]x", "[1.2.3.4]", "a b"}) {
    EXPECT_EQ(Host(text), "refused") << text;
  }
  EXPECT_EQ(Host(std::string(255, 'a')), std::string(255, 'a'));
  EXPECT_EQ(Host(std::string(256, 'a')), "refused");
}

}  // namespace
}  // namespace sluice::http
