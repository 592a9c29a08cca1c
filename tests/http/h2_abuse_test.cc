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
  EXPECT_LE(taken, 16);
  EXPECT_TRUE(talk.reader.goaway);
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

}  // namespace
}  // namespace sluice::test
