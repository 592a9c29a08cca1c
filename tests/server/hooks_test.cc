#include "proxy/server/hooks.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "proxy/base/log.h"
#include "tests/support/loop_fixture.h"

namespace sluice::server {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Outcome = HookRun::Outcome;

constexpr conf::Time kStart{1'000'000s};

class HooksTest : public net::LoopTest {
 protected:
  HooksTest() { log::SetLevel(log::Level::kError); }
  ~HooksTest() override { log::SetLevel(log::Level::kInfo); }
  static conf::Event Friday() {
    return {.name = "friday",
            .start = kStart,
            .end = kStart + 1h,
            .waiting_room = "sale",
            .hook = {"/bin/true"},
            .hook_before = 20min};
  }
  static conf::Config With(const conf::Event& event) {
    conf::Config config;
    config.events.push_back(event);
    return config;
  }
  // Looks, and waits for what that started.
  void Look(const conf::Event& event, WallTime wall) {
    hooks_.Look(With(event), wall);
    RunUntil([&] {
      const HookRun* const run = hooks_.Find(event);
      return run == nullptr || run->outcome != Outcome::kRunning;
    });
  }

  Hooks hooks_{loop_};
};

TEST_F(HooksTest, ItRunsWhenItIsDueAndOnlyThen) {
  Look(Friday(), kStart - 20min - 1ns);
  EXPECT_EQ(hooks_.Find(Friday()), nullptr);
  Look(Friday(), kStart - 20min);
  ASSERT_NE(hooks_.Find(Friday()), nullptr);
  EXPECT_EQ(hooks_.Find(Friday())->outcome, Outcome::kOk);
  EXPECT_EQ(hooks_.Find(Friday())->ran, kStart - 20min);
  Look(Friday(), kStart - 19min);
  EXPECT_EQ(hooks_.count(Outcome::kOk), 1u);
}

TEST_F(HooksTest, WhoComesLateRunsItAtOnceAndAfterTheEndNever) {
  Look(Friday(), kStart + 1h);
  EXPECT_EQ(hooks_.Find(Friday()), nullptr);
  Look(Friday(), kStart + 1h - 1ns);
  EXPECT_EQ(hooks_.count(Outcome::kOk), 1u);
}

TEST_F(HooksTest, AnEventThatIsMovedIsAnother) {
  Look(Friday(), kStart);
  conf::Event moved = Friday();
  moved.start += 10min;
  Look(moved, kStart);
  EXPECT_EQ(hooks_.count(Outcome::kOk), 2u);
}

TEST_F(HooksTest, AFailureIsToldAndNotTriedAgain) {
  conf::Event event = Friday();
  event.hook = {"/bin/sh", "-c", "exit 4"};
  Look(event, kStart);
  Look(event, kStart + 1s);
  EXPECT_EQ(hooks_.count(Outcome::kFailed), 1u);
  EXPECT_EQ(hooks_.Find(event)->how, "exit status 4");
  event.name = "saturday";
  event.hook = {"/nowhere/at/all"};
  Look(event, kStart);
  EXPECT_EQ(hooks_.count(Outcome::kNotStarted), 1u);
  EXPECT_THAT(hooks_.Find(event)->how, HasSubstr("no such file"));
}

TEST_F(HooksTest, OfPastEventsTheLatestAreKeptAndOfTheConfigurationsAll) {
  const conf::Event first = Friday();
  Look(first, kStart);
  conf::Config config = With(first);
  for (size_t i = 0; i < Hooks::kMost + 5; ++i) {
    conf::Event event = Friday();
    event.name = absl::StrFormat("event%d", i);
    config.events.resize(1);
    config.events.push_back(event);
    hooks_.Look(config, kStart);
    RunUntil([&] { return hooks_.Find(event)->outcome != Outcome::kRunning; });
  }
  EXPECT_NE(hooks_.Find(first), nullptr);
  conf::Event old = Friday();
  old.name = "event0";
  EXPECT_EQ(hooks_.Find(old), nullptr);
  old.name = "event100";
  EXPECT_NE(hooks_.Find(old), nullptr);
}

TEST(HookRunsTest, TheFileHoldsAllOfThem) {
  const std::vector<HookRun> runs = {
      {.event = "friday", .start = kStart, .ran = kStart - 20min, .outcome = Outcome::kOk},
      {.event = "saturday",
       .start = kStart + 24h,
       .ran = kStart + 23h,
       .outcome = Outcome::kFailed,
       .how = "exit status 3"}};
  const std::string text = FormatHookRuns(runs);
  EXPECT_EQ(text, "friday 1000000 998800 ok \nsaturday 1086400 1082800 failed exit status 3\n");
  const std::vector<HookRun> read = ParseHookRuns(text);
  ASSERT_EQ(read.size(), 2u);
  EXPECT_EQ(FormatHookRuns(read), text);
}

TEST(HookRunsTest, WhatRanWhenItsSluiceDiedHasFailed) {
  const std::vector<HookRun> read = ParseHookRuns("friday 1000000 998800 running \n");
  ASSERT_EQ(read.size(), 1u);
  EXPECT_EQ(read[0].outcome, Outcome::kFailed);
  EXPECT_EQ(read[0].how, "sluice ended meanwhile");
}

TEST(HookRunsTest, DamagedLinesAreLeftOut) {
  EXPECT_THAT(ParseHookRuns(""), IsEmpty());
  EXPECT_THAT(ParseHookRuns("\n \nfriday\nfriday 1 x ok\nfriday 1 2 fine\nfriday -1 2 ok\n"
                            "friday 99999999999999 2 ok\n"),
              IsEmpty());
}

TEST(HookConcernsTest, AHookThatIsNoProgramIsWarnedOfUntilItsEventIsOver) {
  conf::Config config;
  conf::Event& event = config.events.emplace_back();
  event = {.name = "friday", .start = kStart, .end = kStart + 1h};
  const auto concerns = [&](const std::string& program) {
    event.hook = {program};
    return HookConcerns(config, kStart);
  };
  EXPECT_THAT(HookConcerns(config, kStart), IsEmpty());
  EXPECT_THAT(concerns("/bin/true"), IsEmpty());
  EXPECT_THAT(concerns("/nowhere/at/all"),
              ElementsAre("event friday: its hook /nowhere/at/all cannot be run: No such file or "
                          "directory"));
  EXPECT_THAT(concerns("/bin"), ElementsAre(HasSubstr("it is no executable file")));
  EXPECT_THAT(concerns("/etc/passwd"), ElementsAre(HasSubstr("it is no executable file")));
  EXPECT_THAT(HookConcerns(config, kStart + 1h), IsEmpty());
}

}  // namespace
}  // namespace sluice::server
