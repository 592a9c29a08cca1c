// Connections that stay: keep-alive, pipelining, and where a connection ends.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/support/flow/origin.h"
#include "tests/support/flow/scripts.h"
#include "tests/support/flow/test_proxy.h"

namespace sluice::test {
namespace {

using testing::HasSubstr;

TEST(KeepAliveFlowTest, OneConnectionServesOneRequestAfterAnother) {
  Origin origin(Ok("hello"));
  TestProxy proxy(Site{.servers = {origin.address()}});
  Wire client = proxy.Connect();
  for (int i = 0; i < 3; ++i) {
    const Message answer = client.Get("/");
    EXPECT_EQ(answer.status(), 200);
    EXPECT_EQ(answer.body, "hello");
    EXPECT_FALSE(answer.Has("connection"));
  }
  EXPECT_EQ(origin.accepted(), 1u) << "and so does the connection behind it";
}

TEST(KeepAliveFlowTest, AThousandPipelinedRequestsComeBackInOrder) {
  Origin origin(Echo);
  TestProxy proxy(Site{.servers = {origin.address()}});
  Wire client = proxy.Connect();
  std::string all;
  for (int i = 0; i < 1000; ++i) {
    all += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: a\r\n\r\n";
  }
  ASSERT_TRUE(client.Send(all));
  for (int i = 0; i < 1000; ++i) {
    const Message answer = client.ReadResponse();
    ASSERT_EQ(answer.status(), 200);
    ASSERT_EQ(answer.body, "/" + std::to_string(i));
  }
}

TEST(KeepAliveFlowTest, PipelinedPostsKeepTheirBodies) {
  Origin origin(AnswerEach([](const Message& request) { return Ok(request.body); }));
  TestProxy proxy(Site{.servers = {origin.address()}});
  Wire client = proxy.Connect();
  std::string all;
  for (int i = 0; i < 50; ++i) {
    const std::string body(static_cast<size_t>(i * 37), static_cast<char>('a' + i % 26));
    all += "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
  }
  ASSERT_TRUE(client.Send(all));
  for (int i = 0; i < 50; ++i) {
    const Message answer = client.ReadResponse();
    ASSERT_EQ(answer.body,
              std::string(static_cast<size_t>(i * 37), static_cast<char>('a' + i % 26)));
  }
}

TEST(KeepAliveFlowTest, ARequestMayComeByteByByte) {
  Origin origin(Echo);
  TestProxy proxy(Site{.servers = {origin.address()}});
  Wire client = proxy.Connect();
  ASSERT_TRUE(client.SendByteByByte("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n"));
  EXPECT_EQ(client.ReadResponse().body, "/slow");
}

TEST(KeepAliveFlowTest, ConnectionCloseIsHonouredAndSaid) {
  Origin origin(Ok("x"));
  TestProxy proxy(Site{.servers = {origin.address()}});
  Wire client = proxy.Connect();
  const Message answer = client.Ask("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(answer.Value("connection"), "close");
  EXPECT_TRUE(client.EndsHere());
  EXPECT_EQ(client.end(), Wire::End::kFin);
}

TEST(KeepAliveFlowTest, MaxRequestsEndsAConnectionWithItsLastAnswer) {
  Origin origin(Ok("x"));
  TestProxy proxy(Site{.servers = {origin.address()}, .listener = "max_requests = 2"});
  Wire client = proxy.Connect();
  EXPECT_FALSE(client.Get("/").Has("connection"));
  EXPECT_EQ(client.Get("/").Value("connection"), "close");
  EXPECT_TRUE(client.EndsHere());
}

TEST(KeepAliveFlowTest, ALastAnswerReachesAClientThatWentOnAsking) {
  const std::string body(1 << 20, 'd');
  Origin origin(Ok(body));
  TestProxy proxy(Site{.servers = {origin.address()}, .listener = "max_requests = 1"});
  Wire client = proxy.Connect();
  ASSERT_TRUE(client.Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
  // Its whole answer is with the kernel when the next request comes.
  EXPECT_TRUE(TestProxy::Eventually(
      [&] { return proxy.ServerCounts().in_flight == 0 && origin.accepted() == 1; }));
  ASSERT_TRUE(client.Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
  const Message answer = client.ReadResponse();
  EXPECT_TRUE(answer.complete);
  EXPECT_EQ(answer.body.size(), body.size());
}

TEST(KeepAliveFlowTest, AnIdleConnectionIsClosedAfterKeepaliveTimeout) {
  Origin origin(Ok("x"));
  TestProxy proxy(Site{.servers = {origin.address()}, .listener = "keepalive_timeout = \"50ms\""});
  Wire client = proxy.Connect();
  EXPECT_EQ(client.Get("/").status(), 200);
  EXPECT_TRUE(client.EndsHere());
}

TEST(KeepAliveFlowTest, ARequestWithHalfCloseBehindItIsAnswered) {
  Origin origin(Echo);
  TestProxy proxy(Site{.servers = {origin.address()}});
  Wire client = proxy.Connect();
  ASSERT_TRUE(client.Send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n"));
  client.FinishWriting();
  EXPECT_EQ(client.ReadResponse().body, "/1");
  EXPECT_EQ(client.ReadResponse().body, "/2");
  EXPECT_TRUE(client.EndsHere());
}

TEST(KeepAliveFlowTest, AHalfCloseBehindAPartialRequestEndsTheConnectionAtOnce) {
  Origin origin(Echo);
  TestProxy proxy(Site{.servers = {origin.address()}, .listener = "head_timeout = \"1h\""});
  for (const char* const rest :
       {"GET /2 HTTP/1.1\r\nHo", "POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab"}) {
    Wire client = proxy.Connect();
    ASSERT_TRUE(client.Send(std::string("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n") + rest));
    client.FinishWriting();
    EXPECT_EQ(client.ReadResponse().body, "/1");
    EXPECT_TRUE(client.EndsHere()) << rest;
  }
  EXPECT_EQ(proxy.ServerCounts().requests, 2u);
}

TEST(KeepAliveFlowTest, AnHttp10ClientIsClosedUnlessItAsksToStay) {
  Origin origin(Ok("x"));
  TestProxy proxy(Site{.servers = {origin.address()}});
  Wire brief = proxy.Connect();
  EXPECT_EQ(brief.Ask("GET / HTTP/1.0\r\nHost: a\r\n\r\n").status(), 200);
  EXPECT_TRUE(brief.EndsHere());
  Wire stays = proxy.Connect();
  const Message answer = stays.Ask("GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(answer.Value("connection"), "keep-alive");
  EXPECT_EQ(stays.Ask("GET / HTTP/1.0\r\nHost: a\r\n\r\n").status(), 200);
}

TEST(KeepAliveFlowTest, AnHttp10ServerIsNotKept) {
  Origin origin([](Wire& wire, Origin& self, uint32_t) {
    if (self.Take(wire)) wire.Send("HTTP/1.0 200 OK\r\n\r\nuntil the end");
  });
  TestProxy proxy(Site{.servers = {origin.address()}});
  Wire client = proxy.Connect();
  for (int i = 0; i < 2; ++i) {
    const Message answer = client.Get("/");
    EXPECT_EQ(answer.body, "until the end");
    EXPECT_TRUE(answer.chunked) << "its end is told from a cut";
  }
  EXPECT_EQ(origin.accepted(), 2u);
}

}  // namespace
}  // namespace sluice::test
