// Servers are trusted no more than clients: what is short or malformed is 502 or cut, and no byte
// of one exchange is ever part of another.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/support/flow/origin.h"
#include "tests/support/flow/test_proxy.h"

namespace sluice::test {
namespace {

// On its first connection answers with these bytes and closes; on later ones answers well.
Origin::Script Once(std::string bytes) {
  return [bytes](Wire& wire, Origin& origin, uint32_t index) {
    while (origin.Take(wire)) {
      wire.Send(index == 0 ? bytes : Ok("well"));
      if (index == 0) return;
    }
  };
}

struct Bad {
  const char* what;
  std::string bytes;
};

TEST(BadServerFlowTest, AMalformedHeadIs502AndTheNextRequestIsWell) {
  const Bad cases[] = {
      {"no HTTP", "hello\r\n\r\n"},
      {"two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"},
      {"length and chunked",
       "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
      {"a folded field", "HTTP/1.1 200 OK\r\nA: b\r\n c\r\nContent-Length: 0\r\n\r\n"},
      {"a bare CR", "HTTP/1.1 200 OK\r\nA: b\rc\r\nContent-Length: 0\r\n\r\n"},
      {"an endless head", "HTTP/1.1 200 OK\r\nA: " + std::string(100'000, 'a')},
      {"nothing", ""},
  };
  for (const Bad& bad : cases) {
    Origin origin(Once(bad.bytes));
    TestProxy proxy(Site{.servers = {origin.address()}, .workers = 1});
    Wire client = proxy.Connect();
    EXPECT_EQ(client.Get("/").status(), 502) << bad.what;
    const Message next = client.Get("/");
    EXPECT_EQ(next.status(), 200) << bad.what;
    EXPECT_EQ(next.body, "well") << bad.what;
    EXPECT_EQ(origin.accepted(), 2u) << bad.what << ": the connection is never reused";
  }
}

TEST(BadServerFlowTest, AShortOrBrokenBodyCutsTheClient) {
  const Bad cases[] = {
      {"short", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"},
      {"no last chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"},
  };
  for (const Bad& bad : cases) {
    Origin origin(Once(bad.bytes));
    TestProxy proxy(Site{.servers = {origin.address()}, .workers = 1});
    Wire client = proxy.Connect();
    const Message answer = client.Get("/");
    EXPECT_FALSE(answer.complete) << bad.what;
    EXPECT_NE(client.end(), Wire::End::kOpen) << bad.what;
    EXPECT_EQ(proxy.Get("/").body, "well") << bad.what;
  }
}

TEST(BadServerFlowTest, ABodyBrokenBeforeAByteOfItsHeadHasLeftIs502) {
  Origin origin(Once("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n-1\r\n"));
  TestProxy proxy(Site{.servers = {origin.address()}, .workers = 1});
  Wire client = proxy.Connect();
  const Message answer = client.Get("/");
  EXPECT_EQ(answer.status(), 502);
  EXPECT_TRUE(answer.complete);
  EXPECT_EQ(client.Get("/").body, "well");
}

TEST(BadServerFlowTest, ACutAnswerIsNotTakenForCompleteEvenWithoutLength) {
  Origin origin([](Wire& wire, Origin& self, uint32_t) {
    if (!self.Take(wire)) return;
    wire.Send("HTTP/1.1 200 OK\r\n\r\nhalf");
    // The reset must not overtake what was sent.
    self.Take(wire);
  });
  TestProxy proxy(Site{.servers = {origin.address()}, .pool = "idle_timeout = \"80ms\""});
  Wire client = proxy.Connect();
  const Message answer = client.Get("/");
  EXPECT_FALSE(answer.complete);
}

TEST(BadServerFlowTest, BytesBehindAnAnswerNeverReachTheNextExchange) {
  Origin origin([](Wire& wire, Origin& self, uint32_t index) {
    if (index > 0) {
      while (self.Take(wire)) wire.Send(Ok("mine"));
    } else if (self.Take(wire)) {
      wire.Send(Ok("first") + Ok("a poisoned second"));
      wire.EndsHere();
    }
  });
  TestProxy proxy(Site{.servers = {origin.address()}, .workers = 1});
  Wire client = proxy.Connect();
  EXPECT_EQ(client.Get("/").body, "first");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(client.Get("/").body, "mine");
  EXPECT_TRUE(origin.AwaitEnded(1)) << "the poisoned connection was closed";
}

TEST(BadServerFlowTest, BytesThatComeWhileAConnectionIsIdleEndIt) {
  Moment speak;
  Origin origin([&](Wire& wire, Origin& self, uint32_t index) {
    if (index > 0) {
      while (self.Take(wire)) wire.Send(Ok("mine"));
    } else if (self.Take(wire)) {
      wire.Send(Ok("first"));
      EXPECT_TRUE(speak.Await());
      wire.Send(Ok("unasked"));
      EXPECT_TRUE(wire.EndsHere());
    }
  });
  TestProxy proxy(Site{.servers = {origin.address()}, .workers = 1});
  Wire client = proxy.Connect();
  EXPECT_EQ(client.Get("/").body, "first");
  speak.Happen();
  EXPECT_TRUE(origin.AwaitEnded(1));
  EXPECT_EQ(client.Get("/").body, "mine");
}

TEST(BadServerFlowTest, ABodyBehindA304OrAnAnswerToHeadIsNotTheNextAnswer) {
  for (const char* const status : {"304 Not Modified", "204 No Content", "200 OK"}) {
    Origin origin([&](Wire& wire, Origin& self, uint32_t index) {
      while (self.Take(wire)) {
        wire.Send(index > 0 ? Ok("mine")
                            : std::string("HTTP/1.1 ") + status + "\r\nContent-Length: 60\r\n\r\n" +
                                  Ok("smuggled"));
      }
    });
    TestProxy proxy(Site{.servers = {origin.address()}, .workers = 1});
    Wire client = proxy.Connect();
    const Message head = client.Ask("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", "HEAD");
    EXPECT_NE(head.status(), 0) << status;
    EXPECT_EQ(client.Get("/").body, "mine") << status;
  }
}

TEST(BadServerFlowTest, WhatAClientSendsBehindItsRequestIsItsOwnNextRequest) {
  Origin origin([](Wire& wire, Origin& self, uint32_t) {
    while (self.Take(wire)) wire.Send(Ok(self.last().target()));
  });
  TestProxy proxy(Site{.servers = {origin.address()}, .workers = 1});
  Wire rude = proxy.Connect();
  ASSERT_TRUE(
      rude.Send("POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabcGARBAGE\r\n\r\n"));
  EXPECT_EQ(rude.ReadResponse().body, "/1");
  EXPECT_EQ(rude.ReadResponse().status(), 400);
  EXPECT_TRUE(rude.EndsHere());
  EXPECT_EQ(proxy.Get("/2").body, "/2");
  EXPECT_EQ(origin.requests()[0].body, "abc");
  EXPECT_EQ(origin.requests()[1].start, "GET /2 HTTP/1.1");
}

TEST(BadServerFlowTest, AnUnaskedSwitchOfProtocolsIs502) {
  Origin origin(
      Once("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"
           "Upgrade: websocket\r\n\r\nbytes"));
  TestProxy proxy(Site{.servers = {origin.address()}, .workers = 1});
  Wire client = proxy.Connect();
  EXPECT_EQ(client.Get("/").status(), 502);
  EXPECT_EQ(client.Get("/").body, "well");
}

TEST(BadServerFlowTest, AnEndlessRowOfInterimHeadsIs502) {
  std::string hints;
  for (int i = 0; i < 100; ++i) hints += "HTTP/1.1 103 Early Hints\r\n\r\n";
  Origin origin(Once(hints));
  TestProxy proxy(Site{.servers = {origin.address()}});
  const Message answer = proxy.Get("/");
  EXPECT_EQ(answer.status(), 502);
}

}  // namespace
}  // namespace sluice::test
