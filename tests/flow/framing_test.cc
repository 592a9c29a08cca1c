// Bodies: how they end, on either side, and that not a byte is lost or added.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/support/flow/origin.h"
#include "tests/support/flow/test_proxy.h"

namespace sluice::test {
namespace {

using testing::HasSubstr;

// Bytes of which every piece is different.
std::string Pattern(size_t size) {
  std::string bytes;
  for (size_t i = 0; bytes.size() < size; ++i) bytes += std::to_string(i) + ",";
  bytes.resize(size);
  return bytes;
}

// Answers with the body it got, framed as it came.
void Mirror(Wire& wire, Origin& origin, uint32_t) {
  while (origin.Take(wire)) {
    const Message request = origin.last();
    if (!request.chunked) {
      wire.Send(Ok(request.body));
      continue;
    }
    char size[32];
    std::snprintf(size, sizeof size, "%zx\r\n", request.body.size());
    wire.Send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n" +
              std::string(size) + request.body + "\r\n0\r\nX-Sum: 7\r\n\r\n");
  }
}

TEST(FramingFlowTest, ABodyUpToTheEndOfTheConnectionIsNotCompleteWhenThatIsAReset) {
  Origin origin([](Wire& wire, Origin&, uint32_t) {
    wire.ReadUntil("\r\n\r\n");
    wire.Send("HTTP/1.1 200 OK\r\n\r\nhalf of it");
    wire.Reset();
  });
  TestProxy proxy(Site{.servers = {origin.address()}});
  for (int i = 0; i < 10; ++i) {
    const Message answer = proxy.Get("/");
    EXPECT_FALSE(answer.status() == 200 && answer.complete);
  }
}

TEST(FramingFlowTest, ABodyWithALengthPassesBothWays) {
  Origin origin(Mirror);
  TestProxy proxy(Site{.servers = {origin.address()}});
  Wire client = proxy.Connect();
  for (const size_t size : {size_t{0}, size_t{1}, size_t{65536}, size_t{3'000'000}}) {
    const std::string body = Pattern(size);
    ASSERT_TRUE(client.Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " +
                            std::to_string(size) + "\r\n\r\n" + body));
    const Message answer = client.ReadResponse();
    ASSERT_TRUE(answer.complete);
    EXPECT_TRUE(answer.body == body) << size;
    EXPECT_TRUE(origin.last().body == body) << size;
    EXPECT_EQ(origin.last().Value("content-length"), std::to_string(size));
    EXPECT_EQ(answer.Value("content-length"), std::to_string(size));
  }
  EXPECT_EQ(origin.accepted(), 1u);
}

TEST(FramingFlowTest, AChunkedBodyPassesBothWaysWithItsTrailers) {
  Origin origin(Mirror);
  TestProxy proxy(Site{.servers = {origin.address()}});
  Wire client = proxy.Connect();
  for (int i = 0; i < 2; ++i) {
    const Message answer = client.Ask(
        "POST / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nTransfer-Encoding: chunked\r\n\r\n"
        "3\r\nabc\r\n4;ext=1\r\ndefg\r\n0\r\nX-Check: 1\r\n\r\n");
    EXPECT_TRUE(answer.chunked);
    EXPECT_TRUE(answer.complete);
    EXPECT_EQ(answer.body, "abcdefg");
    EXPECT_THAT(answer.trailers, HasSubstr("X-Sum: 7\r\n"));
    EXPECT_THAT(origin.last().trailers, HasSubstr("X-Check: 1\r\n"));
  }
}

TEST(FramingFlowTest, ALargeChunkedBodyArrivesToTheByte) {
  Origin origin(Mirror);
  TestProxy proxy(Site{.servers = {origin.address()}});
  Wire client = proxy.Connect();
  const std::string body = Pattern(2'000'000);
  std::string request = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (size_t at = 0, size = 1; at < body.size(); at += size, size = size * 7 % 9001 + 1) {
    const std::string piece = body.substr(at, size);
    char head[32];
    std::snprintf(head, sizeof head, "%zx\r\n", piece.size());
    request += head + piece + "\r\n";
  }
  ASSERT_TRUE(client.Send(request + "0\r\n\r\n"));
  const Message answer = client.ReadResponse();
  EXPECT_TRUE(origin.last().body == body);
  EXPECT_TRUE(answer.body == body);
}

