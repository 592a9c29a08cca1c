// Servers that refuse, die, stall: what is tried again, what the client is told.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <atomic>
#include <string>

#include "proxy/net/acceptor.h"
#include "tests/support/flow/origin.h"
#include "tests/support/flow/scripts.h"
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

TEST(RetryFlowTest, AStatusThatIsNamedIsTriedAtAnotherServerAndPassedOnWhenThereIsNone) {
  Origin busy(AnswerEach([](const Message&) {
    return std::string("HTTP/1.1 503 Busy\r\nRetry-After: 1\r\nContent-Length: 4\r\n\r\nbusy");
  }));
  Origin good(Ok("good"));
  const std::string on = "strategy = \"round_robin\"\nretry = { on = [\"503\"] }";
  TestProxy proxy(Site{.servers = {busy.address(), good.address()}, .pool = on});
  for (int i = 0; i < 4; ++i) EXPECT_EQ(proxy.Get("/").body, "good");
  EXPECT_GE(proxy.PoolCounts().retries[0], 1u);
  TestProxy alone(Site{.servers = {busy.address()}, .pool = on});
  const Message answer = alone.Get("/");
  EXPECT_EQ(answer.status(), 503);
  EXPECT_EQ(answer.body, "busy");
  EXPECT_EQ(answer.Value("Retry-After"), "1");
  TestProxy as_usual(Site{.servers = {busy.address()}});
  EXPECT_EQ(as_usual.Get("/").body, "busy");
}

TEST(RetryFlowTest, APostIsNotTriedAgainForAStatus) {
  std::atomic<int> asked{0};
  Origin first(AnswerEach([&](const Message&) {
    ++asked;
    return std::string("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n");
  }));
  TestProxy proxy(Site{.servers = {first.address(), Nowhere()},
                       .pool = "retry = { on = [\"503\", \"connect\"] }"});
  EXPECT_EQ(proxy.Connect().Ask(kPost).status(), 503);
  EXPECT_EQ(asked, 1);
}

TEST(RetryFlowTest, WhatIsNotNamedIsNotTriedAgain) {
  Origin bad(Dies);
  Origin other(Dies);
  TestProxy proxy(
      Site{.servers = {bad.address(), other.address()}, .pool = "retry = { on = [\"connect\"] }"});
  EXPECT_EQ(proxy.Get("/").status(), 502);
  EXPECT_EQ(bad.requests().size() + other.requests().size(), 1u);
}

TEST(RetryFlowTest, ABudgetOfNothingAllowsNoRetry) {
  Origin one(Dies), two(Dies);
  const std::string none = "retry = { budget_percent = 0, budget_least = 0, backoff = \"1ms\" }";
  TestProxy proxy(Site{.servers = {one.address(), two.address()}, .pool = none});
  EXPECT_EQ(proxy.Get("/").status(), 502);
  EXPECT_EQ(proxy.PoolCounts().retries_denied, 1u);
  EXPECT_EQ(one.requests().size() + two.requests().size(), 1u);
  Origin good(Ok("good"));
  TestProxy refused(Site{.servers = {Nowhere(), good.address()}, .pool = none});
  for (int i = 0; i < 4; ++i) EXPECT_EQ(refused.Get("/").body, "good") << "which cost nobody work";
}

TEST(RetryFlowTest, MoreThanTheBudgetAtOnceWaitForTheirTurn) {
  Moment die;
  Origin dies([&](Wire& wire, Origin& self, uint32_t) {
    if (!self.Take(wire)) return;
    EXPECT_TRUE(die.Await());
  });
  Origin good(Ok("good"));
  TestProxy proxy(Site{.servers = {dies.address(), good.address()},
                       .pool = "strategy = \"round_robin\"\nconcurrency = 0\n"
                               "retry = { budget_percent = 0, budget_least = 1 }"});
  std::vector<Wire> clients;
  for (int i = 0; i < 16; ++i) {
    clients.push_back(proxy.Connect());
    clients.back().Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  }
  EXPECT_TRUE(
      TestProxy::Eventually([&] { return dies.requests().size() + good.requests().size() == 16; }));
  EXPECT_GE(dies.requests().size(), 4u);
  die.Happen();
  for (Wire& client : clients) EXPECT_EQ(client.ReadResponse().body, "good");
}

TEST(RetryFlowTest, ATryThatTakesTooLongIsTriedAtAnotherServerAndTheLastIsNot) {
  Moment answer;
  const auto silent = [&](Wire& wire, Origin& self, uint32_t) {
    if (!self.Take(wire)) return;
    EXPECT_TRUE(answer.Await());
    wire.Send(Ok("late"));
  };
  Origin one(silent), two(silent);
  TestProxy proxy(Site{.servers = {one.address(), two.address()},
                       .pool = "retry = { try_timeout = \"50ms\", backoff = \"1ms\" }"});
  Wire client = proxy.Connect();
  client.Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(TestProxy::Eventually(
      [&] { return one.requests().size() == 1 && two.requests().size() == 1; }));
  EXPECT_FALSE(client.HasNews());
  answer.Happen();
  EXPECT_EQ(client.ReadResponse().body, "late") << "the last try has head_timeout";
}

TEST(RetryFlowTest, ASecondTryBesideTheFirstAnswersWhenTheFirstStalls) {
  Moment let_go;
  std::atomic<bool> stall{false};
  const auto serve = [&](Wire& wire, Origin& self, uint32_t) {
    while (self.Take(wire)) {
      // The first of the two to be asked.
      if (self.last().target() == "/stall" && !stall.exchange(true)) {
        EXPECT_TRUE(let_go.Await());
      }
      wire.Send(Ok("quick"));
    }
  };
  Origin one(serve), two(serve);
  TestProxy proxy(
      Site{.servers = {one.address(), two.address()}, .pool = "hedge = { percentile = 95 }"});
  Wire client = proxy.Connect();
  // Enough to know how long answers take, and a tick that looks.
  EXPECT_TRUE(TestProxy::Eventually([&] {
    Wire shopper = proxy.Connect();
    for (int i = 0; i < 50; ++i) shopper.Get("/");
    return proxy.HedgeDelay() > Duration::zero();
  }));
  // A hundred requests earn five second tries.
  for (int i = 0; i < 200; ++i) client.Get("/");
  EXPECT_EQ(client.Get("/stall").body, "quick");
  const observe::PoolTotals counts = proxy.PoolCounts();
  EXPECT_GE(counts.hedges, 1u);
  EXPECT_GE(counts.hedges_won, 1u);
  EXPECT_EQ(client.Ask("POST /stall HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n").body,
            "quick");
  let_go.Happen();
}

}  // namespace
}  // namespace sluice::test
