// The attacker, and HTTP/2 as the load programs speak it.
#include "bench/load/attack/attack.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "bench/load/h2_frames.h"
#include "bench/load/steady/h2_answers.h"
#include "tests/bench/program.h"
#include "tests/support/flow/origin.h"

namespace sluice::load {
namespace {

using State = H2Answers::State;
using test::Origin;
using test::Wire;

std::string Frame1(FrameType type, uint8_t flags, uint32_t stream, std::string_view payload) {
  std::string out;
  AppendFrame(out, type, flags, stream, payload);
  return out;
}

TEST(H2Frames, AreReadHoweverTheyAreCut) {
  const std::string bytes = Frame1(FrameType::kPing, kAck, 0, "12345678") +
                            Frame1(FrameType::kData, kEndStream, 0x7ffffff1, "") +
                            Frame1(FrameType::kGoAway, 0, 0, Number32(5) + Number32(11));
  for (size_t piece = 1; piece <= bytes.size(); ++piece) {
    FrameReader reader;
    std::string seen;
    for (size_t at = 0; at < bytes.size(); at += piece) {
      ASSERT_TRUE(reader.Feed(std::string_view(bytes).substr(at, piece), [&](const Frame& frame) {
        seen += std::to_string(static_cast<int>(frame.type)) + "/" + std::to_string(frame.flags) +
                "/" + std::to_string(frame.stream) + "/" + std::to_string(frame.payload.size()) +
                " ";
      }));
    }
    EXPECT_EQ(seen, "6/1/0/8 0/1/2147483633/0 7/0/0/8 ") << "pieces of " << piece;
  }
}

TEST(H2Frames, OneThatIsTooLargeIsNotWaitedFor) {
  FrameReader reader;
  const std::string head = Frame1(FrameType::kData, 0, 1, std::string(20'000, 'x'));
  EXPECT_FALSE(reader.Feed(std::string_view(head).substr(0, 19'000), [](const Frame&) {}));
}

TEST(H2Answers, AnAnswerEndsWithItsStream) {
  H2Answers answers;
  EXPECT_NE(answers.Ask("/x").find("/x"), std::string::npos);
  EXPECT_EQ(answers.Feed(Frame1(FrameType::kHeaders, kEndHeaders, 1, "\x3f\xe1\x1f\x88")),
            State::kMore);
  EXPECT_EQ(answers.Feed(Frame1(FrameType::kData, kEndStream, 1, "hello")), State::kDone);
  EXPECT_EQ(answers.status(), 200);
  (void)answers.Ask("/x");
  EXPECT_EQ(answers.Feed(Frame1(FrameType::kHeaders, kEndHeaders | kEndStream, 3, "\x8d")),
            State::kDone);
  EXPECT_NE(answers.status(), 200);
}

TEST(H2Answers, WhatAsksForAnAcknowledgementGetsIt) {
  H2Answers answers;
  EXPECT_EQ(answers.Feed(Frame1(FrameType::kSettings, 0, 0, "") +
                         Frame1(FrameType::kPing, 0, 0, "12345678") +
                         Frame1(FrameType::kSettings, kAck, 0, "")),
            State::kMore);
  EXPECT_EQ(answers.TakeReplies(), Frame1(FrameType::kSettings, kAck, 0, "") +
                                       Frame1(FrameType::kPing, kAck, 0, "12345678"));
  EXPECT_EQ(answers.TakeReplies(), "");
}

TEST(H2Answers, AResetOrAnAnswerToNobodyIsBroken) {
  for (const FrameType type : {FrameType::kReset, FrameType::kData}) {
    H2Answers answers;
    (void)answers.Ask("/");
    const uint32_t stream = type == FrameType::kReset ? 1 : 3;
    EXPECT_EQ(answers.Feed(Frame1(type, 0, stream, Number32(8))), State::kBroken);
  }
}

TEST(Attack, AScriptThatNobodyCutsIsSaidAgainAndAgain) {
  test::Program sink("load_sink", {"0"});
  const AttackTally tally =
      RunAttack({.port = sink.port(), .connections = 2, .seconds = 0.3}, *MakeScript("ping"));
  EXPECT_GT(tally.finished, 2u);
  EXPECT_GE(tally.opened, tally.finished);
  EXPECT_GE(tally.bytes, tally.finished * MakeScript("ping")->text.size());
  EXPECT_EQ(tally.cut, 0u);
}

TEST(Attack, AConnectionThatIsCutIsOpenedAgainAsOftenAsItSays) {
  Origin origin([](Wire& wire, Origin&, uint32_t) {
    wire.ReadSome();
    std::string farewell;
    AppendFrame(farewell, FrameType::kGoAway, 0, 0, Number32(0) + Number32(11));
    wire.Send(farewell);
  });
  const AttackTally tally =
      RunAttack({.port = origin.port(), .connections = 1, .seconds = 0.5, .reopen = 20},
                *MakeScript("zero-window"));
  EXPECT_GE(tally.cut, 1u);
  EXPECT_LE(tally.opened, 12u);
  EXPECT_EQ(tally.goaways.count(11), 1u);
}

TEST(Script, EveryNameHasOne) {
  std::string names = ScriptNames() + ", ";
  int count = 0;
  for (; !names.empty(); names.erase(0, names.find(", ") + 2), ++count) {
    const auto script = MakeScript(names.substr(0, names.find(", ")));
    ASSERT_TRUE(script.has_value());
    EXPECT_LE(script->at_once, script->text.size());
    EXPECT_TRUE(script->at_once == script->text.size() || script->drip > 0);
    EXPECT_TRUE(script->is_tls || script->text.starts_with(kPreface));
  }
  EXPECT_EQ(count, 17);
  EXPECT_FALSE(MakeScript("kindness").has_value());
}

}  // namespace
}  // namespace sluice::load
