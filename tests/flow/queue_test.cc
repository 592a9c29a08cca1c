// Servers that take only so many requests, and requests that wait for them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "tests/support/flow/origin.h"
#include "tests/support/flow/scripts.h"
#include "tests/support/flow/test_proxy.h"

namespace sluice::test {
namespace {

using testing::HasSubstr;

// Holds each request until it is told to answer.
class Holding {
 public:
  explicit Holding(std::string where = "127.0.0.1:0")
      : origin_([this](Wire& wire, Origin& self, uint32_t) { Serve(wire, self); }, where) {}

  const std::string& address() const { return origin_.address(); }
  Origin& origin() { return origin_; }
  void Answer() { ++allowed_; }
  void AnswerAll() { allowed_ = 1'000'000; }
  uint32_t most() const { return most_; }
  // Waits until so many requests have come.
  [[nodiscard]] bool Await(size_t requests) {
    return TestProxy::Eventually([&] { return origin_.requests().size() >= requests; });
  }

 private:
  void Serve(Wire& wire, Origin& self) {
    while (self.Take(wire)) {
      const uint32_t inside = ++inside_;
      uint32_t seen = most_;
      while (inside > seen && !most_.compare_exchange_weak(seen, inside)) {
      }
      EXPECT_TRUE(TestProxy::Eventually([&] { return answered_ < allowed_; }));
      ++answered_;
      --inside_;
      wire.Send(Ok("held"));
    }
  }

