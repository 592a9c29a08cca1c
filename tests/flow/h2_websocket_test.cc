// WebSocket over HTTP/2 (RFC 8441): a stream of the client's is the tunnel, and the server sees the
// upgrade of HTTP/1.1 that it knows.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/support/flow/h2_wire.h"
#include "tests/support/flow/origin.h"
#include "tests/support/flow/test_proxy.h"

namespace sluice::test {
namespace {

constexpr std::string_view kSwitching =
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Accept: x\r\nSec-WebSocket-Protocol: chat\r\n\r\n";

std::string Connect(uint32_t stream, std::string_view protocol = "websocket") {
  return h2::Headers(stream,
                     {{":method", "CONNECT"},
                      {":protocol", std::string(protocol)},
                      {":scheme", "http"},
                      {":path", "/chat?room=1"},
                      {":authority", "a"},
                      {"sec-websocket-version", "13"},
                      {"sec-websocket-protocol", "chat"}},
                     false);
}

// Greets, then says everything twice; ends when the client does.
void Echo(Wire& wire, Origin& origin, uint32_t) {
  if (!origin.Take(wire)) return;
  wire.Send(std::string(kSwitching) + "hi ");
  for (std::string bytes; !(bytes = wire.ReadSome()).empty();) wire.Send(bytes + bytes);
  wire.Send("bye");
}

TEST(H2WebSocketFlowTest, AStreamIsATunnelToAServerThatSpeaksHttp1) {
  Origin origin(Echo);
  TestProxy proxy(Site{.servers = {origin.address()}});
  H2Wire client(proxy.Connect());
  client.Send(Connect(1));
  ASSERT_TRUE(client.Until([&] { return client.answer(1).body == "hi "; }));
  EXPECT_EQ(client.answer(1).status, 200);
  EXPECT_EQ(client.answer(1).Value("sec-websocket-protocol"), "chat");
  for (const char* const none : {"sec-websocket-accept", "upgrade", "connection"}) {
    EXPECT_EQ(client.answer(1).Value(none), "");
  }
  const Message seen = origin.last();
  EXPECT_EQ(seen.start, "GET /chat?room=1 HTTP/1.1");
  EXPECT_EQ(seen.Value("upgrade"), "websocket");
  EXPECT_EQ(seen.Value("sec-websocket-version"), "13");
  EXPECT_EQ(seen.Value("sec-websocket-key").size(), 24u);
  client.Send(h2::Data(1, "ab"));
  ASSERT_TRUE(client.Until([&] { return client.answer(1).body == "hi abab"; }));
  client.Send(h2::Data(1, "c", true));
  EXPECT_EQ(client.Await(1).body, "hi ababccbye");
  EXPECT_TRUE(client.answer(1).ended);
}

TEST(H2WebSocketFlowTest, TunnelsAndRequestsShareAConnection) {
  Origin origin(Echo);
  Origin plain(Ok("hello"));
  TestProxy proxy(Site{.servers = {origin.address()},
                       .routes = "[[pool]]\nname = \"plain\"\nservers = [\"" + plain.address() +
                                 "\"]\n[[route]]\nmatch.path = \"/plain\"\npool = \"plain\"\n" +
                                 RouteAll("")});
  H2Wire client(proxy.Connect());
  client.Send(Connect(1) + Connect(3));
  ASSERT_TRUE(client.Until(
      [&] { return client.answer(1).body == "hi " && client.answer(3).body == "hi "; }));
  EXPECT_NE(origin.requests()[0].Value("sec-websocket-key"),
            origin.requests()[1].Value("sec-websocket-key"));
  EXPECT_EQ(client.Ask(h2::Get(5, "/plain"), 5).body, "hello");
  client.Send(h2::Data(3, "b", true) + h2::Data(1, "a", true));
  EXPECT_EQ(client.Await(3).body, "hi bbbye");
  EXPECT_EQ(client.Await(1).body, "hi aabye");
}

TEST(H2WebSocketFlowTest, MoreThanAWindowGoesThroughBothWays) {
  Origin origin(Echo);
  TestProxy proxy(Site{.servers = {origin.address()}});
  H2Wire client(proxy.Connect());
  client.Send(h2::Frame(h2::kWindow, 0, 0, h2::Number(1 << 30)) + Connect(1) +
              h2::Frame(h2::kWindow, 0, 1, h2::Number(1 << 30)));
  ASSERT_TRUE(client.Until([&] { return client.answer(1).body == "hi "; }));
  const std::string piece(16 * 1024, 'x');
  size_t sent = 0;
  for (int i = 0; i < 16; ++i) {
    // Our window is 64 KiB and what is returned.
    ASSERT_TRUE(client.Until(
        [&] { return sent + piece.size() <= 65535 + client.reader().stream_window[1]; }));
    client.Send(h2::Data(1, piece, i == 15));
    sent += piece.size();
  }
  EXPECT_EQ(client.Await(1).body.size(), 3 + 2 * sent + 3);
}

TEST(H2WebSocketFlowTest, AServerMayDeclineAndTheConnectionGoesOn) {
  Origin origin("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno");
  TestProxy proxy(Site{.servers = {origin.address()}});
  H2Wire client(proxy.Connect());
  const h2::Answer declined = client.Ask(Connect(1), 1);
  EXPECT_EQ(declined.status, 403);
  EXPECT_EQ(declined.body, "no");
  EXPECT_EQ(client.Ask(h2::Get(3), 3).status, 403);
}

TEST(H2WebSocketFlowTest, TheServersEndIsTheStreams) {
  Origin origin([](Wire& wire, Origin& self, uint32_t) {
    if (self.Take(wire)) wire.Send(std::string(kSwitching) + "bye");
  });
  TestProxy proxy(Site{.servers = {origin.address()}});
  H2Wire client(proxy.Connect());
  const h2::Answer answer = client.Ask(Connect(1), 1);
  EXPECT_EQ(answer.body, "bye");
  EXPECT_TRUE(answer.ended);
}

TEST(H2WebSocketFlowTest, AResetByTheClientEndsTheServersConnection) {
  Origin origin(Echo);
  TestProxy proxy(Site{.servers = {origin.address()}});
  H2Wire client(proxy.Connect());
  client.Send(Connect(1));
  ASSERT_TRUE(client.Until([&] { return client.answer(1).body == "hi "; }));
  client.Send(h2::Frame(h2::kReset, 0, 1, h2::Number(8)));
  EXPECT_TRUE(origin.AwaitEnded(1));
}

TEST(H2WebSocketFlowTest, WhatIsSaidBeforeThereIsATunnelIsABadRequest) {
  Origin origin([](Wire& wire, Origin& self, uint32_t) {
    self.Take(wire);
    wire.ReadAll();
  });
  TestProxy proxy(Site{.servers = {origin.address()}});
  H2Wire client(proxy.Connect());
  EXPECT_EQ(client.Ask(Connect(1) + h2::Data(1, "early"), 1).status, 400);
  EXPECT_EQ(client.Ask(Connect(3) + h2::Data(3, "", true), 3).status, 400);
}

TEST(H2WebSocketFlowTest, OtherProtocolsAndEndedStreamsAreNoTunnels) {
  Origin origin(Ok("hello"));
  TestProxy proxy(Site{.servers = {origin.address()}});
  H2Wire client(proxy.Connect());
  EXPECT_EQ(client.Ask(Connect(1, "connect-udp"), 1).status, 501);
  EXPECT_EQ(client
                .Ask(h2::Headers(3, {{":method", "CONNECT"},
                                     {":protocol", "websocket"},
                                     {":scheme", "http"},
                                     {":path", "/"},
                                     {":authority", "a"}}),
                     3)
                .status,
            400);
  EXPECT_TRUE(origin.requests().empty());
}

TEST(H2WebSocketFlowTest, ASilentTunnelIsCutAfterItsIdleTimeout) {
  Origin origin(Echo);
  TestProxy proxy(Site{.servers = {origin.address()}, .pool = "tunnel_idle_timeout = \"100ms\"\n"});
  H2Wire client(proxy.Connect());
  client.Send(Connect(1));
  EXPECT_TRUE(client.Await(1).reset);
  EXPECT_EQ(client.answer(1).body, "hi ");
}

}  // namespace
}  // namespace sluice::test
