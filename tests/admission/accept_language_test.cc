#include "proxy/admission/accept_language.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sluice::admission {
namespace {

std::string Chosen(std::string_view accept_language,
                   const std::vector<std::string_view>& tags = {"en", "de", "pt-BR", "pt"}) {
  return std::string(tags[ChooseLanguage(accept_language, tags)]);
}

TEST(AcceptLanguage, WithoutAWishItIsTheFirst) {
  EXPECT_EQ(Chosen(""), "en");
  EXPECT_EQ(Chosen("*"), "en");
  EXPECT_EQ(Chosen("fr, es;q=0.5"), "en");
  EXPECT_EQ(Chosen(" , ;q=1,,"), "en");
}

TEST(AcceptLanguage, TheHighestWeightWinsAndThenTheFirstNamed) {
  EXPECT_EQ(Chosen("de"), "de");
  EXPECT_EQ(Chosen("en;q=0.8, de"), "de");
  EXPECT_EQ(Chosen("de;q=0.5, en;q=0.7"), "en");
  EXPECT_EQ(Chosen("de;q=0.5, en;q=0.5"), "de");
  EXPECT_EQ(Chosen("de-DE,de;q=0.9,en-US;q=0.8,en;q=0.7"), "de");
  EXPECT_EQ(Chosen("fr-CH, fr;q=0.9, de;q=0.7, en;q=0.5, *;q=0.3"), "de");
}

TEST(AcceptLanguage, ARangeIsServedByWhatItMakesMoreExact) {
  EXPECT_EQ(Chosen("de-AT"), "de");
  EXPECT_EQ(Chosen("DE-at-1996"), "de");
  EXPECT_EQ(Chosen("pt-BR"), "pt-BR");
  EXPECT_EQ(Chosen("pt-PT"), "pt");
  EXPECT_EQ(Chosen("pt-BR", {"en", "pt", "pt-BR"}), "pt-BR");
}

TEST(AcceptLanguage, ALanguageIsServedByOneOfItsVarieties) {
  EXPECT_EQ(Chosen("zh", {"en", "zh-Hant"}), "zh-Hant");
}

TEST(AcceptLanguage, ATagIsNotItsFirstLetters) {
  EXPECT_EQ(Chosen("der"), "en");
  EXPECT_EQ(Chosen("d"), "en");
}

TEST(AcceptLanguage, WhatIsRefusedIsNotServed) {
  EXPECT_EQ(Chosen("de;q=0"), "en");
  EXPECT_EQ(Chosen("de;q=0.000, *"), "en");
}

TEST(AcceptLanguage, AnEndlessListIsNotReadToItsEnd) {
  std::string list;
  for (size_t i = 0; i < kMostRanges; ++i) list += "xx,";
  EXPECT_EQ(Chosen(list + "de"), "en");
  EXPECT_EQ(Chosen(list.substr(3) + "de"), "de");
}

}  // namespace
}  // namespace sluice::admission