  std::atomic<uint32_t> inside_{0}, most_{0}, allowed_{0}, answered_{0};
  Origin origin_;
};

constexpr char kGet[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

TEST(QueueFlowTest, AServerNeverSeesMoreThanItsLimitWhicheverWorkersAsk) {
  Holding server;
  server.AnswerAll();
  TestProxy proxy(Site{.servers = {server.address()}, .pool = "concurrency = 3", .workers = 4});
  std::vector<std::thread> clients;
  std::atomic<int> good{0};
  for (int i = 0; i < 16; ++i) {
    clients.emplace_back([&] {
      Wire client = proxy.Connect();
      for (int j = 0; j < 20; ++j) good += client.Get("/").body == "held";
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(good, 320);
  EXPECT_LE(server.most(), 3u);
  EXPECT_EQ(proxy.Waiting(), 0u);
}

TEST(QueueFlowTest, WhoComesWhileAllServersAreFullWaitsAndIsServedInOrder) {
  Holding server;
  TestProxy proxy(Site{.servers = {server.address()}, .pool = "concurrency = 1"});
  std::vector<Wire> clients;
  for (uint32_t i = 0; i < 4; ++i) {
    clients.push_back(proxy.Connect());
    clients.back().Send("GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_TRUE(server.Await(1));
    EXPECT_TRUE(TestProxy::Eventually([&] { return proxy.Waiting() == i; }));
  }
  server.AnswerAll();
  for (Wire& client : clients) EXPECT_EQ(client.ReadResponse().body, "held");
  const std::vector<Message> seen = server.origin().requests();
  ASSERT_EQ(seen.size(), 4u);
  for (size_t i = 0; i < 4; ++i) EXPECT_EQ(seen[i].target(), "/" + std::to_string(i));
  EXPECT_EQ(proxy.PoolCounts().queued, 3u);
  EXPECT_EQ(proxy.PoolCounts().queue_wait.count(), 3u);
}

TEST(QueueFlowTest, WhoLeavesTheQueueIsNotSentToTheServer) {
  Holding server;
  TestProxy proxy(Site{.servers = {server.address()}, .pool = "concurrency = 1"});
  Wire first = proxy.Connect(), closes = proxy.Connect(), resets = proxy.Connect(),
       stays = proxy.Connect();
  first.Send(kGet);
  EXPECT_TRUE(server.Await(1));
  for (Wire* client : {&closes, &resets, &stays}) client->Send(kGet);
  EXPECT_TRUE(TestProxy::Eventually([&] { return proxy.Waiting() == 3; }));
  closes.Close();
  resets.Reset();
  EXPECT_TRUE(TestProxy::Eventually([&] { return proxy.Waiting() == 1; }));
  server.AnswerAll();
  EXPECT_EQ(first.ReadResponse().body, "held");
  EXPECT_EQ(stays.ReadResponse().body, "held");
  EXPECT_EQ(server.origin().requests().size(), 2u);
  EXPECT_EQ(proxy.PoolCounts().queue_left, 2u);
}

TEST(QueueFlowTest, AQueueThatIsFullAndAWaitThatIsTooLongAre503) {
  Holding server;
  TestProxy proxy(Site{.servers = {server.address()},
                       .pool = "concurrency = 1\nqueue = 1\nqueue_timeout = \"200ms\""});
  Wire first = proxy.Connect(), waits = proxy.Connect();
  first.Send(kGet);
  EXPECT_TRUE(server.Await(1));
  waits.Send(kGet);
  EXPECT_TRUE(TestProxy::Eventually([&] { return proxy.Waiting() == 1; }));
  const Message refused = proxy.Get("/");
  EXPECT_EQ(refused.status(), 503);
  EXPECT_EQ(refused.Value("Retry-After"), "1");
  EXPECT_EQ(waits.ReadResponse().status(), 503);
  EXPECT_EQ(proxy.PoolCounts().queue_full, 1u);
  EXPECT_EQ(proxy.PoolCounts().queue_timeouts, 1u);
  server.AnswerAll();
  EXPECT_EQ(first.ReadResponse().status(), 200);
}

TEST(QueueFlowTest, AServerThatWorksOnForOneWhoLeftIsNotGivenAnother) {
  Holding server;
  TestProxy proxy(Site{.servers = {server.address()}, .pool = "concurrency = 1"});
  Wire leaves = proxy.Connect(), stays = proxy.Connect();
  leaves.Send(kGet);
  EXPECT_TRUE(server.Await(1));
  leaves.Reset();
  stays.Send(kGet);
  EXPECT_TRUE(TestProxy::Eventually([&] { return proxy.Waiting() == 1; }));
  server.AnswerAll();
  EXPECT_EQ(stays.ReadResponse().body, "held");
  EXPECT_EQ(server.most(), 1u);
}

TEST(QueueFlowTest, AReloadThatRaisesTheLimitServesWhoWaits) {
  Holding server;
  const Site site{.servers = {server.address()}, .pool = "concurrency = 1"};
  TestProxy proxy(site);
  Wire first = proxy.Connect(), second = proxy.Connect();
  first.Send(kGet);
  EXPECT_TRUE(server.Await(1));
  second.Send(kGet);
  EXPECT_TRUE(TestProxy::Eventually([&] { return proxy.Waiting() == 1; }));
  Site more = site;
  more.pool = "concurrency = 2";
  proxy.Reload(more.Text());
  EXPECT_TRUE(server.Await(2));
  server.AnswerAll();
  EXPECT_EQ(second.ReadResponse().body, "held");
}

TEST(QueueFlowTest, ATunnelHoldsNoPlace) {
  Origin origin([](Wire& wire, Origin& self, uint32_t) {
    while (self.Take(wire)) {
      if (!self.last().Has("Upgrade")) {
        wire.Send(Ok("page"));
        continue;
      }
      wire.Send(
          "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
      EXPECT_TRUE(wire.EndsHere());
      return;
    }
  });
  TestProxy proxy(Site{.servers = {origin.address()}, .pool = "concurrency = 1"});
  Wire tunnel = proxy.Connect();
  tunnel.Send(
      "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
  EXPECT_EQ(tunnel.ReadHead().status(), 101);
  EXPECT_EQ(proxy.Get("/").body, "page");
  EXPECT_EQ(proxy.PoolCounts().queued, 0u);
}

TEST(QueueFlowTest, AServerOfOneConnectionIsSharedByAllWorkers) {
  // A prefork server with one process: what is not its connection waits in its backlog.
  std::atomic<int> open{0}, most{0};
  Origin origin([&](Wire& wire, Origin& self, uint32_t) {
    most = std::max(most.load(), ++open);
    while (self.Take(wire)) wire.Send(Ok("one"));
    --open;
  });
  TestProxy proxy(Site{.servers = {origin.address()}, .pool = "max_connections = 1", .workers = 4});
  for (int i = 0; i < 30; ++i) {
    EXPECT_EQ(proxy.Get("/").body, "one");
    EXPECT_EQ(proxy.Connect().Ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n").body,
              "one");
  }
  EXPECT_TRUE(TestProxy::Eventually([&] { return proxy.ServerCounts().connections <= 1; }));
  // The origin's thread may hear of the end of one after the begin of the next.
  EXPECT_LE(most, 2);
}

}  // namespace
}  // namespace sluice::test
