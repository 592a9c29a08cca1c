// What comes before or instead of the usual order: 100-continue, early hints, early answers,
// upgrades.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/support/flow/origin.h"
#include "tests/support/flow/test_proxy.h"

namespace sluice::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr char kExpect[] =
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n";
constexpr char kUpgrade[] =
    "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
constexpr char kSwitching[] =
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";

TEST(ExpectFlowTest, SluiceAnswers100ForWhatItBuffers) {
  Origin origin(Ok("thanks"));
  TestProxy proxy(Site{.servers = {origin.address()}});
  Wire client = proxy.Connect();
  ASSERT_TRUE(client.Send(kExpect));
  EXPECT_EQ(client.ReadHead().status(), 100);
  EXPECT_EQ(origin.accepted(), 0u) << "no server waits for a client's body";
  ASSERT_TRUE(client.Send("body"));
  EXPECT_EQ(client.ReadResponse().body, "thanks");
  EXPECT_EQ(origin.last().body, "body");
  EXPECT_FALSE(origin.last().Has("expect"));
}

TEST(ExpectFlowTest, WithoutABufferTheServerDecides) {
  Origin origin([](Wire& wire, Origin&, uint32_t) {
    const Message head = wire.ReadHead();
    EXPECT_EQ(head.Value("expect"), "100-continue");
    wire.Send("HTTP/1.1 100 Continue\r\n\r\n");
    EXPECT_EQ(wire.ReadExactly(4), "body");
    wire.Send(Ok("thanks"));
    wire.EndsHere();
  });
  TestProxy proxy(
      Site{.servers = {origin.address()}, .routes = RouteAll("request_buffer = \"0B\"")});
  Wire client = proxy.Connect();
  ASSERT_TRUE(client.Send(kExpect));
  EXPECT_EQ(client.ReadHead().status(), 100);
  ASSERT_TRUE(client.Send("body"));
  EXPECT_EQ(client.ReadResponse().body, "thanks");
}

TEST(ExpectFlowTest, AServerThatDeclinesGetsNoBodyAndTheConnectionIsNotReused) {
  Origin origin([](Wire& wire, Origin&, uint32_t) {
    wire.ReadHead();
    wire.Send("HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n");
    EXPECT_TRUE(wire.EndsHere());
  });
  TestProxy proxy(
      Site{.servers = {origin.address()}, .routes = RouteAll("request_buffer = \"0B\"")});
  Wire client = proxy.Connect();
  const Message answer = client.Ask(kExpect);
  EXPECT_EQ(answer.status(), 417);
  EXPECT_EQ(answer.Value("connection"), "close") << "body or next request: no telling which";
  EXPECT_TRUE(client.EndsHere());
  EXPECT_TRUE(origin.AwaitEnded(1));
}

