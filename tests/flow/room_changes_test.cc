// That nobody loses his place in a waiting room, whatever happens to the proxy meanwhile.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_format.h"
#include "tests/flow/room_site.h"

namespace sluice::test {
namespace {

using namespace std::chrono_literals;
using ratelimit::TicketFault;
using testing::HasSubstr;

using RoomChangesTest = RoomFlowTest;

TEST_F(RoomChangesTest, AReloadLeavesEverybodyWhereHeIsAndChangesTheRules) {
  TestProxy proxy(Text(kOneInside));
  Visitor inside(proxy);
  std::vector<Visitor> line(2, Visitor(proxy));
  ASSERT_TRUE(inside.IsIn());
  ExpectToWait(line);
  ASSERT_TRUE(proxy.Reload(Text("max_active = 1\nmessage = \"Sizes 38 are gone\"\n")));
  EXPECT_TRUE(inside.IsIn());
  EXPECT_EQ(line[0].Position(), 1);
  EXPECT_EQ(line[1].Position(), 2);
  EXPECT_THAT(line[1].Ask().body, HasSubstr("Sizes 38 are gone"));
  ASSERT_TRUE(proxy.Reload(Text("max_active = 3\n")));
  for (Visitor& visitor : line) EXPECT_TRUE(visitor.ComesIn());
}

TEST_F(RoomChangesTest, ARoomThatIsTakenAwayAndComesBackKnowsItsVisitors) {
  TestProxy proxy(Text(kOneInside));
  Visitor inside(proxy);
  std::vector<Visitor> line(2, Visitor(proxy));
  ASSERT_TRUE(inside.IsIn());
  ExpectToWait(line);
  ASSERT_TRUE(proxy.Reload(Bare()));
  EXPECT_TRUE(TestProxy::Eventually([&] { return Visitor(proxy).IsIn(); }));
  ASSERT_TRUE(proxy.Reload(Text(kOneInside)));
  ExpectTheSameOrder(proxy, inside, line);
}

TEST_F(RoomChangesTest, ARoomThatComesWithAReloadKeepsItsKeysAcrossARestart) {
  Visitor* inside = nullptr;
  std::optional<Visitor> visitor;
  {
    TestProxy proxy(absl::StrFormat("%s\n[state]\ndir = \"%s\"\n", Bare(), File("state")));
    ASSERT_TRUE(proxy.Reload(Kept("state")));
    inside = &visitor.emplace(proxy);
    ASSERT_TRUE(TestProxy::Eventually([&] { return inside->IsIn() && !inside->ticket.empty(); }));
  }
  TestProxy proxy(Kept("state"));
  inside->MoveTo(proxy);
  EXPECT_TRUE(inside->IsIn());
  EXPECT_EQ(Faults(proxy, TicketFault::kKey), 0u);
}

TEST_F(RoomChangesTest, ARestartInTheMiddleOfALineKeepsItsOrder) {
  std::optional<TestProxy> proxy(std::in_place, Kept("state"));
  Visitor inside(*proxy);
  std::vector<Visitor> line(4, Visitor(*proxy));
  ASSERT_TRUE(inside.IsIn());
  ExpectToWait(line);
  proxy.reset();
  proxy.emplace(Kept("state"));
  ExpectTheSameOrder(*proxy, inside, line);
}

TEST_F(RoomChangesTest, WhatIsOnTheDiskAtAnyMomentIsEnoughForAKilledOneToGoOn) {
  std::optional<TestProxy> proxy(std::in_place, Kept("state"));
  Visitor inside(*proxy);
  std::vector<Visitor> line(4, Visitor(*proxy));
  ASSERT_TRUE(inside.IsIn());
  ExpectToWait(line);
  std::this_thread::sleep_for(2500ms);  // what is a second old is on the disk
  std::filesystem::copy(File("state"), File("killed"));
  TestProxy next(Kept("killed"));
  ExpectTheSameOrder(next, inside, line);
}

TEST_F(RoomChangesTest, NothingIsWrittenWhileNobodyIsThere) {
  TestProxy proxy(Kept("state"));
  const auto written = [&] {
    uint64_t files = 0;
    proxy.OnSupervisor([&](server::Supervisor& it) { files = it.state_dir()->written(); });
    return files;
  };
  ASSERT_TRUE(TestProxy::Eventually([&] { return written() == 2; })) << "the keys and the rooms";
  std::this_thread::sleep_for(2500ms);  // in which two snapshots are taken
  EXPECT_EQ(written(), 2u);
  Visitor visitor(proxy);
  EXPECT_TRUE(visitor.IsIn());
  EXPECT_TRUE(TestProxy::Eventually([&] { return written() > 3; })) << "each second again";
}

// Events.

TEST_F(RoomChangesTest, NobodyIsInBeforeAnEventStartsAndThenAllAre) {
  TestProxy proxy(Text("when = \"event\"\n", Event(3s, "prequeue = \"1min\"\nraffle = true\n")));
  std::vector<Visitor> early(3, Visitor(proxy));
  for (Visitor& visitor : early) {
    const Message answer = visitor.Ask(kStatus);
    EXPECT_THAT(answer.body, HasSubstr("\"state\":\"prequeue\""));
    EXPECT_THAT(answer.body, HasSubstr("\"position\":null")) << "there are lots to be drawn";
    EXPECT_FALSE(visitor.IsIn());
  }
  EXPECT_EQ(shop_.requests().size(), 0u);
  for (Visitor& visitor : early) EXPECT_TRUE(visitor.ComesIn());
  EXPECT_TRUE(TestProxy::Eventually([&] { return Visitor(proxy).IsIn(); }))
      << "once it has started a newcomer comes straight in while nobody waits";
}

TEST_F(RoomChangesTest, AnEventThatIsPutOffByAReloadStartsWhenItSaysThen) {
  TestProxy proxy(Text("when = \"event\"\n", Event(3s, "prequeue = \"1min\"\n")));
  Visitor early(proxy);
  ASSERT_FALSE(early.IsIn());
  ASSERT_TRUE(proxy.Reload(Text("when = \"event\"\n", Event(30s, "prequeue = \"1min\"\n"))));
  std::this_thread::sleep_for(3500ms);
  EXPECT_FALSE(early.IsIn());
  EXPECT_THAT(early.Ask(kStatus).body, HasSubstr("\"state\":\"prequeue\""));
}

TEST_F(RoomChangesTest, ARoomForEventsIsNotThereOutsideThem) {
  TestProxy proxy(Text("when = \"event\"\nmax_active = 1\n", Event(1h, "prequeue = \"1min\"\n")));
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(Visitor(proxy).IsIn());
}

}  // namespace
}  // namespace sluice::test
