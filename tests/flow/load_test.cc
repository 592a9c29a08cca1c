// Four workers, many clients, everything at once: what ThreadSanitizer is to look at.
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/flow/origin.h"
#include "tests/support/flow/test_proxy.h"

namespace sluice::test {
namespace {

// Answers with the target, and the body behind it; dies now and then if it is unreliable.
Origin::Script Echo(bool reliable) {
  return [reliable](Wire& wire, Origin&, uint32_t index) {
    for (uint32_t served = 0;; ++served) {
      if (!reliable && index % 5 == 4 && served == 2) return;
      const Message request = wire.ReadRequest();
      if (!request.complete) return;
      if (!wire.Send(Ok(request.target() + request.body))) return;
    }
  };
}

// One client's work: everything it gets back is its own, or an honest error.
void Shop(const Address& address, int who, std::atomic<int>& served, std::atomic<int>& strange) {
  for (int round = 0; round < 10; ++round) {
    Wire wire = Wire::To(address);
    for (int i = 0; i < 10; ++i) {
      const std::string path = "/" + std::to_string(who) + "/" + std::to_string(round * 10 + i);
      const bool post = i % 3 == 0;
      const std::string body = post ? std::string(static_cast<size_t>(i * 997), 'b') : "";
      std::string request = (post ? "POST " : "GET ") + path + " HTTP/1.1\r\nHost: a\r\n";
      if (post) request += "Content-Length: " + std::to_string(body.size()) + "\r\n";
      const Message answer = wire.Ask(request + "\r\n" + body);
      if (answer.status() == 200 && answer.body == path + body) {
        ++served;
      } else if (answer.status() != 502) {
        ++strange;
      }
      if (answer.Value("connection") == "close" || !answer.complete) break;
    }
  }
}

TEST(LoadFlowTest, FourWorkersServeManyClientsWhileTheSiteChangesUnderThem) {
  Origin first(Echo(true)), second(Echo(false));
  Site site{.servers = {first.address(), second.address()}, .workers = 4};
  TestProxy proxy(site);
  const Address address = proxy.address();
  std::atomic<int> served = 0, strange = 0;
  std::vector<std::thread> clients;
  for (int who = 0; who < 8; ++who) {
    clients.emplace_back([&, who] { Shop(address, who, served, strange); });
  }
  for (int i = 0; i < 10; ++i) {
    site.routes = RouteAll("max_body = \"" + std::to_string(i + 100) + "KiB\"");
    EXPECT_TRUE(proxy.Reload(site.Text()));
    EXPECT_EQ(proxy.AskAdmin("/metrics").status(), 200);
    EXPECT_EQ(proxy.AskAdmin("/status").status(), 200);
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(strange, 0);
  EXPECT_GE(served, 780) << "a POST that met a dying server may be 502";
  EXPECT_TRUE(TestProxy::Eventually([&] { return proxy.ListenerCounts().connections == 0; }));
  EXPECT_EQ(proxy.ServerCounts(0).in_flight + proxy.ServerCounts(1).in_flight, 0);
}

TEST(LoadFlowTest, TheConnectionsOfACrowdServeItsNextRequests) {
  constexpr uint32_t kCrowd = 100;
  Origin origin([](Wire& wire, Origin& self, uint32_t) {
    // Each holds its answer until all have asked, so that the crowd needs a connection each.
    while (self.Take(wire) && self.AwaitAccepted(kCrowd) && wire.Send(Ok("x"))) {
    }
  });
  TestProxy proxy(Site{.servers = {origin.address()}, .pool = "concurrency = 0", .workers = 1});
  std::vector<Wire> crowd;
  for (uint32_t i = 0; i < kCrowd; ++i) crowd.push_back(proxy.Connect());
  for (int round = 0; round < 3; ++round) {
    for (Wire& wire : crowd) EXPECT_TRUE(wire.Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
    for (Wire& wire : crowd) EXPECT_EQ(wire.ReadResponse().status(), 200);
  }
  EXPECT_EQ(origin.accepted(), kCrowd);
}

TEST(LoadFlowTest, AShutdownUnderLoadAnswersWhatItAccepted) {
  Origin origin(Echo(true));
  TestProxy proxy(Site{.servers = {origin.address()}, .workers = 4});
  const Address address = proxy.address();
  std::atomic<int> served = 0, broken = 0;
  std::atomic<bool> stop = false;
  std::vector<std::thread> clients;
  for (int who = 0; who < 6; ++who) {
    clients.emplace_back([&] {
      while (!stop) {
        Wire wire = Wire::To(address);
        if (wire.end() != Wire::End::kOpen) return;
        while (!stop) {
          const Message answer = wire.Get("/x");
          if (answer.status() == 200 && answer.body == "/x") {
            ++served;
          } else if (!answer.start.empty()) {
            ++broken;
          }
          if (!answer.complete || answer.Value("connection") == "close") break;
        }
      }
    });
  }
  EXPECT_TRUE(TestProxy::Eventually([&] { return served >= 100; }));
  proxy.Shutdown();
  EXPECT_TRUE(proxy.Join());
  stop = true;
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(broken, 0);
}

}  // namespace
}  // namespace sluice::test
