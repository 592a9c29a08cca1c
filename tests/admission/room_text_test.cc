#include "proxy/admission/room_text.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "ratelimit/line.h"

namespace sluice::admission {
namespace {

using Snapshot = ratelimit::WaitingRoom::Snapshot;

constexpr ratelimit::RoomTime kNow = 1'800'000'000 * ratelimit::kSecond;

Snapshot Sale() {
  return {.called = kNow - 5 * ratelimit::kSecond,
          .taken = kNow,
          .pace = 12.25,
          .drain = 13.5,
          .active = 417,
          .line = {.first = kNow - 9 * ratelimit::kSecond,
                   .width = 2 * ratelimit::Line::kWidth,
                   .counts = {3, 0, 4'000'000'000, 1}}};
}

std::string Text() {
  std::string text;
  AppendRoomText("other", Snapshot{}, text);
  AppendRoomText("sale", Sale(), text);
  return text;
}

TEST(RoomTextTest, WhatIsWrittenIsReadByName) {
  const auto read = FindRoomText(Text(), "sale");
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->called, Sale().called);
  EXPECT_EQ(read->taken, Sale().taken);
  EXPECT_EQ(read->pace, 12.25);
  EXPECT_EQ(read->drain, 13.5);
  EXPECT_EQ(read->active, 417u);
  EXPECT_EQ(read->line.first, Sale().line.first);
  EXPECT_EQ(read->line.width, Sale().line.width);
  EXPECT_EQ(read->line.counts, Sale().line.counts);
  EXPECT_TRUE(FindRoomText(Text(), "other").has_value()) << "an empty line is one, too";
  EXPECT_FALSE(FindRoomText(Text(), "sal").has_value());
  EXPECT_FALSE(FindRoomText("", "sale").has_value());
}

TEST(RoomTextTest, TheFirstOfTwoCounts) {
  std::string text;
  Snapshot empty;
  empty.line.width = 0;
  AppendRoomText("sale", empty, text);
  EXPECT_TRUE(FindRoomText(text + Text(), "other").has_value());
  EXPECT_FALSE(FindRoomText(text + Text(), "sale").has_value()) << "a width of nothing is damage";
}

TEST(RoomTextTest, DamageIsNothing) {
  const std::string head =
      "room sale called=1 taken=2 pace=3 drain=4 active=5 first=6 width=100000\n";
  ASSERT_TRUE(FindRoomText(head + "1 2\n", "sale").has_value());
  for (const char* const bad : {"1 -2\n", "1 x\n", "1  2\n", "4294967296\n", "1 2.5\n"}) {
    EXPECT_FALSE(FindRoomText(head + bad, "sale").has_value()) << bad;
  }
  for (const char* const bad :
       {"room sale\n\n", "room sale called=\n\n", "room sale taken=2 called=1\n\n",
        "room sale called=1 taken=2 pace=3 drain=4 active=5 first=6 width=0\n\n",
        "room sale called=1 taken=2 pace=3 drain=4 active=5 first=6 width=99999\n\n",
        "room sale called=1 taken=2 pace=nan drain=4 active=5 first=6 width=100000\n\n",
        "room sale called=1 taken=2 pace=9999999999 drain=4 active=5 first=6 width=100000\n\n",
        "room sale called=99999999999999999999 taken=2 pace=3 drain=4 active=5 first=6 "
        "width=100000\n\n"}) {
    EXPECT_FALSE(FindRoomText(bad, "sale").has_value()) << bad;
  }
  std::string longest = head;
  for (size_t i = 0; i <= ratelimit::Line::kMost; ++i) longest += "1 ";
  EXPECT_FALSE(FindRoomText(longest, "sale").has_value()) << "longer than any line";
}

// Whatever is read can be gone on with.
TEST(RoomTextTest, NoCutAndNoChangedByteBreaksARoom) {
  const std::string text = Text();
  std::minstd_rand random(1);
  const auto look = [](const std::string& damaged) {
    const auto read = FindRoomText(damaged, "sale");
    if (!read) return;
    ratelimit::WaitingRoom room{ratelimit::RoomSpec{}};
    room.Restore(*read, kNow);
    room.Tick(true, 0.5, kNow + 1);
    room.Come(
        nullptr, [] { return true; }, 7, kNow + 2);
  };
  for (size_t size = 0; size <= text.size(); ++size) look(text.substr(0, size));
  for (int i = 0; i < 2000; ++i) {
    std::string damaged = text;
    for (size_t changes = 1 + random() % 3; changes > 0; --changes) {
      damaged[random() % damaged.size()] = "0123456789 =\n-a"[random() % 15];
    }
    look(damaged);
  }
}

}  // namespace
}  // namespace sluice::admission
