// Servers that refuse, die, stall: what is tried again, what the client is told.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <atomic>
#include <string>

#include "proxy/net/acceptor.h"
#include "tests/support/flow/origin.h"
#include "tests/support/flow/test_proxy.h"

namespace sluice::test {
namespace {

constexpr char kPost[] = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody";

// An address where nobody listens.
std::string Nowhere() {
  Origin origin(Ok(""));
  std::string address = origin.address();
  origin.Leave();
  return address;
}

// Takes one request and closes without a word, on every connection.
void Dies(Wire& wire, Origin& origin, uint32_t) { origin.Take(wire); }

TEST(RetryFlowTest, AServerThatRefusesIsPassedOver) {
  Origin good(Ok("good"));
  TestProxy proxy(Site{.servers = {Nowhere(), good.address(), Nowhere()}});
  for (int i = 0; i < 6; ++i) {
    EXPECT_EQ(proxy.Get("/").body, "good");
    EXPECT_EQ(proxy.Connect().Ask(kPost).body, "good") << "nothing had been sent";
  }
  EXPECT_EQ(good.requests().size(), 12u);
}

TEST(RetryFlowTest, WhenNobodyListensTheAnswerIs502) {
  TestProxy proxy(Site{.servers = {Nowhere(), Nowhere()}});
  EXPECT_EQ(proxy.Get("/").status(), 502);
}

TEST(RetryFlowTest, AGetGoesToAnotherServerWhenTheFirstDies) {
  Origin bad(Dies);
  Origin good(Ok("good"));
  TestProxy proxy(Site{.servers = {bad.address(), good.address()},
                       .pool = "strategy = \"round_robin\"\noutlier = { failures = 0 }"});
  for (int i = 0; i < 8; ++i) EXPECT_EQ(proxy.Get("/").body, "good");
  EXPECT_GE(bad.requests().size(), 1u);
}

TEST(RetryFlowTest, APostIsNeverSentTwice) {
  Origin first(Dies), second(Dies);
  TestProxy proxy(Site{.servers = {first.address(), second.address()}});
  EXPECT_EQ(proxy.Connect().Ask(kPost).status(), 502);
  EXPECT_EQ(first.requests().size() + second.requests().size(), 1u);
}

TEST(RetryFlowTest, AServerThatDiesInItsHeadHasNotAnswered) {
  Origin bad([](Wire& wire, Origin& self, uint32_t) {
    if (self.Take(wire)) wire.Send("HTTP/1.1 200 OK\r\nContent-Le");
  });
  TestProxy alone(Site{.servers = {bad.address()}});
  EXPECT_EQ(alone.Get("/").status(), 502);
  Origin good(Ok("good"));
  TestProxy proxy(Site{.servers = {bad.address(), good.address()}});
  for (int i = 0; i < 4; ++i) EXPECT_EQ(proxy.Get("/").body, "good");
}

TEST(RetryFlowTest, AKeptConnectionThatTheServerClosedIsReplacedUnseen) {
  // Answers once on each connection and then closes when the next request comes.
  Origin origin([](Wire& wire, Origin& self, uint32_t) {
    if (!self.Take(wire)) return;
    wire.Send(Ok("once"));
    wire.ReadHead();
  });
  TestProxy proxy(Site{.servers = {origin.address()}, .pool = "tries = 1", .workers = 1});
  Wire client = proxy.Connect();
  for (int i = 0; i < 5; ++i) EXPECT_EQ(client.Get("/").body, "once");
  EXPECT_EQ(origin.accepted(), 5u);
}

TEST(RetryFlowTest, AServerThatClosesIdleConnectionsIsSeenToDoSo) {
  Moment close;
  Origin origin([&](Wire& wire, Origin& self, uint32_t) {
    if (!self.Take(wire)) return;
    wire.Send(Ok("once"));
    EXPECT_TRUE(close.Await());
  });
  TestProxy proxy(Site{.servers = {origin.address()}, .workers = 1});
  EXPECT_EQ(proxy.Get("/").body, "once");
  EXPECT_EQ(proxy.ServerCounts().idle_connections, 1);
  close.Happen();
  EXPECT_TRUE(TestProxy::Eventually([&] { return proxy.ServerCounts().connections == 0; }));
  EXPECT_EQ(proxy.ServerCounts().idle_connections, 0);
  EXPECT_EQ(proxy.Connect().Ask(kPost).body, "once") << "no POST runs into a closed connection";
}

TEST(RetryFlowTest, ASilentServerIs504AndItsConnectionClosed) {
  Origin origin([](Wire& wire, Origin& self, uint32_t) {
    if (!self.Take(wire)) return;
    EXPECT_TRUE(wire.EndsHere());
  });
  TestProxy proxy(Site{.servers = {origin.address()}, .pool = "head_timeout = \"80ms\""});
  Wire client = proxy.Connect();
  EXPECT_EQ(client.Ask(kPost).status(), 504);
  EXPECT_TRUE(origin.AwaitEnded(1));
  EXPECT_EQ(client.Ask(kPost).status(), 504) << "the client's connection stays";
}

TEST(RetryFlowTest, AnAnswerThatStopsIsCut) {
  Origin origin([](Wire& wire, Origin& self, uint32_t) {
    if (!self.Take(wire)) return;
    wire.Send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
    wire.EndsHere();
  });
  TestProxy proxy(Site{.servers = {origin.address()}, .pool = "idle_timeout = \"80ms\""});
  Wire client = proxy.Connect();
  const Message answer = client.Get("/");
  EXPECT_EQ(answer.status(), 200);
  EXPECT_EQ(answer.body, "half");
  EXPECT_FALSE(answer.complete);
  EXPECT_NE(client.end(), Wire::End::kOpen);
}

TEST(RetryFlowTest, TotalTimeoutIs504) {
  Origin origin([](Wire& wire, Origin& self, uint32_t) {
    if (self.Take(wire)) wire.EndsHere();
  });
  TestProxy proxy(Site{.servers = {origin.address()}, .pool = "total_timeout = \"80ms\""});
  EXPECT_EQ(proxy.Get("/").status(), 504);
}

TEST(RetryFlowTest, AConnectThatGetsNoAnswerIs504) {
  // A full backlog: the kernel lets the handshakes of further connections lie.
  net::Fd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const Address any = *Address::Parse("127.0.0.1:0");
  ASSERT_EQ(::bind(listener.get(), any.get(), any.size()), 0);
  ASSERT_EQ(::listen(listener.get(), 0), 0);
  const Address at = net::BoundAddress(listener.get());
  net::Fd filler(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::connect(filler.get(), at.get(), at.size()), 0);
  TestProxy proxy(Site{.servers = {at.ToString()}, .pool = "connect_timeout = \"80ms\""});
  const Message answer = proxy.Get("/");
  EXPECT_EQ(answer.status(), 504);
}

TEST(RetryFlowTest, AServerThatKeepsFailingRestsAndItsFailuresAreCounted) {
  Origin bad(Dies);
  Origin good(Ok("good"));
  TestProxy proxy(Site{.servers = {bad.address(), good.address()},
                       .pool =
                           "strategy = \"round_robin\"\noutlier = { failures = 2, rest = \"1h\", "
                           "rest_max = \"1h\" }",
                       .workers = 1});
  for (int i = 0; i < 20; ++i) EXPECT_EQ(proxy.Get("/").body, "good");
  EXPECT_EQ(bad.requests().size(), 2u);
  const observe::ServerTotals counts = proxy.ServerCounts(0);
  EXPECT_EQ(counts.rests, 1u);
  EXPECT_EQ(counts.failures[static_cast<size_t>(Cause::kReset)], 2u);
  EXPECT_EQ(counts.in_flight, 0);
}

TEST(RetryFlowTest, WhenAllServersRestTheyAreTriedAllTheSame) {
  std::atomic<bool> well = false;
  Origin origin([&](Wire& wire, Origin& self, uint32_t) {
    while (self.Take(wire) && well) wire.Send(Ok("well"));
  });
  TestProxy proxy(Site{.servers = {origin.address()},
                       .pool = "outlier = { failures = 1, rest = \"1h\", rest_max = \"1h\" }"});
  EXPECT_EQ(proxy.Get("/").status(), 502);
  well = true;
  EXPECT_EQ(proxy.Get("/").body, "well");
}

}  // namespace
}  // namespace sluice::test
