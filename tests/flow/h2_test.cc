// HTTP/2 clients with prior knowledge, through a running proxy to HTTP/1 servers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <string>

#include "tests/support/flow/h2_wire.h"
#include "tests/support/flow/origin.h"
#include "tests/support/flow/scripts.h"
#include "tests/support/flow/test_proxy.h"
#include "tests/support/h2_corpus.h"

namespace sluice::test {
namespace {

using testing::HasSubstr;

TEST(H2FlowTest, ARequestComesBackWithItsAnswer) {
  Origin origin(Ok("hello"));
  TestProxy proxy(Site{.servers = {origin.address()}});
  H2Wire client(proxy.Connect());
  const h2::Answer answer = client.Ask(h2::Get(1, "/a"), 1);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "hello");
  EXPECT_TRUE(answer.ended);
  const Message seen = origin.last();
  EXPECT_EQ(seen.start, "GET /a HTTP/1.1");
  EXPECT_EQ(seen.Value("host"), "a");
  EXPECT_THAT(seen.Value("via"), HasSubstr("2.0"));
}

TEST(H2FlowTest, ThePrefaceMayComeByteByByte) {
  Origin origin(Ok("hello"));
  TestProxy proxy(Site{.servers = {origin.address()}});
  Wire bare = proxy.Connect();
  ASSERT_TRUE(bare.SendByteByByte(h2::Hello() + h2::Get(1)));
  H2Wire client(std::move(bare), "");
  EXPECT_EQ(client.Await(1).body, "hello");
}

TEST(H2FlowTest, AThousandRequestsOnOneConnectionComeBack) {
  Origin origin(Echo);
  TestProxy proxy(Site{.servers = {origin.address()}});
  H2Wire client(proxy.Connect());
  uint32_t id = 1;
  for (int batch = 0; batch < 10; ++batch) {
    std::string all;
    const uint32_t first = id;
    for (int i = 0; i < 100; ++i, id += 2) all += h2::Get(id, "/" + std::to_string(id));
    client.Send(all);
    for (uint32_t at = first; at < id; at += 2) {
      ASSERT_EQ(client.Await(at).body, "/" + std::to_string(at));
    }
  }
}

TEST(H2FlowTest, ABodyOfAnyLengthGoesToTheServer) {
  Origin origin(Echo);
  TestProxy proxy(Site{.servers = {origin.address()}});
  H2Wire client(proxy.Connect());
  EXPECT_EQ(client.Ask(h2::Post(1, {{"content-length", "5"}}) + h2::Data(1, "hello", true), 1).body,
            "hello");
  EXPECT_EQ(client.Ask(h2::Post(3) + h2::Data(3, "he") + h2::Data(3, "llo", true), 3).body,
            "hello");
}

TEST(H2FlowTest, ASlowReaderStopsNoOtherStream) {
  Origin origin(LargeOrSmall);
  TestProxy proxy(Site{.servers = {origin.address()}});
  H2Wire client(proxy.Connect());
  client.Send(h2::Frame(h2::kWindow, 0, 0, h2::Number(1 << 24)));
  client.Send(h2::Get(1, "/large"));
  for (uint32_t id = 3; id < 203; id += 2) {
    ASSERT_EQ(client.Ask(h2::Get(id, "/small"), id).body, "small");
  }
  EXPECT_LE(client.answer(1).body.size(), 65'535u) << "its window was never opened";
  client.Send(h2::Frame(h2::kWindow, 0, 1, h2::Number(1 << 24)));
  EXPECT_EQ(client.Await(1).body.size(), kLarge);
}

TEST(H2FlowTest, AConversationNeedNotEndItsRequestFirst) {
  Origin origin(Conversation);
  TestProxy proxy(Site{.servers = {origin.address()}});
  H2Wire client(proxy.Connect());
  ExpectConversation(client);
}

TEST(H2FlowTest, AServerThatFailsIsA502OnItsStreamOnly) {
  Origin origin([](Wire& wire, Origin& self, uint32_t) {
    while (self.Take(wire)) {
      if (self.last().target() == "/bad") {
        wire.Send("nonsense\r\n\r\n");
        return;
      }
      wire.Send(Ok("fine"));
    }
  });
  TestProxy proxy(Site{.servers = {origin.address()}, .pool = "tries = 1\noutlier.failures = 0\n"});
  H2Wire client(proxy.Connect());
  EXPECT_EQ(client.Ask(h2::Get(1, "/bad"), 1).status, 502);
  EXPECT_EQ(client.Ask(h2::Get(3, "/good"), 3).body, "fine");
}

TEST(H2FlowTest, AResetStreamFreesItsServer) {
  Origin origin([](Wire& wire, Origin&, uint32_t index) {
    wire.ReadRequest();
    if (index == 0) {
      wire.ReadAll();
    } else {
      wire.Send(Ok("fine"));
    }
  });
  TestProxy proxy(Site{.servers = {origin.address()}});
  H2Wire client(proxy.Connect());
  client.Send(h2::Get(1));
  ASSERT_TRUE(origin.AwaitAccepted(1));
  client.Send(h2::Frame(h2::kReset, 0, 1, h2::Number(8)));
  EXPECT_TRUE(origin.AwaitEnded(1));
  EXPECT_EQ(client.Ask(h2::Get(3), 3).body, "fine");
}

TEST(H2FlowTest, AnIdleConnectionIsToldGoodbye) {
  Origin origin(Ok("x"));
  TestProxy proxy(Site{.servers = {origin.address()}, .listener = "keepalive_timeout = \"50ms\""});
  H2Wire client(proxy.Connect());
  EXPECT_EQ(client.Ask(h2::Get(1), 1).status, 200);
  EXPECT_TRUE(client.UntilEnd());
  EXPECT_TRUE(client.reader().goaway);
  EXPECT_EQ(client.reader().goaway_error, 0u);
  EXPECT_EQ(client.reader().goaway_last, 1u);
}

TEST(H2FlowTest, ADrainFinishesWhatRunsAndWhatIsOnItsWay) {
  Moment go;
  Origin origin([&](Wire& wire, Origin&, uint32_t) {
    wire.ReadRequest();
    EXPECT_TRUE(go.Await());
    wire.Send(Ok("late"));
  });
  TestProxy proxy(Site{.servers = {origin.address()}});
  H2Wire client(proxy.Connect());
  client.Send(h2::Get(1));
  ASSERT_TRUE(origin.AwaitAccepted(1));
  proxy.Shutdown();
  ASSERT_TRUE(client.Until([&] { return client.reader().goaway; }));
  EXPECT_EQ(client.reader().goaway_last, 0x7fffffffu);
  client.Send(h2::Get(3));
  ASSERT_TRUE(origin.AwaitAccepted(2));
  go.Happen();
  EXPECT_EQ(client.Await(1).body, "late");
  EXPECT_EQ(client.Await(3).body, "late");
  EXPECT_TRUE(client.UntilEnd());
  EXPECT_TRUE(proxy.Join());
}

TEST(H2FlowTest, AReloadCostsNoStreamItsAnswer) {
  Origin origin(Echo);
  const Site site{.servers = {origin.address()}};
  TestProxy proxy(site);
  H2Wire client(proxy.Connect());
  EXPECT_EQ(client.Ask(h2::Get(1, "/1"), 1).body, "/1");
  EXPECT_TRUE(proxy.Reload(site.Text()));
  EXPECT_EQ(client.Ask(h2::Get(3, "/3"), 3).body, "/3");
}

TEST(H2FlowTest, ASlowUploadIsCutAlone) {
  Origin origin(Echo);
  TestProxy proxy(Site{.servers = {origin.address()},
                       .listener = "min_body_rate = \"1KiB/s\"\nmin_body_rate_grace = \"1s\""});
  H2Wire client(proxy.Connect());
  client.Send(h2::Post(1, {{"content-length", "100000"}}) + h2::Data(1, "a"));
  EXPECT_EQ(client.Await(1).status, 408);
  EXPECT_EQ(client.Ask(h2::Get(3, "/3"), 3).body, "/3");
}

TEST(H2FlowTest, AnAttackerIsCutAndOthersNeverKnow) {
  Origin origin(Ok("fine"));
  TestProxy proxy(Site{.servers = {origin.address()}});
  H2Wire attacker(proxy.Connect());
  std::string all;
  for (uint32_t id = 1; id < 2001; id += 2) {
    all += h2::Get(id) + h2::Frame(h2::kReset, 0, id, h2::Number(8));
  }
  attacker.Send(all);
  EXPECT_TRUE(attacker.Until([&] { return attacker.reader().goaway; }));
  EXPECT_EQ(attacker.reader().goaway_error, 11u);
  EXPECT_EQ(proxy.Get("/").body, "fine");
  EXPECT_EQ(proxy.ListenerCounts().http2_cuts[0], 1u);
}

TEST(H2FlowTest, WhatIsCancelledInTheSameBreathReachesNoServer) {
  Origin origin(Ok("fine"));
  TestProxy proxy(Site{.servers = {origin.address()}});
  H2Wire client(proxy.Connect());
  std::string all;
  for (uint32_t id = 1; id < 101; id += 2) {
    all += h2::Get(id, "/gone") + h2::Frame(h2::kReset, 0, id, h2::Number(8));
  }
  EXPECT_EQ(client.Ask(all + h2::Get(101, "/here"), 101).body, "fine");
  EXPECT_EQ(origin.last().start, "GET /here HTTP/1.1");
  // Where the bytes are cut is not ours to say.
  EXPECT_LE(origin.requests().size(), 50u);
  EXPECT_GE(proxy.ListenerCounts().http2_withdrawn, 1u);
}

TEST(H2FlowTest, ABodyThatComesWithItsHeadIsWhole) {
  Origin origin(Echo);
  TestProxy proxy(Site{.servers = {origin.address()}});
  H2Wire client(proxy.Connect());
  client.Send(h2::Post(1) + h2::Data(1, "first ") + h2::Data(1, "") + h2::Data(1, "last", true) +
              h2::Post(3) + h2::Data(3, "more") + h2::Headers(3, {{"checksum", "1"}}));
  EXPECT_EQ(client.Await(1).body, "first last");
  EXPECT_EQ(client.Await(3).body, "more");
}

TEST(H2FlowTest, AListenerSaysHowManyRequestsItTakesAtOnce) {
  Origin origin(Echo);
  TestProxy proxy(Site{.servers = {origin.address()}, .listener = "http2.max_streams = 2\n"});
  H2Wire client(proxy.Connect());
  client.Send(h2::Post(1) + h2::Post(3) + h2::Post(5));
  EXPECT_TRUE(client.Await(5).reset);
  EXPECT_EQ(client.answer(5).error, 7u);
  EXPECT_EQ(client.Ask(h2::Data(1, "a", true), 1).body, "a");
}

TEST(H2FlowTest, NothingOfTheCorpusReachesAServerInAnotherForm) {
  Origin origin([](Wire& wire, Origin& self, uint32_t) {
    while (self.Take(wire)) wire.Send(Ok("taken"));
  });
  TestProxy proxy(Site{.servers = {origin.address()}, .pool = "outlier.failures = 0\n"});
  const h2::Corpus corpus = h2::LoadH2Corpus(SLUICE_SOURCE_DIR "/tests/corpus");
  ASSERT_EQ(corpus.error, "");
  for (const h2::Case& one : corpus.cases) {
    SCOPED_TRACE(one.file + ": " + one.name);
    const size_t before = origin.requests().size();
    H2Wire client(proxy.Connect());
    client.Send(one.frames);
    ASSERT_TRUE(client.Until([&] {
      const h2::Answer& answer = client.answer(1);
      return answer.ended || answer.reset || client.reader().goaway;
    }));
    const std::vector<Message> requests = origin.requests();
    for (size_t i = before; i < requests.size(); ++i) {
      EXPECT_FALSE(requests[i].complete && !one.passes) << requests[i].start;
      EXPECT_EQ(requests[i].start.find("/admin"), std::string::npos);
    }
    if (one.passes) {
      EXPECT_EQ(client.answer(1).status, 200);
      EXPECT_EQ(requests.back().body, one.body);
    }
  }
  EXPECT_EQ(proxy.Get("/").body, "taken");
}

// A command of Debian's, or the test is skipped.
int Shell(const std::string& command) { return std::system(command.c_str()); }

TEST(H2FlowTest, CurlWithPriorKnowledgeIsServed) {
  if (Shell("curl --version | grep -q HTTP2") != 0) GTEST_SKIP() << "this curl has no HTTP/2";
  Origin origin(Ok("hello"));
  TestProxy proxy(Site{.servers = {origin.address()}});
  EXPECT_EQ(Shell("test \"$(curl --max-time 10 -s --http2-prior-knowledge -d abc http://" +
                  proxy.address().ToString() + "/)\" = hello"),
            0);
  EXPECT_EQ(origin.last().body, "abc");
}

}  // namespace
}  // namespace sluice::test
