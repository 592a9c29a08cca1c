#include "proxy/admission/room_word_text.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "ratelimit/waiting_room.h"

namespace sluice::admission {
namespace {

using ratelimit::RoomNews;
using ratelimit::RoomWord;

constexpr ratelimit::RoomTime kNow = 1'800'000'000 * ratelimit::kSecond;

RoomWord Word() {
  RoomWord word{.beat = 7,
                .keeps_order = true,
                .called = kNow - 5,
                .waiting = 812,
                .active = 417,
                .most = 500,
                .entered = 99'000,
                .pace = 12.25,
                .drain = 13.5,
                .leaving = -0.75,
                .news = {{.id = 0xfedcba9876543210, .what = RoomNews::What::kEntered},
                         {.id = 1, .what = RoomNews::What::kEnded}}};
  for (size_t i = 0; i < word.line.size(); ++i) word.line[i] = kNow + i;
  return word;
}

TEST(RoomWordTextTest, WhatIsWrittenIsRead) {
  EXPECT_EQ(ReadRoomWord(WriteRoomWord(Word())), Word());
  EXPECT_EQ(ReadRoomWord(WriteRoomWord(RoomWord())), RoomWord());
  EXPECT_LT(WriteRoomWord(Word()).size(), 300u);
}

TEST(RoomWordTextTest, WhatIsNotWhollyAWordIsNone) {
  const std::string head = "1 7 1 5 4 3 2 1 1000 2000 -500";
  const std::string good = head + " 1 2 3 4 5 6 7 8 9";
  ASSERT_TRUE(ReadRoomWord(good).has_value());
  EXPECT_EQ(ReadRoomWord(good)->leaving, -0.5);
  for (const std::string& bad : {
           std::string(),
           std::string("hello"),
           "2" + good.substr(1),                       // another format
           head + " 1 2 3 4 5 6 7 8",                  // a place is missing
           head + " 1 2 3 4 5 6 7 9 8",                // places fall
           head + " 1 2 3 4 5 6 7 8 4503599627370497"  // far too late
           ,
           good + " 10",
           good + " x0000000000000001",
           good + " i000000000000001",
           good + " i00000000000000000",
           good + " i-000000000000001",
           good + " i000000000000000g",
           good + "  i0000000000000001",
           std::string("1 7 2 5 4 3 2 1 1000 2000 -500 1 2 3 4 5 6 7 8 9"),
           std::string("1 7 1 5 4 3 2 1 1000 2000 --500 1 2 3 4 5 6 7 8 9"),
           std::string("1 7 1 5 4 3 2 1 -1000 2000 500 1 2 3 4 5 6 7 8 9"),
           std::string("1 7 1 5 4 3 2 1 nan 2000 500 1 2 3 4 5 6 7 8 9"),
           std::string("1 7 1 5 9999999999 3 2 1 1000 2000 500 1 2 3 4 5 6 7 8 9"),
           std::string("1 99999999999999999999 1 5 4 3 2 1 1000 2000 500 1 2 3 4 5 6 7 8 9"),
       }) {
    EXPECT_FALSE(ReadRoomWord(bad).has_value()) << bad;
  }
  std::string longest = good;
  for (size_t i = 0; i <= ratelimit::RoomTidings::kMostTold; ++i) longest += " i0000000000000001";
  EXPECT_FALSE(ReadRoomWord(longest).has_value());
}

// Whatever is read can be gone by.
TEST(RoomWordTextTest, NoCutAndNoChangedByteBreaksARoom) {
  const std::string text = WriteRoomWord(Word());
  std::minstd_rand random(1);
  const auto hear = [](const std::string& damaged) {
    const auto word = ReadRoomWord(damaged);
    if (!word) return;
    ratelimit::RoomFleet fleet("m", 1);
    fleet.Hear("a", *word, kNow);
    ratelimit::WaitingRoom room({.most_active = 10, .pace = 5});
    room.Share(fleet.Look(kNow), kNow);
    room.Tick(true, 0.5, kNow + 1);
    const auto answer = room.Come(
        nullptr, [] { return false; }, 7, kNow + 2);
    EXPECT_GE(answer.poll_s, 0);
    EXPECT_GE(answer.wait_s.value_or(0), 0);
    EXPECT_TRUE(ReadRoomWord(WriteRoomWord(room.Word(kNow + 3))).has_value());
  };
  for (size_t size = 0; size <= text.size(); ++size) hear(text.substr(0, size));
  for (int i = 0; i < 5000; ++i) {
    std::string damaged = text;
    for (size_t changes = 1 + random() % 3; changes > 0; --changes) {
      damaged[random() % damaged.size()] = "0123456789 -ie"[random() % 14];
    }
    hear(damaged);
  }
}

}  // namespace
}  // namespace sluice::admission
