#include "bench/load/steady/answer_reader.h"

#include <gtest/gtest.h>

#include <string>

#include "bench/load/http_head.h"

namespace sluice::load {
namespace {

using State = AnswerReader::State;

constexpr std::string_view kHello =
    "HTTP/1.1 200 OK\r\nServer: x\r\ncontent-length: 5\r\nETag: \"1\"\r\n\r\nhello";

State Read(std::string_view bytes) { return AnswerReader().Feed(bytes); }

TEST(AnswerReader, EndsWhereTheLengthSaysHoweverTheBytesAreCut) {
  for (size_t piece = 1; piece <= kHello.size(); ++piece) {
    AnswerReader reader;
    State state = State::kMore;
    for (size_t at = 0; at < kHello.size(); at += piece) {
      ASSERT_EQ(state, State::kMore) << "pieces of " << piece << ", at " << at;
      state = reader.Feed(kHello.substr(at, piece));
    }
    EXPECT_EQ(state, State::kDone) << piece;
    EXPECT_EQ(reader.status(), 200);
  }
}

TEST(AnswerReader, ReadsOneAnswerAfterTheOther) {
  AnswerReader reader;
  for (const char* answer : {"HTTP/1.1 503 No\r\nContent-Length: 0\r\nConnection: Close\r\n\r\n",
                             "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"}) {
    const bool first = reader.status() == 0;
    ASSERT_EQ(reader.Feed(answer), State::kDone) << answer;
    EXPECT_EQ(reader.status(), first ? 503 : 200);
    EXPECT_EQ(reader.closes(), first);
    reader.Reset();
  }
}

TEST(AnswerReader, AnInterimAnswerIsNotTheAnswer) {
  AnswerReader reader;
  ASSERT_EQ(reader.Feed("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1."), State::kMore);
  EXPECT_EQ(reader.Feed("1 200 OK\r\nContent-Length: 2\r\n\r\nok"), State::kDone);
  EXPECT_EQ(reader.status(), 200);
}

TEST(AnswerReader, SomeAnswersNeverHaveABody) {
  EXPECT_EQ(Read("HTTP/1.1 204 No Content\r\n\r\n"), State::kDone);
  EXPECT_EQ(Read("HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n"), State::kDone);
}

TEST(AnswerReader, ABodyMayComeInManyReads) {
  AnswerReader reader;
  ASSERT_EQ(reader.Feed("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"), State::kMore);
  const std::string block(10'000, 'x');
  for (int i = 0; i < 99; ++i) ASSERT_EQ(reader.Feed(block), State::kMore);
  EXPECT_EQ(reader.Feed(block), State::kDone);
}

TEST(AnswerReader, AnAnswerWithoutAKnownEndIsBroken) {
  EXPECT_EQ(Read("HTTP/1.1 200 OK\r\n\r\n"), State::kBroken);
  EXPECT_EQ(Read("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"), State::kBroken);
  EXPECT_EQ(Read("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"), State::kBroken);
  EXPECT_EQ(Read("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\nhello"),
            State::kBroken);
}

TEST(AnswerReader, WhatIsNoAnswerIsBroken) {
  EXPECT_EQ(Read("SSH-2.0-OpenSSH_9.2\r\n\r\n"), State::kBroken);
  EXPECT_EQ(Read("HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n"), State::kBroken);
  EXPECT_EQ(Read("HTTP/1.1 101 Switching Protocols\r\n\r\n"), State::kBroken);
}

TEST(AnswerReader, MoreThanWasAnnouncedIsBroken) {
  EXPECT_EQ(Read(std::string(kHello) + "!"), State::kBroken);
}

TEST(AnswerReader, AHeadWithoutEndIsBrokenBeforeItFillsMemory) {
  AnswerReader reader;
  ASSERT_EQ(reader.Feed("HTTP/1.1 200 OK\r\n"), State::kMore);
  State state = State::kMore;
  for (int i = 0; i < 100 && state == State::kMore; ++i)
    state = reader.Feed("X: 0123456789012\r\n");
  EXPECT_EQ(state, State::kMore);
  for (int i = 0; i < 1000 && state == State::kMore; ++i) state = reader.Feed("X: 01234567890\r\n");
  EXPECT_EQ(state, State::kBroken);
}

TEST(HttpHead, AFieldIsFoundByItsWholeName) {
  const std::string_view head = "GET / HTTP/1.1\r\nX-Length: 1\r\nLENGTH :2\r\nlength: 3 \r\n\r\n";
  EXPECT_EQ(FieldOf(head, "Length"), "3");
  EXPECT_EQ(FieldOf(head, "x-length"), "1");
  EXPECT_EQ(FieldOf(head, "GET / HTTP/1.1"), "");
  EXPECT_EQ(FieldOf(head, "Host"), "");
}

}  // namespace
}  // namespace sluice::load
