// Servers that take only so many requests, and requests that wait for them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/support/flow/origin.h"
#include "tests/support/flow/scripts.h"
#include "tests/support/flow/test_proxy.h"

namespace sluice::test {
namespace {

using testing::AnyOf;
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

// How many left the queue in that way, of whatever class.
uint64_t Ended(TestProxy& proxy, std::string_view how) {
  const auto end = std::find(observe::kQueueEnds.begin(), observe::kQueueEnds.end(), how);
  EXPECT_NE(end, observe::kQueueEnds.end());
  return proxy.PoolCounts().AllClasses().ended[end - observe::kQueueEnds.begin()];
}

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
  EXPECT_EQ(proxy.PoolCounts().AllClasses().queued, 3u);
  EXPECT_EQ(proxy.PoolCounts().AllClasses().wait.count(), 3u);
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
  EXPECT_EQ(Ended(proxy, "client_left"), 2u);
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
  EXPECT_THAT(refused.Value("Retry-After"), AnyOf("1", "2"));
  EXPECT_EQ(waits.ReadResponse().status(), 503);
  EXPECT_EQ(Ended(proxy, "full"), 1u);
  EXPECT_EQ(Ended(proxy, "timeout"), 1u);
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

TEST(QueueFlowTest, WhoWaitsWhileItsPoolIsRemovedIsServedOrToldInTime) {
  Holding server;
  const Site site{.servers = {server.address()},
                  .pool = "concurrency = 1\nqueue_timeout = \"300ms\""};
  TestProxy proxy(site);
  Wire first = proxy.Connect(), second = proxy.Connect();
  first.Send(kGet);
  EXPECT_TRUE(server.Await(1));
  second.Send(kGet);
  EXPECT_TRUE(TestProxy::Eventually([&] { return proxy.Waiting() == 1; }));
  Origin other(Ok("other"));
  std::string text = Site{.servers = {other.address()}}.Text();
  text.replace(text.find("\"web\""), 5, "\"new\"");
  EXPECT_TRUE(proxy.Reload(text));
  EXPECT_EQ(proxy.Get("/").body, "other");
  EXPECT_EQ(second.ReadResponse().status(), 503) << "the old server still holds the first";
  server.AnswerAll();
  EXPECT_EQ(first.ReadResponse().body, "held");
}

// A server with one place; three classes by path.
Site Classes(const std::string& server, const std::string& pool) {
  return {.servers = {server},
          .pool = "concurrency = 1\n" + pool,
          .routes =
              "[[route]]\npool = \"web\"\nmatch = { path_prefix = \"/checkout\" }\n"
              "priority = \"critical\"\n"
              "[[route]]\npool = \"web\"\nmatch = { path_prefix = \"/feed\" }\n"
              "priority = \"low\"\n"
              "[[route]]\npool = \"web\"\nmatch = { path_prefix = \"/\" }\n"};
}

TEST(QueueFlowTest, TheCheckoutGoesFirstAndPushesOutWhatIsLessWorth) {
  Holding server;
  TestProxy proxy(Classes(server.address(), "queue = 3"));
  Wire running = proxy.Connect(), feed = proxy.Connect(), page = proxy.Connect(),
       other = proxy.Connect(), checkout = proxy.Connect();
  const auto ask = [&](Wire& client, const std::string& path, uint32_t waiting) {
    client.Send("GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_TRUE(TestProxy::Eventually([&] { return proxy.Waiting() == waiting; })) << path;
  };
  ask(running, "/first", 0);
  EXPECT_TRUE(server.Await(1));
  ask(feed, "/feed", 1);
  ask(page, "/page", 2);
  ask(other, "/other", 3);
  checkout.Send("GET /checkout HTTP/1.1\r\nHost: a\r\n\r\n");
  const Message refused = feed.ReadResponse();
  EXPECT_EQ(refused.status(), 503);
  EXPECT_THAT(refused.Value("Retry-After"), AnyOf("1", "2"));
  EXPECT_THAT(refused.body, HasSubstr("its place went to one that goes first"));
  EXPECT_EQ(Ended(proxy, "pushed_out"), 1u);
  const std::string metrics = proxy.AskAdmin("/metrics").body;
  for (const char* line :
       {"sluice_pool_queue{pool=\"web\",priority=\"critical\"} 1\n",
        "sluice_pool_queue{pool=\"web\",priority=\"normal\"} 2\n",
        "sluice_pool_queue_left_total{pool=\"web\",priority=\"low\",why=\"pushed_out\"} 1\n",
        "sluice_pool_queued_total{pool=\"web\",priority=\"low\"} 1\n",
        "sluice_pool_limit{pool=\"web\"} 0\n"}) {
    EXPECT_THAT(metrics, HasSubstr(line));
  }
  EXPECT_THAT(metrics, testing::Not(HasSubstr("priority=\"high\""))) << "nobody is of it";
  EXPECT_THAT(proxy.AskAdmin("/status").body, HasSubstr("\"pushed_out\": 1"));
  server.AnswerAll();
  for (Wire* client : {&running, &page, &other, &checkout}) {
    EXPECT_EQ(client->ReadResponse().body, "held");
  }
  std::vector<std::string> order;
  for (const Message& request : server.origin().requests()) order.push_back(request.target());
  EXPECT_THAT(order, testing::ElementsAre("/first", "/checkout", "/page", "/other"));
}

TEST(QueueFlowTest, EveryCheckoutIsServedWhileFarTooMuchElseComes) {
  Origin server([](Wire& wire, Origin& self, uint32_t) {
    while (self.Take(wire)) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      wire.Send(Ok("page"));
    }
  });
  TestProxy proxy(Classes(server.address(), "queue = 8"));
  std::atomic<bool> done{false};
  std::atomic<uint32_t> pages{0}, refused{0};
  std::vector<std::thread> clients;
  for (int i = 0; i < 20; ++i) {
    clients.emplace_back([&] {
      Wire client = proxy.Connect();
      while (!done) {
        const Message answer = client.Get("/page");
        ++(answer.status() == 200 ? pages : refused);
        EXPECT_TRUE(answer.status() == 200 || answer.Has("Retry-After"));
        if (answer.status() != 200) std::this_thread::sleep_for(std::chrono::milliseconds(20));
      }
    });
  }
  EXPECT_TRUE(TestProxy::Eventually([&] { return proxy.Waiting() == 8; }));
  Wire shopper = proxy.Connect();
  for (int i = 0; i < 30; ++i) EXPECT_EQ(shopper.Get("/checkout").status(), 200);
  done = true;
  for (std::thread& client : clients) client.join();
  EXPECT_GT(pages, 0u);
  EXPECT_GT(refused, 0u);
}

TEST(QueueFlowTest, AClientWithManyConnectionsGetsItsTurnAndNoMore) {
  // A page takes a moment, so that all of them always wait.
  Origin server([](Wire& wire, Origin& self, uint32_t) {
    while (self.Take(wire)) {
      std::this_thread::sleep_for(std::chrono::milliseconds(4));
      wire.Send(Ok("page"));
    }
  });
  TestProxy proxy(Site{.servers = {server.address()}, .pool = "concurrency = 1"});
  std::atomic<bool> done{false};
  std::atomic<uint32_t> heavy{0};
  std::vector<std::atomic<uint32_t>> others(9);
  std::vector<std::thread> clients;
  const auto run = [&](const std::string& from, std::atomic<uint32_t>& served) {
    Wire client = Wire::To(proxy.address(), 0, Ip::Parse(from));
    while (!done) served += client.Get("/").status() == 200;
  };
  for (int i = 0; i < 20; ++i) {
    clients.emplace_back([&] { run("127.0.0.100", heavy); });
  }
  for (size_t i = 0; i < others.size(); ++i) {
    clients.emplace_back([&, i] { run("127.0.0." + std::to_string(101 + i), others[i]); });
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(1500));
  done = true;
  for (std::thread& client : clients) client.join();
  uint32_t sum = heavy;
  for (const auto& other : others) sum += other;
  EXPECT_GT(sum, 100u);
  // Of ten clients. The others are not in line while they are served, read, and ask again; without
  // turns it would have had 20 of 29.
  EXPECT_LE(heavy, sum * 2 / 10);
}

TEST(QueueFlowTest, TheLogTellsAtWhichPlaceItBeganToWait) {
  Holding server;
  const std::string log =
      testing::TempDir() + "sluice_queue_" + std::to_string(::getpid()) + ".log";
  std::remove(log.c_str());
  TestProxy proxy(
      Site{.servers = {server.address()},
           .pool = "concurrency = 1",
           .access_log = "output = \"" + log + "\"\nformat = \"{target} {queue_position}\"\n"});
  Wire first = proxy.Connect(), second = proxy.Connect(), third = proxy.Connect();
  uint32_t waiting = 0;
  for (Wire* client : {&first, &second, &third}) {
    client->Send("GET /" + std::to_string(waiting) + " HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_TRUE(server.Await(1));
    EXPECT_TRUE(TestProxy::Eventually([&] { return proxy.Waiting() == waiting; }));
    ++waiting;
  }
  server.AnswerAll();
  for (Wire* client : {&first, &second, &third}) client->ReadResponse();
  std::vector<std::string> lines;
  EXPECT_TRUE(TestProxy::Eventually([&] {
    lines.clear();
    std::ifstream file(log);
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    return lines.size() == 3;
  }));
  EXPECT_THAT(lines, testing::UnorderedElementsAre("/0 0", "/1 1", "/2 2"));
  std::remove(log.c_str());
}

TEST(QueueFlowTest, ADeadlineOfTheRouteEndsTheWaitWith503) {
  Holding server;
  TestProxy proxy(
      Site{.servers = {server.address()}, .pool = "concurrency = 1\ntotal_timeout = \"300ms\""});
  Wire first = proxy.Connect();
  first.Send(kGet);
  EXPECT_TRUE(server.Await(1));
  const Message refused = proxy.Get("/");
  EXPECT_EQ(refused.status(), 503);
  EXPECT_TRUE(refused.Has("Retry-After"));
  EXPECT_EQ(Ended(proxy, "timeout"), 1u);
  server.AnswerAll();
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
  EXPECT_EQ(proxy.PoolCounts().AllClasses().queued, 0u);
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
