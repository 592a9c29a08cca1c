// What a peer may do at another's cost, and where it is cut. Time is an argument: nothing sleeps.
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "proxy/http/h2_budget.h"
#include "tests/http/h2_fixture.h"

namespace sluice::test {
namespace {

using http::H2Budget;
constexpr uint32_t kCalm = 11;

// How often `attack` is taken within a moment before the peer is cut; `most` when it never is.
int TakenBeforeCut(H2Talk& talk, const std::function<std::string(uint32_t)>& attack,
                   int most = 20'000) {
  talk.Say(h2::Hello());
  for (int i = 0; i < most; ++i) {
    if (!talk.Say(attack(static_cast<uint32_t>(2 * i + 1)))) return i;
  }
  return most;
}

std::string RapidReset(uint32_t id) {
  return h2::Get(id) + h2::Frame(h2::kReset, 0, id, h2::Number(8));
}

TEST(H2AbuseTest, RapidResetIsCutWithinItsBudget) {
  H2Talk talk;
  EXPECT_LE(TakenBeforeCut(talk, RapidReset), H2Budget::Burst(H2Budget::Kind::kReset) + 1);
  EXPECT_TRUE(talk.reader.goaway);
  EXPECT_EQ(talk.reader.goaway_error, kCalm);
  EXPECT_EQ(talk.session.why(), "too many streams were reset by the client");
}

TEST(H2AbuseTest, StreamsThatWeMustResetAreCutWithinTheirBudget) {
  // A window that overflows is a fault of one stream (CVE-2025-8671).
  H2Talk talk;
  EXPECT_LE(TakenBeforeCut(talk,
                           [](uint32_t id) {
                             return h2::Post(id) +
                                    h2::Frame(h2::kWindow, 0, id, h2::Number(0x7fffffff));
                           }),
            H2Budget::Burst(H2Budget::Kind::kFault) + 1);
  EXPECT_EQ(talk.reader.goaway_error, kCalm);
}

TEST(H2AbuseTest, RefusedHeadsAreCutWithinTheirBudget) {
  H2Talk talk;
  EXPECT_LE(TakenBeforeCut(talk, [](uint32_t id) { return h2::Get(id, "nowhere"); }),
            H2Budget::Burst(H2Budget::Kind::kFault) + 1);
}

TEST(H2AbuseTest, SettingsFloodIsCutWithinItsBudget) {
  H2Talk talk;
  EXPECT_LE(TakenBeforeCut(talk, [](uint32_t) { return h2::Frame(h2::kSettings, 0, 0); }),
            H2Budget::Burst(H2Budget::Kind::kSettings) + 1);
  EXPECT_EQ(talk.reader.goaway_error, kCalm);
}

TEST(H2AbuseTest, PingFloodIsCutWithinItsBudget) {
  H2Talk talk;
  EXPECT_LE(TakenBeforeCut(talk, [](uint32_t) { return h2::Frame(h2::kPing, 0, 0, "12345678"); }),
            H2Budget::Burst(H2Budget::Kind::kPing) + 1);
  EXPECT_EQ(talk.reader.goaway_error, kCalm);
}

TEST(H2AbuseTest, EmptyDataFramesAreCutWithinTheirBudget) {
  H2Talk talk;
  talk.Say(h2::Hello() + h2::Post(1));
  int taken = 0;
  while (taken < 1000 && talk.Say(h2::Frame(h2::kData, 0, 1))) ++taken;
  EXPECT_LE(taken, H2Budget::Burst(H2Budget::Kind::kEmpty) + 1);
  EXPECT_EQ(talk.reader.goaway_error, kCalm);
}

TEST(H2AbuseTest, WindowUpdateFloodIsCutWithinItsBudget) {
  H2Talk talk;
  EXPECT_LE(
      TakenBeforeCut(talk, [](uint32_t) { return h2::Frame(h2::kWindow, 0, 0, h2::Number(1)); }),
      H2Budget::Burst(H2Budget::Kind::kWindow) + 1);
}

TEST(H2AbuseTest, PrioritiesThatChangeNothingAreCutWithinTheirBudget) {
  H2Talk talk;
  EXPECT_LE(TakenBeforeCut(
                talk, [](uint32_t) { return h2::Frame(h2::kPriority, 0, 1, h2::Number(0) + "x"); }),
            H2Budget::Burst(H2Budget::Kind::kOther) + 1);
}

TEST(H2AbuseTest, AContinuationFloodIsCut) {
  H2Talk talk;
  talk.Say(h2::Hello() + h2::Frame(h2::kHeaders, 0, 1, h2::Block({{":method", "GET"}})));
  int taken = 0;
  while (taken < 1000 && talk.Say(h2::Frame(h2::kContinuation, 0, 1, h2::Block({{"a", "b"}})))) {
    ++taken;
  }
  EXPECT_EQ(taken, 8);
  EXPECT_TRUE(talk.reader.goaway);
  EXPECT_EQ(talk.reader.goaway_error, kCalm);
  EXPECT_EQ(talk.session.why(), "a head is in too many frames");
}

TEST(H2AbuseTest, AHeadInSeveralFramesIsReadHoweverTheNetworkCutsThem) {
  H2Talk talk;
  talk.Say(h2::Hello());
  const h2::FieldList list = {
      {":method", "GET"}, {":scheme", "http"}, {":authority", "a"}, {":path", "/"}};
  std::string bytes = h2::Frame(h2::kHeaders, h2::kEndStream, 1, h2::Block(list));
  for (int i = 0; i < 7; ++i) bytes += h2::Frame(h2::kContinuation, 0, 1, h2::Block({{"a", "b"}}));
  bytes += h2::Frame(h2::kContinuation, h2::kEndHeaders, 1, h2::Block({{"a", "b"}}));
  for (const char byte : bytes)
    ASSERT_TRUE(talk.session.Feed(std::string_view(&byte, 1), talk.now));
  EXPECT_TRUE(talk.seen[1].complete());
}

TEST(H2AbuseTest, AHeadThatUnpacksToManyTimesItsSizeIsCut) {
  H2Talk talk;
  talk.Say(h2::Hello());
  // One entry of the table as large as it holds, then a byte for each time it is meant.
  std::string block = "\x40";
  block += std::string("\x01x", 2) + "\x7f" + std::string("\xa1\x1e", 2) + std::string(4000, 'a');
  block += std::string(12'000, '\xbe');
  talk.Say(h2::Frame(h2::kHeaders, h2::kEndHeaders | h2::kEndStream, 1, block));
  EXPECT_TRUE(talk.reader.goaway);
  EXPECT_EQ(talk.reader.goaway_error, kCalm);
  EXPECT_EQ(talk.session.why(), "a head is many times larger than allowed");
}

TEST(H2AbuseTest, AHeadThatIsOnlyTooLargeIsRefusedAlone) {
  H2Talk talk;
  h2::FieldList list = {
      {":method", "GET"}, {":scheme", "http"}, {":authority", "a"}, {":path", "/"}};
  for (int i = 0; i < 4; ++i) list.emplace_back("x", std::string(5000, 'a'));
  EXPECT_TRUE(talk.Say(
      h2::Hello() + h2::Frame(h2::kHeaders, h2::kEndStream, 1, h2::Block(list).substr(0, 16'000)) +
      h2::Frame(h2::kContinuation, h2::kEndHeaders, 1, h2::Block(list).substr(16'000)) +
      h2::Get(3)));
  EXPECT_EQ(talk.seen[1].refused, 431);
  EXPECT_TRUE(talk.seen[3].complete());
}

TEST(H2AbuseTest, AnswersThatNobodyReadsAreNotCollected) {
  H2Talk talk;
  std::string all = h2::Hello();
  for (int i = 0; i < 150; ++i) all += h2::Frame(h2::kPing, 0, 0, "12345678");
  EXPECT_FALSE(talk.session.Feed(all, talk.now)) << "nothing was pumped: the peer does not read";
}

TEST(H2AbuseTest, StreamsBeyondTheLimitAreRefused) {
  H2Talk talk({.max_streams = 10});
  std::string all = h2::Hello();
  for (uint32_t id = 1; id <= 41; id += 2) all += h2::Post(id);
  talk.Say(all);
  int open = 0;
  for (const auto& [id, seen] : talk.seen) open += seen.requests;
  EXPECT_EQ(open, 10);
  EXPECT_TRUE(talk.reader.answers[41].reset);
  EXPECT_EQ(talk.reader.answers[41].error, 7u);
}

TEST(H2AbuseTest, ABudgetRefillsWithTime) {
  H2Talk talk;
  talk.Say(h2::Hello());
  uint32_t id = 1;
  for (int minute = 0; minute < 20; ++minute) {
    for (int i = 0; i < 200; ++i, id += 2) ASSERT_TRUE(talk.Say(RapidReset(id)));
    talk.now += std::chrono::minutes(1);
  }
}

TEST(H2AbuseTest, WorkThatIsDoneEarnsWhatItNeeds) {
  H2Talk talk;
  talk.on_end = [&](H2Talk::Stream& stream) { talk.Answer(stream, 200, std::string(1000, 'x')); };
  talk.Say(h2::Hello());
  for (uint32_t id = 1; id < 20'000; id += 2) {
    const std::string windows = h2::Frame(h2::kWindow, 0, 0, h2::Number(1000));
    ASSERT_TRUE(talk.Say(h2::Get(id) + windows)) << id << ": " << talk.session.why();
    talk.streams.clear();
  }
}

// The honest, who look like attackers.

// A request as a browser makes one, with cookies of `cookies` bytes.
std::string Image(uint32_t id, size_t cookies) {
  h2::FieldList list = {
      {":method", "GET"}, {":scheme", "http"}, {":authority", "a"}, {":path", "/image"}};
  for (; cookies > 4000; cookies -= 4000) list.emplace_back("cookie", std::string(4000, 'c'));
  list.emplace_back("cookie", std::string(cookies, 'c'));
  return h2::Frame(h2::kHeaders, h2::kEndHeaders | h2::kEndStream, id, h2::Block(list));
}

TEST(H2AbuseTest, ABrowserMayLeaveOnePageAfterAnotherWithAllItsImages) {
  for (const size_t cookies : {size_t{100}, size_t{7000}, size_t{14'000}}) {
    H2Talk talk;
    talk.Say(h2::Hello());
    uint32_t id = 1;
    for (int page = 0; page < 10; ++page) {
      const uint32_t first = id;
      std::string gone;
      for (int i = 0; i < 100; ++i, id += 2) ASSERT_TRUE(talk.Say(Image(id, cookies)));
      for (uint32_t each = first; each < id; each += 2) {
        gone += h2::Frame(h2::kReset, 0, each, h2::Number(8));
      }
      ASSERT_TRUE(talk.Say(gone)) << "page " << page << ", " << cookies << ": "
                                  << talk.session.why();
      talk.streams.clear();
      talk.now += std::chrono::seconds(8);
    }
  }
}

TEST(H2AbuseTest, AClientMayPingEveryTenSecondsAllDayAndMeasureItsPathNowAndThen) {
  H2Talk talk;
  talk.Say(h2::Hello());
  for (int minute = 0; minute < 24 * 60; ++minute) {
    // gRPC measures with a ping a round trip while data comes: 1 ms apart in the same building.
    const int pings = minute % 60 == 0 ? 100 : 6;
    for (int i = 0; i < pings; ++i) {
      ASSERT_TRUE(talk.Say(h2::Frame(h2::kPing, 0, 0, "12345678"))) << minute;
      talk.now += pings == 6 ? std::chrono::milliseconds(10'000) : std::chrono::milliseconds(1);
    }
  }
}

TEST(H2AbuseTest, CancelledRequestsCountByWhatReadingThemTook) {
  H2Talk talk;
  const int taken = TakenBeforeCut(talk, [](uint32_t id) {
    return Image(id, 16'000) + h2::Frame(h2::kReset, 0, id, h2::Number(8));
  });
  EXPECT_LE(taken, H2Budget::Burst(H2Budget::Kind::kReset) / 2 + 1);
  EXPECT_GE(taken, 100);
  EXPECT_EQ(talk.session.cut(), http::H2Cut::kReset);
}

TEST(H2AbuseTest, HeadsThatAreMuchTooLargeAreCutAfterAFew) {
  H2Talk talk;
  std::string entry = h2::Block({{":method", "GET"}});
  // Ten times what a head may be, by a byte for each 4,000 of it.
  entry += "\x40" + std::string("\x01x", 2) + "\x7f" + std::string("\xa1\x1e", 2) +
           std::string(4000, 'a') + std::string(40, '\xbe');
  const int taken = TakenBeforeCut(talk, [&](uint32_t id) {
    return h2::Frame(h2::kHeaders, h2::kEndHeaders | h2::kEndStream, id, entry);
  });
  EXPECT_LE(taken, 6);
  EXPECT_EQ(talk.session.cut(), http::H2Cut::kFault);
}

TEST(H2AbuseTest, AnOperatorMayTolerateMore) {
  H2Talk usual;
  H2Talk patient({.tolerance = 3});
  const auto ping = [](uint32_t) { return h2::Frame(h2::kPing, 0, 0, "12345678"); };
  EXPECT_EQ(TakenBeforeCut(patient, ping), 3 * TakenBeforeCut(usual, ping));
}

TEST(H2AbuseTest, WhyAPeerWasCutCanBeCounted) {
  const auto cut = [](const std::string& says) {
    H2Talk talk;
    talk.Say(h2::Hello() + says);
    EXPECT_TRUE(talk.session.doomed());
    return talk.session.cut();
  };
  std::string updates;
  for (int i = 0; i < 2000; ++i) updates += h2::Frame(h2::kWindow, 0, 0, h2::Number(1));
  EXPECT_EQ(cut(updates), http::H2Cut::kWindow);
  EXPECT_EQ(cut(h2::Frame(h2::kData, 0, 0, "x")), http::H2Cut::kProtocol);
  std::string endless = h2::Frame(h2::kHeaders, 0, 1, h2::Block({{":method", "GET"}}));
  for (int i = 0; i < 20; ++i) {
    endless += h2::Frame(h2::kContinuation, 0, 1, h2::Block({{"a", "b"}}));
  }
  EXPECT_EQ(cut(endless), http::H2Cut::kLimit);
}

}  // namespace
}  // namespace sluice::test
