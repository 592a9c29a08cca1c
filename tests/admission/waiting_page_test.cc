#include "proxy/admission/waiting_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "proxy/admission/waiting_markup.h"

namespace sluice::admission {
namespace {

using namespace std::chrono_literals;
using State = WaitingView::State;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr State kStates[] = {State::kWaiting, State::kPrequeue, State::kPaused, State::kFull,
                             State::kEnter};

// One visitor of the room "sale", who reads English unless a test says otherwise.
class WaitingPageTest : public testing::Test {
 protected:
  WaitingPageTest() { Make(); }
  void Make() {
    auto page = WaitingPage::Make(room_);
    ASSERT_TRUE(page.ok()) << page.status();
    page_.emplace(*std::move(page));
  }
  void OwnPage(std::string text) {
    room_.page_file = {"own.html", std::move(text)};
    Make();
  }
  std::string Fault(std::string text) {
    room_.page_file = {"own.html", std::move(text)};
    return std::string(WaitingPage::Make(room_).status().message());
  }
  std::string Html() { return std::string(page_->Html(view_, languages_, arena_)); }
  nlohmann::json Json() { return nlohmann::json::parse(page_->Json(view_, languages_, arena_)); }
  std::string Wait(std::optional<Duration> least, std::optional<Duration> most) {
    view_.least = least;
    view_.most = most;
    return Json()["eta_text"];
  }
  std::string Ahead(uint64_t ahead) {
    view_.position = ahead + 1;
    view_.ahead = ahead;
    return Json()["ahead_text"];
  }
  // 27 November 2026, 09:00 UTC, in an hour and a half and half a second.
  void BeforeTheSale() {
    view_.state = State::kPrequeue;
    view_.event_start = WallTime{1795770000s};
    view_.now = WallTime{1795770000s} - 90min - 500ms;
  }

