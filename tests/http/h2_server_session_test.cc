#include "proxy/http/h2_server_session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/http/h2_fixture.h"

namespace sluice::test {
namespace {

using http::H2Error;
using testing::HasSubstr;

TEST(H2ServerSessionTest, ARequestIsReadAsOneOfHttp1WouldBe) {
  H2Talk talk;
  ASSERT_TRUE(talk.Say(h2::Hello() + h2::Headers(1, {{":method", "GET"},
                                                     {":scheme", "https"},
                                                     {":authority", "Shop.Example:8443"},
                                                     {":path", "/a/../b%41?q=1"},
                                                     {"accept", "*/*"}})));
  const H2Seen& seen = talk.seen[1];
  EXPECT_TRUE(seen.complete());
  EXPECT_EQ(seen.host, "shop.example");
  EXPECT_EQ(seen.path, "/bA");
  EXPECT_EQ(seen.framing.kind, http::Framing::Kind::kNone);
  EXPECT_THAT(seen.fields, HasSubstr("host: Shop.Example:8443\n"));
}

TEST(H2ServerSessionTest, TheSettingsSayWhatIsKept) {
  H2Talk talk;
  talk.Pump();
  EXPECT_EQ(talk.reader.settings, 1u);
  EXPECT_GT(talk.reader.window, 0u) << "the connection's window is widened";
}

TEST(H2ServerSessionTest, AnAnswerWithoutABodyIsOneFrame) {
  H2Talk talk;
  talk.on_end = [&](H2Talk::Stream& stream) { talk.Answer(stream, 204, ""); };
  talk.Say(h2::Hello() + h2::Get(1));
  EXPECT_EQ(talk.reader.answers[1].status, 204);
  EXPECT_TRUE(talk.reader.answers[1].ended);
  EXPECT_TRUE(talk.reader.order.empty());
  EXPECT_TRUE(talk.seen[1].sent);
  EXPECT_TRUE(talk.seen[1].closed);
}

TEST(H2ServerSessionTest, AnAnswerCarriesItsFieldsAndItsBody) {
  H2Talk talk;
  talk.on_end = [&](H2Talk::Stream& stream) {
    talk.Answer(stream, 200, "hello",
                {{"Content-Type", "text/plain"}, {"Connection", "close"}, {"X-A", "1"}});
  };
  talk.Say(h2::Hello() + h2::Get(1));
  const h2::Answer& answer = talk.reader.answers[1];
  EXPECT_EQ(answer.body, "hello");
  EXPECT_EQ(answer.Value("content-type"), "text/plain");
  EXPECT_EQ(answer.Value("content-length"), "5");
  EXPECT_EQ(answer.Value("connection"), "") << "HTTP/2 has no such field";
}

TEST(H2ServerSessionTest, InterimHeadsAndTrailersSurroundAnAnswer) {
  H2Talk talk;
  talk.on_end = [&](H2Talk::Stream& stream) {
    http::ResponseHead head(stream.memory());
    head.status = 103;
    talk.session.SendInterim(stream, head);
    head.status = 200;
    head.framing.kind = http::Framing::Kind::kChunked;
    talk.session.SendHead(stream, head);
    const std::string_view body = "abc";
    talk.session.SendBody(stream, Pieces(&body, 1));
    http::Fields trailers(stream.memory());
    trailers.Add("grpc-status", "0");
    talk.session.SendEnd(stream, &trailers);
  };
  talk.Say(h2::Hello() + h2::Get(1));
  const h2::Answer& answer = talk.reader.answers[1];
  EXPECT_THAT(answer.interims, testing::ElementsAre(103));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "abc");
  ASSERT_EQ(answer.trailers.size(), 1u);
  EXPECT_EQ(answer.trailers[0].first, "grpc-status");
  EXPECT_TRUE(answer.ended);
}

TEST(H2ServerSessionTest, AnAnswerThatHasNotLeftCanBeTakenBack) {
  H2Talk talk;
  talk.Say(h2::Hello() + h2::Get(1));
  H2Talk::Stream& stream = talk.stream(1);
  http::ResponseHead head(stream.memory());
  head.status = 200;
  head.framing.kind = http::Framing::Kind::kChunked;
  talk.session.SendHead(stream, head);
  const std::string_view body = "broken";
  talk.session.SendBody(stream, Pieces(&body, 1));
  EXPECT_TRUE(talk.session.Retract(stream));
  talk.Answer(stream, 502, "sorry");
  talk.Pump();
  EXPECT_EQ(talk.reader.answers[1].status, 502);
  EXPECT_EQ(talk.reader.answers[1].body, "sorry");
  EXPECT_FALSE(talk.session.Retract(stream));
}

TEST(H2ServerSessionTest, ABodyIsGivenOutAsTheClientsWindowAllows) {
  H2Talk talk;
  const std::string body(200'000, 'x');
  talk.on_end = [&](H2Talk::Stream& stream) { talk.Answer(stream, 200, body); };
  talk.Say(h2::Hello() + h2::Get(1));
  EXPECT_EQ(talk.reader.answers[1].body.size(), 65535u);
  EXPECT_TRUE(talk.stream(1).shut());
  EXPECT_EQ(talk.session.held(), body.size() - 65535);
  talk.Say(h2::Frame(h2::kWindow, 0, 0, h2::Number(1 << 20)) +
           h2::Frame(h2::kWindow, 0, 1, h2::Number(1 << 20)));
  EXPECT_EQ(talk.reader.answers[1].body.size(), body.size());
  EXPECT_TRUE(talk.reader.answers[1].ended);
  EXPECT_EQ(talk.session.held(), 0u);
}

TEST(H2ServerSessionTest, AStreamIsFullAboveItsMarkAndSaysWhenThereIsRoom) {
  H2Talk talk;
  talk.Say(h2::Hello() + h2::Get(1));
  H2Talk::Stream& stream = talk.stream(1);
  http::ResponseHead head(stream.memory());
  head.status = 200;
  head.framing.kind = http::Framing::Kind::kChunked;
  talk.session.SendHead(stream, head);
  const std::string body(100'000, 'x');
  const std::string_view view = body;
  talk.session.SendBody(stream, Pieces(&view, 1));
  EXPECT_TRUE(talk.session.Full(stream, 64 * 1024));
  talk.Pump();
  EXPECT_EQ(talk.seen[1].rooms, 0) << "34 KiB are more than a quarter of the mark";
  talk.Say(h2::Frame(h2::kWindow, 0, 0, h2::Number(30'000)) +
           h2::Frame(h2::kWindow, 0, 1, h2::Number(30'000)));
  EXPECT_EQ(talk.seen[1].rooms, 1);
  EXPECT_FALSE(talk.session.Full(stream, 64 * 1024));
}

TEST(H2ServerSessionTest, ShutWindowsHoldNoMoreThanTheConnectionMay) {
  H2Talk talk({.hold_bytes = 100'000});
  std::string all = std::string(h2::kPreface) +
                    h2::Frame(h2::kSettings, 0, 0, std::string("\0\4", 2) + h2::Number(0));
  for (uint32_t id = 1; id < 100; id += 2) all += h2::Get(id);
  talk.Say(all);
  const std::string part(8192, 'x');
  const std::string_view view = part;
  for (const auto& stream : talk.streams) {
    http::ResponseHead head(stream->memory());
    head.status = 200;
    head.framing.kind = http::Framing::Kind::kChunked;
    talk.session.SendHead(*stream, head);
    while (!talk.session.Full(*stream, 256 * 1024)) {
      talk.session.SendBody(*stream, Pieces(&view, 1));
    }
  }
  EXPECT_LE(talk.session.held(), 100'000 + 50 * (http::H2Session::kStreamFloor + 8192));
}

TEST(H2ServerSessionTest, OneStreamThatNobodyReadsStopsNoOther) {
  H2Talk talk;
  talk.consumes = false;
  talk.Say(h2::Hello() + h2::Post(1) + h2::Data(1, std::string(65'535, 'x')));
  EXPECT_EQ(talk.seen[1].body.size(), 65'535u);
  EXPECT_EQ(talk.reader.stream_window[1], 0u);
  talk.consumes = true;
  // More than the connection's first window in all: it must have been given back.
  std::string all = h2::Post(3);
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(talk.Say(all + h2::Data(3, std::string(16'000, 'y')))) << i;
    all.clear();
  }
  EXPECT_EQ(talk.seen[3].body.size(), 1'600'000u);
  EXPECT_GT(talk.reader.stream_window[3], 1'000'000u);
}

TEST(H2ServerSessionTest, ABodyWithoutALengthIsAConversation) {
  H2Talk talk;
  talk.Say(h2::Hello() + h2::Post(1) + h2::Post(3, {{"content-length", "5"}}));
  EXPECT_TRUE(talk.seen[1].streaming);
  EXPECT_EQ(talk.seen[1].framing.kind, http::Framing::Kind::kChunked);
  EXPECT_FALSE(talk.seen[3].streaming);
  EXPECT_EQ(talk.seen[3].framing.kind, http::Framing::Kind::kLength);
}

TEST(H2ServerSessionTest, MoreUrgentAnswersLeaveFirst) {
  H2Talk talk;
  const std::string body(40'000, 'x');
  const auto get = [](uint32_t id, const char* priority) {
    return h2::Headers(id, {{":method", "GET"},
                            {":scheme", "http"},
                            {":authority", "a"},
                            {":path", "/"},
                            {"priority", priority}});
  };
  talk.Say(h2::Hello() + h2::Frame(h2::kWindow, 0, 0, h2::Number(1 << 20)) + get(1, "u=6") +
           get(3, "u=1") + get(5, "u=3"));
  for (const uint32_t id : {1u, 3u, 5u}) talk.Answer(talk.stream(id), 200, body);
  talk.Pump();
  const auto first = [&](uint32_t id) {
    return std::find(talk.reader.order.begin(), talk.reader.order.end(), id);
  };
  EXPECT_LT(first(3), first(5));
  EXPECT_LT(first(5), first(1));
}

TEST(H2ServerSessionTest, AnAnswerBeforeTheEndOfItsRequestEndsTheRequest) {
  H2Talk talk;
  talk.Say(h2::Hello() + h2::Post(1) + h2::Data(1, "half"));
  talk.Answer(talk.stream(1), 413, "too much");
  talk.Pump();
  EXPECT_EQ(talk.reader.answers[1].status, 413);
  EXPECT_TRUE(talk.reader.answers[1].ended);
  EXPECT_TRUE(talk.reader.answers[1].reset);
  EXPECT_EQ(talk.reader.answers[1].error, 0u) << "the answer counts";
}

TEST(H2ServerSessionTest, AStreamMayBeForgottenBeforeItIsOver) {
  H2Talk talk;
  talk.Say(h2::Hello() + h2::Post(1) + h2::Get(3));
  talk.Answer(talk.stream(3), 200, std::string(100'000, 'x'));
  talk.Pump();
  talk.session.Reset(talk.stream(3), H2Error::kInternal);
  talk.Close(talk.stream(1));
  talk.Close(talk.stream(3));
  EXPECT_EQ(talk.session.held(), 0u);
  EXPECT_TRUE(talk.Say(h2::Data(1, "late", true) + h2::Get(5)));
  EXPECT_TRUE(talk.reader.answers[3].reset);
  EXPECT_TRUE(talk.seen[5].complete());
}

TEST(H2ServerSessionTest, ShutdownIsSaidTwiceAndLosesNothing) {
  H2Talk talk;
  talk.Say(h2::Hello() + h2::Get(1));
  talk.session.AnnounceShutdown();
  talk.Pump();
  EXPECT_TRUE(talk.reader.goaway);
  EXPECT_EQ(talk.reader.goaway_last, 0x7fffffffu);
  EXPECT_TRUE(talk.Say(h2::Get(3))) << "it was on its way";
  EXPECT_TRUE(talk.seen[3].complete());
  talk.session.RefuseFurther();
  talk.Pump();
  EXPECT_EQ(talk.reader.goaway_last, 3u);
  talk.Say(h2::Get(5));
  EXPECT_EQ(talk.seen[5].requests, 0);
  talk.Answer(talk.stream(1), 200, "one");
  talk.Answer(talk.stream(3), 200, "three");
  talk.Pump();
  EXPECT_EQ(talk.reader.answers[3].body, "three");
  EXPECT_TRUE(talk.session.over());
}

TEST(H2ServerSessionTest, WhatIsNoHttp2EndsTheSession) {
  H2Talk talk;
  EXPECT_FALSE(talk.Say("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"));
  EXPECT_TRUE(talk.reader.goaway);
  H2Talk wrong;
  EXPECT_FALSE(wrong.Say("PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n"));
  EXPECT_TRUE(wrong.reader.goaway);
}

}  // namespace
}  // namespace sluice::test
