#include "conf/expand.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::conf {
namespace {

std::optional<std::string> Variables(std::string_view name) {
  if (name == "TOKEN") return "s3cret";
  if (name == "EMPTY") return "";
  if (name == "TRICKY") return "${TOKEN}";
  return std::nullopt;
}

std::string Value(std::string_view text) {
  const absl::StatusOr<Expanded> expanded = Expand(text, Variables);
  if (expanded.ok()) return expanded->value;
  return "wrong: " +
         std::string(expanded.status().message().data(), expanded.status().message().size());
}

TEST(ExpandTest, VariablesAreFilledInWhereTheyStand) {
  EXPECT_EQ(Value("Bearer ${TOKEN}!"), "Bearer s3cret!");
  EXPECT_EQ(Value("${TOKEN}${TOKEN}"), "s3crets3cret");
  EXPECT_EQ(Value("${EMPTY}"), "");
}

TEST(ExpandTest, DefaultsStandInForWhatIsUnsetOrEmpty) {
  EXPECT_EQ(Value("${NOPE:-8080}"), "8080");
  EXPECT_EQ(Value("${EMPTY:-8080}"), "8080");
  EXPECT_EQ(Value("${TOKEN:-8080}"), "s3cret");
  EXPECT_EQ(Value("${NOPE:-}"), "");
  EXPECT_EQ(Value("${NOPE:-a:-b}"), "a:-b");
}

TEST(ExpandTest, AnUnsetVariableIsNamed) {
  EXPECT_THAT(Value("${NOPE}"), testing::HasSubstr("NOPE is not set"));
}

TEST(ExpandTest, ADollarAloneIsADollar) {
  EXPECT_EQ(Value("$5 {path} $ $$"), "$5 {path} $ $$");
  EXPECT_EQ(Value("$${TOKEN}"), "${TOKEN}");
  EXPECT_EQ(Value("a$${b} ${TOKEN}"), "a${b} s3cret");
}

TEST(ExpandTest, ValuesAreNotExpandedAgain) { EXPECT_EQ(Value("${TRICKY}"), "${TOKEN}"); }

TEST(ExpandTest, WhatIsNoVariableIsRefused) {
  for (const char* wrong : {"${", "${}", "${TOKEN", "${a b}", "${1A}", "${:-x}", "a ${"}) {
    EXPECT_THAT(Value(wrong), testing::HasSubstr("plain \"${\" is written \"$${\"")) << wrong;
  }
}

TEST(ExpandTest, SaysWhetherAnythingCameFromTheEnvironment) {
  EXPECT_TRUE(Expand("${NOPE:-x}", Variables)->from_environment);
  EXPECT_FALSE(Expand("$${TOKEN}", Variables)->from_environment);
  EXPECT_FALSE(Expand("x", nullptr)->from_environment);
  EXPECT_FALSE(Expand("${TOKEN}", nullptr).ok());
}

}  // namespace
}  // namespace sluice::conf
