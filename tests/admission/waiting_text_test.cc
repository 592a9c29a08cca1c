#include "proxy/admission/waiting_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>

#include "proxy/http/escape.h"

namespace sluice::admission {
namespace {

using testing::HasSubstr;

std::string Fault(std::string_view content) {
  const auto text = WaitingText::Parse("fr.txt", content);
  return text.ok() ? "good" : std::string(text.status().message());
}

TEST(WaitingText, EnglishIsTheFirstAndGermanTheSecond) {
  const auto built_in = WaitingText::BuiltIn();
  ASSERT_EQ(built_in.size(), 2u);
  EXPECT_EQ(built_in[0].language(), "en");
  EXPECT_EQ(built_in[1].language(), "de");
}

TEST(WaitingText, EveryTextOfTheSecondLanguageIsItsOwn) {
  const auto built_in = WaitingText::BuiltIn();
  for (size_t i = 0; i < static_cast<size_t>(TextId::kCount); ++i) {
    const auto id = static_cast<TextId>(i);
    if (id == TextId::kDirection) continue;
    EXPECT_NE(built_in[0][id], built_in[1][id]) << i;
  }
}

TEST(WaitingText, AFileIsLinesOfNamesAndTexts) {
  const auto text = WaitingText::Parse("fr.txt",
                                       "\xef\xbb\xbf# French\r\n\r\nlanguage = fr\r\n"
                                       "thousands =\n"
                                       "  title.waiting=Vous êtes dans la file = bien  \n"
                                       "ahead.other = {n} personnes");
  ASSERT_TRUE(text.ok()) << text.status();
  EXPECT_EQ(text->language(), "fr");
  EXPECT_EQ((*text)[TextId::kThousands], "");
  EXPECT_EQ((*text)[TextId::kTitleWaiting], "Vous êtes dans la file = bien");
  EXPECT_EQ((*text)[TextId::kAheadOther], "{n} personnes");
}

TEST(WaitingText, WhatIsMissingIsEnglish) {
  const auto text = WaitingText::Parse("fr.txt", "language = fr");
  ASSERT_TRUE(text.ok());
  EXPECT_EQ((*text)[TextId::kTitleFull], "The waiting room is full");
}

TEST(WaitingText, WhatIsMissingInAVarietyIsItsLanguages) {
  const auto text = WaitingText::Parse("ch.txt", "language = de-CH\nthousands = '");
  ASSERT_TRUE(text.ok());
  EXPECT_EQ((*text)[TextId::kTitleFull], "Der Warteraum ist voll");
}

TEST(WaitingText, AnErrorNamesFileLineAndTheNearestName) {
  EXPECT_EQ(Fault("language = fr\ntitel.waiting = x"),
            "fr.txt:2: there is no text 'titel.waiting'; did you mean 'title.waiting'?");
  EXPECT_EQ(Fault("# one\n\nlanguage = fr\nnonsense"), "fr.txt:4: must be: name = text");
  EXPECT_EQ(Fault("language = fr\nwait.soon = a\nwait.soon = b"),
            "fr.txt:3: 'wait.soon' is given in line 2 already");
  EXPECT_EQ(Fault("language = fr\nwait.soon ="), "fr.txt:2: 'wait.soon' has no text");
  EXPECT_EQ(Fault("language = fr\nwait.soon = \xff"), "fr.txt:2: is not UTF-8");
  EXPECT_EQ(Fault("language = fr\ndirection = left"), "fr.txt:2: 'direction' must be ltr or rtl");
}

TEST(WaitingText, AFileMustSayWhoseWordsTheyAre) {
  EXPECT_EQ(Fault("title.waiting = x"), "fr.txt: must say whose words they are: language = fr");
  EXPECT_EQ(Fault(""), "fr.txt: must say whose words they are: language = fr");
  for (const char* tag : {"x", "français", "fr_FR", "fr\" onload=\"", "-fr"}) {
    EXPECT_THAT(Fault(std::string("language = ") + tag), HasSubstr("must be a tag")) << tag;
  }
}

TEST(WaitingText, NumbersStandWhereEnglishHasThem) {
  EXPECT_THAT(Fault("language = fr\nahead.other = des personnes"), HasSubstr("must have {n}"));
  EXPECT_THAT(Fault("language = fr\nahead.other = {n} {n}"), HasSubstr("must have {n}"));
  EXPECT_THAT(Fault("language = fr\nahead.other = {m}"), HasSubstr("must have {n}"));
  EXPECT_THAT(Fault("language = fr\nahead.other = {n} {"), HasSubstr("must have {n}"));
  EXPECT_THAT(Fault("language = fr\nwait.minutes.range = {least}"),
              HasSubstr("must have {least}, {most}"));
  EXPECT_THAT(Fault("language = fr\nahead.one = {n}"), HasSubstr("takes no {placeholder}"));
}

TEST(WaitingText, LengthsAreBounded) {
  const std::string line = "language = fr\ntitle.full = ";
  EXPECT_EQ(Fault(line + std::string(WaitingText::kLongestText, 'x')), "good");
  EXPECT_THAT(Fault(line + std::string(WaitingText::kLongestText + 1, 'x')), HasSubstr("longer"));
  EXPECT_THAT(Fault(std::string(WaitingText::kLargestFile + 1, '\n')), HasSubstr("larger"));
}

TEST(WaitingText, EscapedTextsKeepTheirPlaceholders) {
  const auto text = WaitingText::Parse("fr.txt", "language = fr\nahead.other = <b>{n}</b>");
  ASSERT_TRUE(text.ok());
  EXPECT_EQ(text->Escaped(http::EscapeHtml)[TextId::kAheadOther], "&lt;b&gt;{n}&lt;/b&gt;");
}

// Who translates begins with a copy of these.
TEST(WaitingText, TheDocumentationShowsTheEnglishOnes) {
  std::ifstream file(std::string(SLUICE_SOURCE_DIR) + "/docs/waiting-page.md");
  std::stringstream page;
  page << file.rdbuf();
  const std::string text = page.str();
  const size_t begin = text.find("\nlanguage = en\n");
  ASSERT_NE(begin, std::string::npos);
  const auto shown =
      WaitingText::Parse("docs", text.substr(begin, text.find("```", begin) - begin));
  ASSERT_TRUE(shown.ok()) << shown.status();
  for (size_t i = 0; i < static_cast<size_t>(TextId::kCount); ++i) {
    const auto id = static_cast<TextId>(i);
    EXPECT_EQ((*shown)[id], WaitingText::BuiltIn()[0][id]);
  }
}

}  // namespace
}  // namespace sluice::admission