TEST(FramingFlowTest, AnAnswerUntilTheEndOfItsConnectionPassesWhole) {
  const std::string body = Pattern(500'000);
  Origin origin([&](Wire& wire, Origin& self, uint32_t) {
    if (self.Take(wire)) wire.Send("HTTP/1.1 200 OK\r\n\r\n" + body);
  });
  TestProxy proxy(Site{.servers = {origin.address()}});
  Wire client = proxy.Connect();
  for (int i = 0; i < 2; ++i) {
    const Message answer = client.Get("/");
    EXPECT_TRUE(answer.complete);
    EXPECT_TRUE(answer.body == body);
  }
}

TEST(FramingFlowTest, AChunkedAnswerReachesAnHttp10ClientAsPlainBytesUntilTheEnd) {
  Origin origin("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
  TestProxy proxy(Site{.servers = {origin.address()}});
  Wire client = proxy.Connect();
  const Message answer = client.Ask("GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_FALSE(answer.chunked);
  EXPECT_EQ(answer.body, "abc");
  EXPECT_EQ(client.end(), Wire::End::kFin);
}

TEST(FramingFlowTest, HeadHasTheLengthOfGetAndNoBody) {
  Origin origin([](Wire& wire, Origin& self, uint32_t) {
    while (self.Take(wire)) wire.Send("HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n");
  });
  TestProxy proxy(Site{.servers = {origin.address()}});
  Wire client = proxy.Connect();
  for (int i = 0; i < 2; ++i) {
    const Message answer = client.Ask("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", "HEAD");
    EXPECT_EQ(answer.status(), 200);
    EXPECT_EQ(answer.Value("content-length"), "1234");
  }
  EXPECT_EQ(origin.accepted(), 1u) << "what has no body leaves nothing on the connection";
}

TEST(FramingFlowTest, AnswersWithoutBodyNeedNoLength) {
  Origin origin([](Wire& wire, Origin& self, uint32_t) {
    while (self.Take(wire)) {
      const bool match = self.last().Has("if-none-match");
      wire.Send(match ? "HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\nContent-Length: 99\r\n\r\n"
                      : "HTTP/1.1 204 No Content\r\n\r\n");
    }
  });
  TestProxy proxy(Site{.servers = {origin.address()}});
  Wire client = proxy.Connect();
  EXPECT_EQ(client.Get("/").status(), 204);
  const Message same = client.Ask("GET / HTTP/1.1\r\nHost: a\r\nIf-None-Match: \"a\"\r\n\r\n");
  EXPECT_EQ(same.status(), 304);
  EXPECT_EQ(same.Value("etag"), "\"a\"");
  const Message empty = client.Get("/");
  EXPECT_EQ(empty.status(), 204);
  EXPECT_FALSE(empty.Has("content-length"));
  EXPECT_FALSE(empty.Has("transfer-encoding"));
}

TEST(FramingFlowTest, ARangeAndItsPartialAnswerPass) {
  Origin origin(
      "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 2-4/10\r\nContent-Length: "
      "3\r\n\r\ncde");
  TestProxy proxy(Site{.servers = {origin.address()}});
  const Message answer =
      proxy.Connect().Ask("GET /f HTTP/1.1\r\nHost: a\r\nRange: bytes=2-4\r\n\r\n");
  EXPECT_EQ(origin.last().Value("range"), "bytes=2-4");
  EXPECT_EQ(answer.status(), 206);
  EXPECT_EQ(answer.Value("content-range"), "bytes 2-4/10");
  EXPECT_EQ(answer.body, "cde");
}

TEST(FramingFlowTest, OptionsAsteriskGoesOnAsItIs) {
  Origin origin(Ok(""));
  TestProxy proxy(Site{.servers = {origin.address()}});
  EXPECT_EQ(proxy.Connect().Ask("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n").status(), 200);
  EXPECT_EQ(origin.last().start, "OPTIONS * HTTP/1.1");
}

TEST(FramingFlowTest, AnAbsoluteTargetIsServedByItsOwnHost) {
  Origin origin(Ok(""));
  TestProxy proxy(Site{.servers = {origin.address()}});
  Wire client = proxy.Connect();
  const Message answer =
      client.Ask("GET http://shop.example:80/a?b=c HTTP/1.1\r\nHost: shop.example:80\r\n\r\n");
  EXPECT_EQ(answer.status(), 200);
  EXPECT_EQ(origin.last().start, "GET /a?b=c HTTP/1.1");
  EXPECT_EQ(origin.last().Value("host"), "shop.example:80");
}

TEST(FramingFlowTest, ServersAreAskedInHttp11WhateverTheClientSpeaks) {
  Origin origin(Ok(""));
  TestProxy proxy(Site{.servers = {origin.address()}});
  EXPECT_EQ(proxy.Connect().Ask("GET / HTTP/1.0\r\n\r\n").status(), 200);
  EXPECT_EQ(origin.last().start, "GET / HTTP/1.1");
  EXPECT_EQ(origin.last().Value("host"), origin.address()) << "a client may name no host in 1.0";
}

}  // namespace
}  // namespace sluice::test
