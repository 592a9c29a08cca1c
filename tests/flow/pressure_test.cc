// Bounded memory and bounded patience: slow peers, leaving clients, connection limits.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <vector>

#include "proxy/base/block.h"
#include "tests/support/flow/origin.h"
#include "tests/support/flow/test_proxy.h"

namespace sluice::test {
namespace {

constexpr size_t kMuch = 32 << 20;
constexpr std::chrono::milliseconds kQuiet{200};

TEST(PressureFlowTest, AnEmptyLineBeforeARequestHoldsNoBuffer) {
  Origin origin(Ok("x"));
  TestProxy proxy(Site{.servers = {origin.address()}, .workers = 1});
  const size_t before = BufferBudget::used();
  std::vector<Wire> clients;
  for (int i = 0; i < 100; ++i) {
    clients.push_back(proxy.Connect());
    EXPECT_TRUE(clients.back().Send("\r\n"));
  }
  EXPECT_EQ(proxy.Get("/").status(), 200);  // by then the one worker has read them
  EXPECT_LT(BufferBudget::used(), before + 50 * kSmallBlock);
  for (Wire& client : clients) EXPECT_EQ(client.Get("/").status(), 200);
}

TEST(PressureFlowTest, AClientThatDoesNotReadStopsTheServerAndCostsNoMemory) {
  const std::string body(kMuch, 'd');
  Moment stuck;
  Origin origin([&](Wire& wire, Origin& self, uint32_t) {
    if (!self.Take(wire)) return;
    const std::string head =
        "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(kMuch) + "\r\n\r\n";
    wire.Send(head);
    const size_t sent = wire.SendUntilStuck(body, kQuiet);
    EXPECT_LT(sent, kMuch);
    stuck.Happen();
    wire.Send(std::string_view(body).substr(sent));
  });
  TestProxy proxy(Site{.servers = {origin.address()}});
  Wire client = proxy.Connect(0, 16 * 1024);
  ASSERT_TRUE(client.Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
  ASSERT_TRUE(stuck.Await());
  EXPECT_LT(BufferBudget::used(), size_t{1} << 20);
  const Message answer = client.ReadResponse();
  EXPECT_TRUE(answer.complete);
  EXPECT_TRUE(answer.body == body);
  EXPECT_TRUE(TestProxy::Eventually([] { return BufferBudget::used() < 64 * 1024; }));
}

TEST(PressureFlowTest, AServerThatDoesNotReadStopsTheClientAndCostsNoMemory) {
  Moment go_on;
  Origin origin([&](Wire& wire, Origin&, uint32_t) {
    wire.ReadHead();
    EXPECT_TRUE(go_on.Await());
    EXPECT_EQ(wire.ReadExactly(kMuch).size(), kMuch);
    wire.Send(Ok("all of it"));
    wire.EndsHere();
  });
  TestProxy proxy(Site{.servers = {origin.address()}});
  Wire client = proxy.Connect();
  ASSERT_TRUE(client.Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(kMuch) +
                          "\r\n\r\n"));
  const std::string body(kMuch, 'u');
  const size_t sent = client.SendUntilStuck(body, kQuiet);
  EXPECT_LT(sent, kMuch);
  EXPECT_LT(BufferBudget::used(), size_t{1} << 20);
  go_on.Happen();
  ASSERT_TRUE(client.Send(std::string_view(body).substr(sent)));
  EXPECT_EQ(client.ReadResponse().body, "all of it");
}

TEST(PressureFlowTest, ABodyBelowTheMinimumRateIs408) {
  Origin origin(Ok(""));
  TestProxy proxy(Site{.servers = {origin.address()},
                       .listener = "min_body_rate = \"1KiB/s\"\nmin_body_rate_grace = \"10ms\""});
  Wire client = proxy.Connect();
  ASSERT_TRUE(client.Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nx"));
  EXPECT_EQ(client.ReadResponse().status(), 408);
  EXPECT_TRUE(client.EndsHere());
  EXPECT_EQ(origin.accepted(), 0u) << "it never held a server";
}

TEST(PressureFlowTest, AReaderBelowTheMinimumRateIsCut) {
  Origin origin(Ok(std::string(kMuch, 'd')));
  TestProxy proxy(Site{.servers = {origin.address()},
                       .listener = "min_body_rate = \"1KiB/s\"\nmin_body_rate_grace = \"10ms\""});
  Wire client = proxy.Connect(0, 16 * 1024);
  ASSERT_TRUE(client.Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
  EXPECT_TRUE(TestProxy::Eventually([&] {
    const observe::ListenerTotals counts = proxy.ListenerCounts();
    return counts.accepted == 1 && counts.connections == 0;
  }));
  EXPECT_FALSE(client.ReadResponse().complete);
}

TEST(PressureFlowTest, AResetWhileBothDirectionsAreFullEndsTheExchange) {
  Origin origin([](Wire& wire, Origin&, uint32_t) {
    // Answers largely and reads nothing of the request.
    wire.Send(Ok(std::string(kMuch, 'd')));
    wire.ReadAll();
  });
  TestProxy proxy(Site{.servers = {origin.address()}});
  Wire client = proxy.Connect(0, 16 * 1024);
  ASSERT_TRUE(client.Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\n"));
  client.SendUntilStuck(std::string(kMuch, 'u'), std::chrono::milliseconds(100));
  client.Reset();
  EXPECT_TRUE(TestProxy::Eventually([&] {
    const observe::ListenerTotals counts = proxy.ListenerCounts();
    return counts.accepted == 1 && counts.connections == 0 && proxy.ServerCounts().in_flight == 0;
  }));
}

TEST(PressureFlowTest, AClientThatLeavesCancelsItsRequest) {
  Moment asked;
  Origin origin([&](Wire& wire, Origin& self, uint32_t) {
    if (!self.Take(wire)) return;
    asked.Happen();
    EXPECT_TRUE(wire.EndsHere());
  });
  TestProxy proxy(Site{.servers = {origin.address()}});
  Wire client = proxy.Connect();
  ASSERT_TRUE(client.Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
  ASSERT_TRUE(asked.Await());
  client.Reset();
  EXPECT_TRUE(origin.AwaitEnded(1));
  EXPECT_TRUE(TestProxy::Eventually([&] { return proxy.ServerCounts().in_flight == 0; }));
}

TEST(PressureFlowTest, AClientThatLeavesInTheMiddleOfAnAnswerStopsIt) {
  Origin origin([&](Wire& wire, Origin& self, uint32_t) {
    if (!self.Take(wire)) return;
    wire.Send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(kMuch) + "\r\n\r\n");
    wire.Send(std::string(kMuch, 'd'));
  });
  TestProxy proxy(Site{.servers = {origin.address()}});
  Wire client = proxy.Connect(0, 16 * 1024);
  ASSERT_TRUE(client.Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
  EXPECT_EQ(client.ReadHead().status(), 200);
  client.Reset();
  EXPECT_TRUE(origin.AwaitEnded(1));
  EXPECT_TRUE(TestProxy::Eventually([] { return BufferBudget::used() < 64 * 1024; }));
}

TEST(PressureFlowTest, AtTheConnectionLimitTheKernelKeepsTheRest) {
  Origin origin(Ok("x"));
  TestProxy proxy(Site{.servers = {origin.address()}, .listener = "max_connections = 2"});
  Wire first = proxy.Connect();
  Wire second = proxy.Connect();
  EXPECT_EQ(first.Get("/").status(), 200);
  EXPECT_EQ(second.Get("/").status(), 200);
  Wire third = proxy.Connect();
  ASSERT_TRUE(third.Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
  for (int i = 0; i < 10; ++i) EXPECT_EQ(first.Get("/").status(), 200);
  EXPECT_FALSE(third.HasNews());
  EXPECT_EQ(proxy.ListenerCounts().connections, 2);
  second.Close();
  EXPECT_EQ(third.ReadResponse().status(), 200);
}

TEST(PressureFlowTest, AnExhaustedBudgetSlowsDownAndServesAllTheSame) {
  Origin origin([](Wire& wire, Origin& self, uint32_t) {
    while (self.Take(wire)) wire.Send(Ok(self.last().body));
  });
  TestProxy proxy(Site{.servers = {origin.address()},
                       .process = "shutdown_timeout = \"5s\"\nbuffer_budget = \"1MiB\""});
  std::vector<Wire> idle;
  for (int i = 0; i < 40; ++i) {
    idle.push_back(proxy.Connect());
    idle.back().Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n" +
                     std::string(50'000, 'h'));
  }
  for (Wire& wire : idle) {
    ASSERT_TRUE(wire.Send(std::string(10'000, 'h')));
    EXPECT_EQ(wire.ReadResponse().body.size(), 60'000u);
  }
}

TEST(PressureFlowTest, AnIdleConnectionHoldsNoBuffers) {
  Origin origin(Ok("x"));
  TestProxy proxy(Site{.servers = {origin.address()}});
  std::vector<Wire> idle;
  for (int i = 0; i < 50; ++i) {
    idle.push_back(proxy.Connect());
    EXPECT_EQ(idle.back().Get("/").status(), 200);
  }
  EXPECT_TRUE(TestProxy::Eventually([] { return BufferBudget::used() == 0; }));
}

}  // namespace
}  // namespace sluice::test
