#include "proxy/store/reply.h"

#include <gtest/gtest.h>

#include "absl/strings/str_format.h"

namespace sluice::store {
namespace {

using Kind = Reply::Kind;

std::optional<Reply> Read(ReplyReader& reader, std::string_view bytes) {
  reader.Feed(bytes);
  return reader.Next();
}

Reply ReadOne(std::string_view bytes) {
  ReplyReader reader;
  std::optional<Reply> reply = Read(reader, bytes);
  EXPECT_TRUE(reply.has_value()) << reader.wrong();
  EXPECT_FALSE(reader.Next().has_value());
  return reply.value_or(Reply());
}

std::string WrongOf(std::string_view bytes) {
  ReplyReader reader;
  EXPECT_FALSE(Read(reader, bytes).has_value());
  EXPECT_FALSE(Read(reader, "+OK\r\n").has_value()) << "a broken reader stays so";
  return std::string(reader.wrong());
}

TEST(ReplyReader, EveryKindIsRead) {
  EXPECT_EQ(ReadOne("+OK\r\n").kind, Kind::kStatus);
  EXPECT_EQ(ReadOne("-LOADING it is\r\n").kind, Kind::kError);
  EXPECT_EQ(ReadOne("-LOADING it is\r\n").text, "LOADING it is");
  EXPECT_EQ(ReadOne(":-17\r\n").integer, -17);
  EXPECT_EQ(ReadOne("$5\r\nhello\r\n").text, "hello");
  EXPECT_EQ(ReadOne("$0\r\n\r\n").kind, Kind::kText);
  EXPECT_EQ(ReadOne("$-1\r\n").kind, Kind::kNil);
  EXPECT_EQ(ReadOne("*-1\r\n").kind, Kind::kNil);
  const Reply list = ReadOne("*3\r\n:1\r\n*1\r\n$1\r\nx\r\n-ERR no\r\n");
  ASSERT_EQ(list.list.size(), 3u);
  EXPECT_EQ(list.list[0].integer, 1);
  ASSERT_EQ(list.list[1].list.size(), 1u);
  EXPECT_EQ(list.list[1].list[0].text, "x");
  EXPECT_EQ(list.list[2].kind, Kind::kError);
}

TEST(ReplyReader, AReplyInPiecesIsOneReply) {
  ReplyReader reader;
  const std::string_view bytes = "*2\r\n$3\r\nabc\r\n:7\r\n";
  for (const char& byte : bytes.substr(0, bytes.size() - 1)) {
    EXPECT_FALSE(Read(reader, {&byte, 1}).has_value());
  }
  const std::optional<Reply> reply = Read(reader, bytes.substr(bytes.size() - 1));
  ASSERT_TRUE(reply.has_value());
  EXPECT_EQ(reply->list[1].integer, 7);
}

TEST(ReplyReader, SeveralRepliesAtOnceAreSeveral) {
  ReplyReader reader;
  EXPECT_EQ(Read(reader, ":1\r\n:2\r\n:3\r\n")->integer, 1);
  EXPECT_EQ(reader.Next()->integer, 2);
  EXPECT_EQ(reader.Next()->integer, 3);
  EXPECT_FALSE(reader.Next().has_value());
  EXPECT_EQ(reader.wrong(), "");
}

TEST(ReplyReader, WhatIsNoReplyBreaksIt) {
  for (const std::string_view bytes :
       {"HTTP/1.1 400 Bad Request\r\n\r\n", "%2\r\n+a\r\n+b\r\n", "\r\n", "*x\r\n", "$-2\r\n",
        "*-7\r\n", "$99999999999999999999\r\n", "*2147483648\r\n"}) {
    EXPECT_NE(WrongOf(bytes), "") << bytes;
  }
}

TEST(ReplyReader, MoreValuesThanTheBoundAreNeverMadeRoomFor) {
  EXPECT_NE(WrongOf("*2000000000\r\n"), "");
  EXPECT_NE(WrongOf("*4097\r\n"), "");
  std::string many = "*4096\r\n";
  for (int i = 0; i < 4096; ++i) many += ":1\r\n";
  EXPECT_NE(WrongOf(many), "") << "the list counts too";
  std::string lists = "*64\r\n";
  for (int i = 0; i < 64; ++i) {
    lists += "*64\r\n";
    for (int j = 0; j < 64; ++j) lists += ":1\r\n";
  }
  EXPECT_NE(WrongOf(lists), "");
}

TEST(ReplyReader, ListsInListsEndAtADepth) {
  std::string deep;
  for (int i = 0; i < 1000; ++i) deep += "*1\r\n";
  EXPECT_NE(WrongOf(deep), "");
}

TEST(ReplyReader, ATextAboveTheBoundBreaksItAndOneBelowDoesNot) {
  const auto text = [](size_t size) {
    return absl::StrFormat("$%d\r\n%s\r\n", size, std::string(size, 'x'));
  };
  EXPECT_EQ(ReadOne(text(ReplyReader::kMostBytes)).text.size(), ReplyReader::kMostBytes);
  EXPECT_NE(WrongOf(text(ReplyReader::kMostBytes + 1)), "");
}

TEST(ReplyReader, ATextThatNeverEndsIsNotCollected) {
  ReplyReader reader;
  reader.Feed("$2000000000\r\n");
  const std::string block(16 * 1024, 'x');
  size_t fed = 0;
  while (reader.wrong().empty() && fed < 10 * ReplyReader::kMostUnread) {
    EXPECT_FALSE(Read(reader, block).has_value());
    fed += block.size();
  }
  EXPECT_LE(fed, ReplyReader::kMostUnread + block.size());
}

TEST(ReplyReader, TheBoundsAreOfEachReplyNotOfAllTogether) {
  ReplyReader reader;
  std::string list = "*1000\r\n";
  for (int i = 0; i < 1000; ++i) list += "$50\r\n" + std::string(50, 'x') + "\r\n";
  for (int i = 0; i < 50; ++i) EXPECT_TRUE(Read(reader, list).has_value()) << reader.wrong();
}

}  // namespace
}  // namespace sluice::store