  conf::WaitingRoom room_{.name = "sale"};
  std::optional<WaitingPage> page_;
  WaitingView view_{.position = 1235, .ahead = 1234, .least = 3min, .most = 4min};
  std::string languages_ = "en";
  Arena arena_;
};

TEST_F(WaitingPageTest, APageTellsPlaceAndWait) {
  const std::string html = Html();
  EXPECT_THAT(html, StartsWith("<!doctype html>"));
  EXPECT_THAT(html, HasSubstr("<html lang=\"en\" dir=\"ltr\">"));
  EXPECT_THAT(html, HasSubstr("<title>You are in line</title>"));
  EXPECT_THAT(html, HasSubstr(">1,235<"));
  EXPECT_THAT(html, HasSubstr(">1,234 people are ahead of you<"));
  EXPECT_THAT(html, HasSubstr(">About 3 to 4 minutes<"));
  EXPECT_THAT(html, HasSubstr("aria-live=\"polite\""));
  EXPECT_THAT(html, Not(HasSubstr("{{")));
}

TEST_F(WaitingPageTest, APageAsksAgainWithAScriptAndWithout) {
  view_.poll = 17s;
  EXPECT_THAT(Html(),
              HasSubstr("<noscript><meta http-equiv=\"refresh\" content=\"17\"></noscript>"));
  EXPECT_THAT(Html(), HasSubstr("data-url=\"/.sluice/waiting-room/sale\" data-poll=\"17\""));
}

TEST_F(WaitingPageTest, EveryPageFitsInEightKilobytesAndAsksNothingOfOthers) {
  for (const State state : kStates) {
    for (const char* language : {"en", "de"}) {
      BeforeTheSale();
      view_.state = state;
      languages_ = language;
      const std::string html = Html();
      EXPECT_LE(html.size(), 8192u);
      EXPECT_GE(html.size(), 3000u);
      for (const char* outside : {"http://", "https://", "src=", "@import", "url("}) {
        EXPECT_THAT(html, Not(HasSubstr(outside)));
      }
    }
  }
}

TEST_F(WaitingPageTest, GermansReadGerman) {
  languages_ = "de-AT,de;q=0.9,en;q=0.5";
  EXPECT_EQ(page_->LanguageFor(languages_), "de");
  EXPECT_THAT(Html(), AllOf(HasSubstr("<html lang=\"de\""), HasSubstr(">1.235<"),
                            HasSubstr(">Vor Ihnen warten noch 1.234 Personen<"),
                            HasSubstr(">Etwa 3 bis 4 Minuten<")));
  EXPECT_EQ(Json()["title"], "Sie sind in der Warteschlange");
}

TEST_F(WaitingPageTest, TheJsonSaysTheSameForScripts) {
  const nlohmann::json json = Json();
  EXPECT_EQ(json["state"], "waiting");
  EXPECT_EQ(json["position"], 1235);
  EXPECT_EQ(json["ahead"], 1234);
  EXPECT_EQ(json["eta_s"], 210);
  EXPECT_EQ(json["poll_s"], 10);
  EXPECT_EQ(json["event_start"], nullptr);
  EXPECT_EQ(json["starts_in_s"], nullptr);
  EXPECT_EQ(json["place_text"], "1,235");
  EXPECT_EQ(json["eta_text"], "About 3 to 4 minutes");
  EXPECT_EQ(json["message"], "");
}

TEST_F(WaitingPageTest, EveryStateHasItsNameAndItsWords) {
  std::set<std::string> titles;
  const std::vector<std::string> names = {"waiting", "prequeue", "paused", "full", "enter"};
  for (size_t i = 0; i < names.size(); ++i) {
    view_.state = kStates[i];
    EXPECT_EQ(Json()["state"], names[i]);
    EXPECT_THAT(Html(), HasSubstr("data-state=\"" + names[i] + "\""));
    titles.insert(std::string(Json()["title"]));
  }
  EXPECT_EQ(titles.size(), names.size());
}

TEST_F(WaitingPageTest, OneIsNotMany) {
  EXPECT_EQ(Ahead(0), "Nobody is ahead of you");
  EXPECT_EQ(Ahead(1), "1 person is ahead of you");
  EXPECT_EQ(Ahead(2), "2 people are ahead of you");
  EXPECT_EQ(Wait(1min, 1min), "About 1 minute");
  EXPECT_EQ(Wait(2min, 2min), "About 2 minutes");
  languages_ = "de";
  EXPECT_EQ(Ahead(1), "Vor Ihnen wartet noch 1 Person");
  EXPECT_EQ(Ahead(21), "Vor Ihnen warten noch 21 Personen");
  EXPECT_EQ(Wait(1min, 1min), "Etwa 1 Minute");
  EXPECT_EQ(Wait(70s, std::nullopt), "Mehr als 1 Minute");
}

TEST_F(WaitingPageTest, NumbersAreGroupedByThousands) {
  EXPECT_EQ(Ahead(999), "999 people are ahead of you");
  EXPECT_EQ(Ahead(1000), "1,000 people are ahead of you");
  EXPECT_EQ(Ahead(1234567), "1,234,567 people are ahead of you");
}

TEST_F(WaitingPageTest, AWaitIsRoundedOutwards) {
  EXPECT_EQ(Wait(0s, 40s), "Less than a minute");
  EXPECT_EQ(Wait(50s, 70s), "Up to 2 minutes");
  EXPECT_EQ(Wait(60s, 70s), "About 1 to 2 minutes");
  EXPECT_EQ(Wait(3min + 59s, 4min + 1s), "About 3 to 5 minutes");
  EXPECT_EQ(Wait(9min, 11min), "About 9 to 15 minutes");
  EXPECT_EQ(Wait(14min, 21min), "About 10 to 25 minutes");
  EXPECT_EQ(Wait(50min, 65min), "About 50 to 70 minutes");
  EXPECT_EQ(Wait(119min, 119min), "About 110 to 120 minutes");
  EXPECT_EQ(Wait(119min, 121min), "About 1 to 3 hours");
  EXPECT_EQ(Wait(30min, 2h), "Up to 2 hours");
  EXPECT_EQ(Wait(3h, 3h), "About 3 hours");
  EXPECT_EQ(Wait(2h, 2000h), "About 2 to 2,000 hours");
}

TEST_F(WaitingPageTest, AWaitThatIsHalfKnownIsSaidSo) {
  EXPECT_EQ(Wait(std::nullopt, 12min), "Up to 15 minutes");
  EXPECT_EQ(Wait(12min, std::nullopt), "More than 10 minutes");
  EXPECT_EQ(Wait(5h, std::nullopt), "More than 5 hours");
  EXPECT_EQ(Wait(20s, std::nullopt), "Not known yet");
}

TEST_F(WaitingPageTest, ARangeTheWrongWayRoundIsNoWiderThanItsLowerEnd) {
  EXPECT_EQ(Wait(5min, 2min), "About 5 minutes");
  EXPECT_EQ(Wait(-5min, -2min), "Less than a minute");
}

TEST_F(WaitingPageTest, AnUnknownWaitIsNotANumber) {
  EXPECT_EQ(Wait(std::nullopt, std::nullopt), "Not known yet");
  EXPECT_EQ(Json()["eta_s"], nullptr);
}

TEST_F(WaitingPageTest, WhilePausedNoEstimateHolds) {
  view_.state = State::kPaused;
  EXPECT_EQ(Json()["eta_text"], "Not known yet");
  EXPECT_EQ(Json()["eta_s"], nullptr);
  EXPECT_EQ(Json()["position"], 1235);
}

TEST_F(WaitingPageTest, WhatThereIsNothingToSayOfIsHidden) {
  view_.position = 0;
  EXPECT_EQ(Json()["position"], nullptr);
  EXPECT_EQ(Json()["ahead"], nullptr);
  EXPECT_EQ(Json()["ahead_text"], "");
  EXPECT_THAT(Html(), HasSubstr("<div data-if=\"place_text\" hidden>"));
  EXPECT_THAT(Html(), HasSubstr("<div data-if=\"eta_text\" >"));
  EXPECT_THAT(Html(), HasSubstr("<div data-if=\"start_text\" hidden>"));
}

TEST_F(WaitingPageTest, BeforeAnEventItsStartIsTold) {
  BeforeTheSale();
  EXPECT_EQ(Json()["event_start"], "2026-11-27T09:00:00Z");
  EXPECT_EQ(Json()["starts_in_s"], 5401);
  EXPECT_EQ(Json()["start_text"], "2026-11-27 09:00 UTC");
  EXPECT_THAT(Html(), HasSubstr("datetime=\"2026-11-27T09:00:00Z\">2026-11-27 09:00 UTC</time>"));
  languages_ = "de";
  EXPECT_EQ(Json()["start_text"], "27.11.2026, 09:00 Uhr (UTC)");
}

TEST_F(WaitingPageTest, AStartThatHasPassedIsNow) {
  BeforeTheSale();
  view_.now = *view_.event_start + 3s;
  EXPECT_EQ(Json()["starts_in_s"], 0);
}

TEST_F(WaitingPageTest, OnlyWhoGathersForARaffleIsToldOfIt) {
  BeforeTheSale();
  EXPECT_THAT(std::string(Json()["text"]), Not(HasSubstr("by lot")));
  view_.raffle = true;
  EXPECT_THAT(std::string(Json()["text"]), HasSubstr("by lot"));
  view_.state = State::kWaiting;
  EXPECT_THAT(std::string(Json()["text"]), Not(HasSubstr("by lot")));
}

TEST_F(WaitingPageTest, AMessageCannotBecomeMarkup) {
  view_.message = "</p><script>alert('\"')</script>\n&";
  EXPECT_THAT(Html(),
              HasSubstr("&lt;/p&gt;&lt;script&gt;alert(&#39;&quot;&#39;)&lt;/script&gt;\n&amp;"));
  EXPECT_EQ(Json()["message"], view_.message);
}

TEST_F(WaitingPageTest, ALongMessageIsCutBetweenCharacters) {
  std::string message(WaitingView::kLongestMessage - 1, 'x');
  message += "\xc3\xa4 and more";
  view_.message = message;
  EXPECT_EQ(Json()["message"], std::string(WaitingView::kLongestMessage - 1, 'x'));
}

TEST_F(WaitingPageTest, ARoomsNameCannotLeaveItsPlace) {
  room_.name = "\"><b>&";
  OwnPage("{{room}} {{status_url}}");
  EXPECT_EQ(Html(), "&quot;&gt;&lt;b&gt;&amp; /.sluice/waiting-room/%22%3E%3Cb%3E&amp;");
}

TEST_F(WaitingPageTest, ThePolicyNamesExactlyWhatThePageBrings) {
  const std::string policy(page_->content_security_policy());
  EXPECT_THAT(policy, StartsWith("default-src 'none'; style-src 'sha256-"));
  EXPECT_THAT(policy, Not(HasSubstr("unsafe")));
  EXPECT_THAT(Html(), HasSubstr("<style>" + std::string(InsideOf(kStyleTag)) + "</style>"));
  EXPECT_THAT(Html(), HasSubstr(">" + std::string(InsideOf(kScriptTag)) + "</script>"));
  EXPECT_THAT(Html(), Not(HasSubstr("style=\"")));
  // The script takes nothing of a visitor's into its text, or its hash would not hold.
  EXPECT_THAT(std::string(InsideOf(kScriptTag)), Not(HasSubstr("{{")));
}

TEST_F(WaitingPageTest, AnOwnPageIsFilledIn) {
  OwnPage(
      "<p>{{position}} {{ahead}} {{ place_text }} {{eta_s}} {{poll_s}} {{state}} {{lang}}</p>"
      "<i {{hidden:message}}>{{message}}</i> a{b:{c}} {{title}}");
  EXPECT_EQ(Html(),
            "<p>1235 1234 1,235 210 10 waiting en</p><i hidden></i> a{b:{c}} "
            "You are in line");
  view_.message = "Hello";
  EXPECT_THAT(Html(), HasSubstr("<i >Hello</i>"));
  EXPECT_EQ(page_->content_security_policy(), "");
}

TEST_F(WaitingPageTest, AnOwnPageMayTakePartsOfTheBuiltInOne) {
  const std::string built_in = Html();
  OwnPage(std::string(kBuiltInPage));
  EXPECT_EQ(Html(), built_in);
  OwnPage("{{refresh}}{{script}}");
  EXPECT_THAT(Html(), StartsWith("<noscript><meta http-equiv=\"refresh\" content=\"10\">"));
  EXPECT_THAT(Html(), HasSubstr("data-url=\"/.sluice/waiting-room/sale\""));
}

TEST_F(WaitingPageTest, AnUnknownPlaceholderIsAnErrorThatNamesTheNearest) {
  EXPECT_EQ(Fault("<p>\n{{postion}}</p>"),
            "own.html:2: there is no {{postion}}; did you mean 'position'?");
  EXPECT_THAT(Fault("{{hidden:script}}"), HasSubstr("there is no {{script}}"));
  EXPECT_EQ(Fault("a\nb\n{{position"), "own.html:3: {{ without }}");
  EXPECT_EQ(Fault("caf\xe9"), "own.html: is not UTF-8");
  EXPECT_THAT(Fault(std::string(WaitingTemplate::kLargest + 1, ' ')), HasSubstr("larger"));
}

TEST_F(WaitingPageTest, FurtherLanguagesComeAsFiles) {
  room_.text_files = {{"fr.txt", "language = fr\ntitle.waiting = Vous êtes dans la file"},
                      {"ar.txt", "language = ar\ndirection = rtl"}};
  Make();
  languages_ = "fr-CA";
  EXPECT_THAT(Html(), HasSubstr("<html lang=\"fr\" dir=\"ltr\">"));
  EXPECT_EQ(Json()["title"], "Vous êtes dans la file");
  EXPECT_EQ(Json()["eta_text"], "About 3 to 4 minutes");
  languages_ = "ar";
  EXPECT_THAT(Html(), HasSubstr("<html lang=\"ar\" dir=\"rtl\">"));
}

TEST_F(WaitingPageTest, AFileMayRewordABuiltInLanguage) {
  room_.text_files = {{"de.txt", "language = de\ntitle.waiting = Moin"}};
  Make();
  languages_ = "de";
  EXPECT_EQ(Json()["title"], "Moin");
  EXPECT_EQ(Json()["eta_text"], "Etwa 3 bis 4 Minuten");
  languages_ = "en";
  EXPECT_EQ(Json()["title"], "You are in line");
}

TEST_F(WaitingPageTest, ABadTextFileIsRefused) {
  room_.text_files = {{"fr.txt", "language = fr\nx = y"}};
  EXPECT_THAT(std::string(WaitingPage::Make(room_).status().message()),
              StartsWith("fr.txt:2: there is no text 'x'"));
}

TEST_F(WaitingPageTest, ItsTextsSurviveAMove) {
  room_.text_files = {{"fr.txt", "language = fr"}};
  Make();
  const WaitingPage moved = *std::move(page_);
  EXPECT_EQ(moved.LanguageFor("fr"), "fr");
}

}  // namespace
}  // namespace sluice::admission