TEST(InterimFlowTest, EarlyHintsPassBeforeTheAnswer) {
  Origin origin(
      "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n"
      "HTTP/1.1 103 Early Hints\r\nLink: </b.css>; rel=preload\r\n\r\n" +
      Ok("page"));
  TestProxy proxy(Site{.servers = {origin.address()}});
  Wire client = proxy.Connect();
  ASSERT_TRUE(client.Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
  const Message hint = client.ReadHead();
  EXPECT_EQ(hint.status(), 103);
  EXPECT_EQ(hint.Value("link"), "</a.css>; rel=preload");
  const Message answer = client.ReadResponse();
  EXPECT_THAT(answer.interims, ElementsAre(103));
  EXPECT_EQ(answer.body, "page");
}

TEST(InterimFlowTest, AnHttp10ClientGetsNoInterimHeads) {
  Origin origin("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + Ok("page"));
  TestProxy proxy(Site{.servers = {origin.address()}});
  Wire client = proxy.Connect();
  ASSERT_TRUE(client.Send("GET / HTTP/1.0\r\nHost: a\r\n\r\n"));
  const std::string all = client.ReadAll();
  EXPECT_THAT(all, testing::StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(all, testing::Not(HasSubstr("103")));
}

TEST(EarlyAnswerFlowTest, AnAnswerBeforeTheEndOfTheRequestReachesTheClient) {
  Origin origin([](Wire& wire, Origin&, uint32_t) {
    wire.ReadHead();
    wire.Send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig");
    wire.ReadAll();
  });
  TestProxy proxy(
      Site{.servers = {origin.address()}, .routes = RouteAll("request_buffer = \"0B\"")});
  Wire client = proxy.Connect();
  ASSERT_TRUE(client.Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nsome"));
  const Message answer = client.ReadResponse();
  EXPECT_EQ(answer.status(), 413);
  EXPECT_EQ(answer.body, "big");
}

TEST(EarlyAnswerFlowTest, TheRestOfASmallBodyIsThrownAwayAndTheConnectionStays) {
  Origin origin([](Wire& wire, Origin&, uint32_t) {
    const Message head = wire.ReadHead();
    wire.Send(Ok(head.target()));
    wire.ReadAll();
  });
  TestProxy proxy(
      Site{.servers = {origin.address()}, .routes = RouteAll("request_buffer = \"0B\"")});
  Wire client = proxy.Connect();
  ASSERT_TRUE(client.Send("POST /one HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n01234"));
  EXPECT_EQ(client.ReadResponse().body, "/one");
  ASSERT_TRUE(client.Send("56789GET /two HTTP/1.1\r\nHost: a\r\n\r\n"));
  EXPECT_EQ(client.ReadResponse().body, "/two");
}

TEST(UpgradeFlowTest, ATunnelCarriesBytesBothWays) {
  Origin origin([](Wire& wire, Origin& self, uint32_t) {
    if (!self.Take(wire)) return;
    wire.Send(kSwitching);
    for (std::string bytes; !(bytes = wire.ReadSome()).empty();) wire.Send(bytes);
  });
  TestProxy proxy(Site{.servers = {origin.address()}});
  Wire client = proxy.Connect();
  ASSERT_TRUE(client.Send(kUpgrade));
  const Message answer = client.ReadHead();
  ASSERT_EQ(answer.status(), 101);
  EXPECT_EQ(answer.Value("upgrade"), "websocket");
  EXPECT_EQ(origin.last().Value("upgrade"), "websocket");
  const std::string mebibyte(1 << 20, 'w');
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(client.Send("hello"));
    EXPECT_EQ(client.ReadExactly(5), "hello");
    ASSERT_TRUE(client.Send(mebibyte));
    EXPECT_TRUE(client.ReadExactly(mebibyte.size()) == mebibyte);
  }
}

TEST(UpgradeFlowTest, BytesRightBehindEitherHeadBelongToTheTunnel) {
  Origin origin([](Wire& wire, Origin& self, uint32_t) {
    if (!self.Take(wire)) return;
    wire.Send(std::string(kSwitching) + "from the server");
    EXPECT_EQ(wire.ReadExactly(15), "from the client");
    wire.EndsHere();
  });
  TestProxy proxy(Site{.servers = {origin.address()}});
  Wire client = proxy.Connect();
  ASSERT_TRUE(client.Send(std::string(kUpgrade) + "from the client"));
  EXPECT_EQ(client.ReadHead().status(), 101);
  EXPECT_EQ(client.ReadExactly(15), "from the server");
  client.FinishWriting();
  EXPECT_TRUE(origin.AwaitEnded(1));
}

TEST(UpgradeFlowTest, AHalfCloseByTheClientReachesTheServerWhichMayGoOn) {
  Origin origin([](Wire& wire, Origin& self, uint32_t) {
    if (!self.Take(wire)) return;
    wire.Send(kSwitching);
    EXPECT_EQ(wire.ReadAll(), "bye");
    wire.Send("and the server's last words");
  });
  TestProxy proxy(Site{.servers = {origin.address()}});
  Wire client = proxy.Connect();
  ASSERT_TRUE(client.Send(std::string(kUpgrade) + "bye"));
  client.FinishWriting();
  EXPECT_EQ(client.ReadHead().status(), 101);
  EXPECT_EQ(client.ReadAll(), "and the server's last words");
  EXPECT_EQ(client.end(), Wire::End::kFin);
}

TEST(UpgradeFlowTest, LastWordsOfAServerArriveEvenWhenTheClientStillTalks) {
  Origin origin([](Wire& wire, Origin& self, uint32_t) {
    if (!self.Take(wire)) return;
    wire.Send(kSwitching);
    wire.ReadExactly(1);
    wire.Send(std::string(300'000, 'z'));
    wire.FinishWriting();
    wire.ReadAll();
  });
  TestProxy proxy(Site{.servers = {origin.address()}});
  Wire client = proxy.Connect();
  ASSERT_TRUE(client.Send(std::string(kUpgrade)));
  EXPECT_EQ(client.ReadHead().status(), 101);
  ASSERT_TRUE(client.Send(std::string(20'000, 'y')));
  EXPECT_EQ(client.ReadAll().size(), 300'000u);
  EXPECT_EQ(client.end(), Wire::End::kFin);
}

TEST(UpgradeFlowTest, ASilentTunnelIsCutAfterItsIdleTimeout) {
  Origin origin([](Wire& wire, Origin& self, uint32_t) {
    if (!self.Take(wire)) return;
    wire.Send(kSwitching);
    wire.EndsHere();
  });
  TestProxy proxy(Site{.servers = {origin.address()}, .pool = "tunnel_idle_timeout = \"100ms\""});
  Wire client = proxy.Connect();
  ASSERT_TRUE(client.Send(kUpgrade));
  EXPECT_EQ(client.ReadHead().status(), 101);
  EXPECT_TRUE(client.EndsHere());
  EXPECT_TRUE(origin.AwaitEnded(1));
}

TEST(UpgradeFlowTest, AServerMayDeclineAndTheConnectionsGoOn) {
  Origin origin(Ok("no"));
  TestProxy proxy(Site{.servers = {origin.address()}});
  Wire client = proxy.Connect();
  EXPECT_EQ(client.Ask(kUpgrade).body, "no");
  EXPECT_EQ(client.Get("/").body, "no");
  EXPECT_EQ(origin.accepted(), 1u);
}

TEST(UpgradeFlowTest, AnOfferOfHttp2IsNotPassedOn) {
  Origin origin(Ok("plain"));
  TestProxy proxy(Site{.servers = {origin.address()}});
  const Message answer = proxy.Connect().Ask(
      "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
      "HTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n");
  EXPECT_EQ(answer.body, "plain");
  EXPECT_FALSE(origin.last().Has("upgrade"));
  EXPECT_FALSE(origin.last().Has("http2-settings"));
}

}  // namespace
}  // namespace sluice::test
