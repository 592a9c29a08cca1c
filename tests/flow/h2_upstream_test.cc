// Servers that speak HTTP/2: a second proxy before an HTTP/1 origin, and servers of hand-written
// frames that do what a sound one seldom does.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <atomic>
#include <string>
#include <vector>

#include "tests/support/flow/h2_wire.h"
#include "tests/support/flow/origin.h"
#include "tests/support/flow/scripts.h"
#include "tests/support/flow/test_proxy.h"

namespace sluice::test {
namespace {

constexpr char kH2[] = "protocol = \"h2\"\noutlier.failures = 0\n";

struct FrameHead {
  uint8_t type = UINT8_MAX;  // none: the connection has ended
  uint32_t stream = 0;
};

// Reads one frame, and past what is in it.
FrameHead NextFrame(Wire& wire) {
  const std::string head = wire.ReadExactly(9);
  if (head.size() < 9) return {};
  const auto byte = [&](size_t at) {
    return static_cast<uint32_t>(static_cast<uint8_t>(head[at]));
  };
  wire.ReadExactly(byte(0) << 16 | byte(1) << 8 | byte(2));
  return {static_cast<uint8_t>(head[3]), byte(5) << 24 | byte(6) << 16 | byte(7) << 8 | byte(8)};
}

// The stream of the next request whose head ends on this wire; 0 at the end. Preface and other
// frames are read past.
uint32_t NextHead(Wire& wire, bool* greeted) {
  if (!*greeted) {
    wire.ReadExactly(h2::kPreface.size());
    wire.Send(h2::Frame(h2::kSettings, 0, 0));
    *greeted = true;
  }
  for (;;) {
    const FrameHead frame = NextFrame(wire);
    if (frame.type == h2::kHeaders || frame.type == FrameHead().type) return frame.stream;
  }
}

std::string Ok2(uint32_t stream, std::string_view body) {
  return h2::Headers(stream, {{":status", "200"}}, false) + h2::Data(stream, body, true);
}

TEST(H2UpstreamFlowTest, AllFourPairingsOfVersionsCarryARequestAndItsAnswer) {
  Origin origin(Echo);
  TestProxy inner(Site{.servers = {origin.address()}});
  TestProxy outer(Site{.servers = {inner.address().ToString()}, .pool = kH2});
  EXPECT_EQ(inner.Get("/1-1").body, "/1-1");
  EXPECT_EQ(outer.Get("/1-2").body, "/1-2");
  H2Wire second(inner.Connect());
  EXPECT_EQ(second.Ask(h2::Get(1, "/2-1"), 1).body, "/2-1");
  H2Wire both(outer.Connect());
  EXPECT_EQ(both.Ask(h2::Get(1, "/2-2"), 1).body, "/2-2");
  const std::string large(300'000, 'x');
  const Message posted = outer.Connect().Ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " +
                                             std::to_string(large.size()) + "\r\n\r\n" + large);
  EXPECT_EQ(posted.body, large);
}

TEST(H2UpstreamFlowTest, OneConnectionServesManyAtOnce) {
  Origin origin(Echo);
  TestProxy inner(Site{.servers = {origin.address()}, .workers = 1});
  TestProxy outer(Site{.servers = {inner.address().ToString()}, .pool = kH2, .workers = 1});
  H2Wire client(outer.Connect());
  std::string all;
  for (uint32_t id = 1; id < 200; id += 2) all += h2::Get(id, "/" + std::to_string(id));
  client.Send(all);
  for (uint32_t id = 1; id < 200; id += 2) {
    ASSERT_EQ(client.Await(id).body, "/" + std::to_string(id));
  }
  EXPECT_EQ(inner.ListenerCounts().accepted, 1u);
}

TEST(H2UpstreamFlowTest, AServerThatAllowsOneStreamServesOneRequestAfterAnother) {
  std::atomic<int> connections = 0;
  Origin origin([&](Wire& wire, Origin&, uint32_t) {
    ++connections;
    bool greeted = true;
    wire.ReadExactly(h2::kPreface.size());
    wire.Send(h2::Frame(h2::kSettings, 0, 0, std::string("\0\3", 2) + h2::Number(1)));
    while (const uint32_t id = NextHead(wire, &greeted)) wire.Send(Ok2(id, "one"));
  });
  TestProxy proxy(Site{.servers = {origin.address()}, .pool = kH2, .workers = 1});
  EXPECT_EQ(proxy.Get("/").body, "one");
  for (int i = 0; i < 5; ++i) EXPECT_EQ(proxy.Get("/").body, "one");
  EXPECT_EQ(connections, 1);
}

TEST(H2UpstreamFlowTest, BeyondTheStreamsThatAServerAllowsFurtherConnectionsServe) {
  constexpr int kRequests = 6;
  std::atomic<int> accepted = 0;
  // Holds two requests on each connection and refuses more, until all of them are held.
  Origin origin([&](Wire& wire, Origin&, uint32_t) {
    wire.ReadExactly(h2::kPreface.size());
    wire.Send(h2::Frame(h2::kSettings, 0, 0, std::string("\0\3", 2) + h2::Number(2)));
    std::vector<uint32_t> held;
    while (accepted < kRequests) {
      if (!wire.HasNews()) {
        ::poll(nullptr, 0, 1);
        continue;
      }
      const FrameHead frame = NextFrame(wire);
      if (frame.type == FrameHead().type) return;
      if (frame.type != h2::kHeaders) continue;
      if (held.size() == 2) {
        wire.Send(h2::Frame(h2::kReset, 0, frame.stream, h2::Number(7)));
      } else {
        held.push_back(frame.stream);
        ++accepted;
      }
    }
    for (const uint32_t id : held) wire.Send(Ok2(id, "held"));
    wire.ReadAll();
  });
  TestProxy proxy(Site{.servers = {origin.address()}, .pool = kH2, .workers = 1});
  H2Wire client(proxy.Connect());
  std::string all;
  for (uint32_t id = 1; id < 2 * kRequests; id += 2) all += h2::Get(id, "/");
  client.Send(all);
  for (uint32_t id = 1; id < 2 * kRequests; id += 2) EXPECT_EQ(client.Await(id).body, "held");
  // More where refusals come apart: those that were refused together share a new connection.
  EXPECT_GE(origin.accepted(), 3u);
}

TEST(H2UpstreamFlowTest, AConversationPassesBothWaysWithItsTrailers) {
  Origin origin(Conversation);
  TestProxy inner(Site{.servers = {origin.address()}});
  TestProxy outer(Site{.servers = {inner.address().ToString()}, .pool = kH2});
  H2Wire client(outer.Connect());
  ExpectConversation(client);
}

TEST(H2UpstreamFlowTest, AnAnswerOfTrailersOnlyPasses) {
  Origin origin([](Wire& wire, Origin&, uint32_t) {
    bool greeted = false;
    while (const uint32_t id = NextHead(wire, &greeted)) {
      wire.Send(h2::Headers(
          id, {{":status", "200"}, {"content-type", "application/grpc"}, {"grpc-status", "12"}}));
    }
  });
  TestProxy proxy(Site{.servers = {origin.address()}, .pool = kH2});
  H2Wire client(proxy.Connect());
  const h2::Answer answer =
      client.Ask(h2::Post(1, {{"content-type", "application/grpc"}}) + h2::Data(1, "x", true), 1);
  EXPECT_EQ(answer.Value("grpc-status"), "12");
  EXPECT_EQ(answer.Value("content-length"), "");
  EXPECT_EQ(answer.body, "");
  EXPECT_TRUE(answer.ended);
}

TEST(H2UpstreamFlowTest, WhatAServerRefusesUnseenIsSentAgain) {
  std::atomic<int> heads = 0;
  const Origin::Script script = [&](Wire& wire, Origin&, uint32_t) {
    bool greeted = false;
    const uint32_t first = NextHead(wire, &greeted);
    if (first == 0) return;
    wire.Send(heads++ == 0 ? h2::Frame(h2::kReset, 0, first, h2::Number(7)) : Ok2(first, "again"));
    while (const uint32_t id = NextHead(wire, &greeted)) wire.Send(Ok2(id, "again"));
  };
  Origin one(script);
  Origin other(script);
  TestProxy proxy(Site{.servers = {one.address(), other.address()}, .pool = kH2});
  const Message answer =
      proxy.Connect().Ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx");
  EXPECT_EQ(answer.body, "again") << "even a POST: the server has not acted on it";
}

TEST(H2UpstreamFlowTest, AServerThatGoesAwayFinishesWhatItBegan) {
  Origin origin([](Wire& wire, Origin&, uint32_t) {
    bool greeted = false;
    const uint32_t id = NextHead(wire, &greeted);
    if (id == 0) return;
    wire.Send(h2::Frame(h2::kGoaway, 0, 0, h2::Number(id) + h2::Number(0)) + Ok2(id, "last"));
    wire.ReadAll();
  });
  TestProxy proxy(Site{.servers = {origin.address()}, .pool = kH2, .workers = 1});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(proxy.Get("/").body, "last");
  EXPECT_EQ(origin.accepted(), 3u);
}

TEST(H2UpstreamFlowTest, AServerThatDiesOrTalksNonsenseIsA502) {
  Origin origin([](Wire& wire, Origin&, uint32_t index) {
    bool greeted = false;
    NextHead(wire, &greeted);
    if (index % 2 == 0) wire.Send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
  });
  TestProxy proxy(Site{.servers = {origin.address()}, .pool = std::string(kH2) + "tries = 1\n"});
  EXPECT_EQ(proxy.Get("/").status(), 502);
  EXPECT_EQ(proxy.Get("/").status(), 502);
}

TEST(H2UpstreamFlowTest, ABrokenHeadFromAServerIsA502) {
  for (const h2::FieldList& fields :
       {h2::FieldList{{":status", "200"}, {"x", "a\r\nb: c"}}, h2::FieldList{{":status", "20"}},
        h2::FieldList{{"x", "y"}}, h2::FieldList{{":status", "200"}, {"connection", "close"}},
        h2::FieldList{{":status", "200"}, {"X", "y"}},
        h2::FieldList{{":status", "200"}, {"content-length", "5"}}}) {
    Origin origin([&](Wire& wire, Origin&, uint32_t) {
      bool greeted = false;
      while (const uint32_t id = NextHead(wire, &greeted)) wire.Send(h2::Headers(id, fields));
    });
    TestProxy proxy(Site{.servers = {origin.address()}, .pool = std::string(kH2) + "tries = 1\n"});
    EXPECT_EQ(proxy.Get("/").status(), 502) << fields.back().first << ": " << fields.back().second;
  }
}

TEST(H2UpstreamFlowTest, ASlowClientHoldsTheServerBackAndNoOther) {
  Origin origin(LargeOrSmall);
  TestProxy inner(Site{.servers = {origin.address()}, .workers = 1});
  TestProxy outer(Site{.servers = {inner.address().ToString()}, .pool = kH2, .workers = 1});
  H2Wire client(outer.Connect());
  client.Send(h2::Frame(h2::kWindow, 0, 0, h2::Number(1 << 24)) + h2::Get(1, "/large"));
  for (uint32_t id = 3; id < 43; id += 2) {
    ASSERT_EQ(client.Ask(h2::Get(id, "/small"), id).body, "small");
  }
  client.Send(h2::Frame(h2::kWindow, 0, 1, h2::Number(1 << 24)));
  EXPECT_EQ(client.Await(1).body.size(), kLarge);
}

}  // namespace
}  // namespace sluice::test
