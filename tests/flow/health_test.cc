// Servers that are ill: what checks find, what is ejected, and that nobody is locked out for longer
// than a failure lasts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "balancer/slow_start.h"
#include "tests/support/flow/h2_wire.h"
#include "tests/support/flow/origin.h"
#include "tests/support/flow/scripts.h"
#include "tests/support/flow/test_proxy.h"
#include "tests/support/flow/tls_wire.h"

namespace sluice::test {
namespace {

using testing::HasSubstr;

std::string Status(int status, const std::string& fields = "") {
  return "HTTP/1.1 " + std::to_string(status) + " X\r\n" + fields + "Content-Length: 2\r\n\r\nno";
}

// Checks as quick as they can be asked for, with these further keys.
std::string Health(const std::string& keys) {
  return "health = { interval = \"100ms\", fast_interval = \"100ms\", fall = 2" +
         (keys.empty() ? "" : ", " + keys) + " }\n";
}

class HealthFlowTest : public testing::Test {
 protected:
  // A shop's server whose answers to /healthz and to everything else can be set.
  struct Shop {
    explicit Shop(const std::string& name)
        : page(Ok(name)), origin(AnswerEach([this](const Message& request) {
            const std::lock_guard lock(mutex);
            return request.target() == "/healthz" ? health : page;
          })) {}
    void Set(const std::string& to_checks, const std::string& to_clients) {
      const std::lock_guard lock(mutex);
      health = to_checks;
      page = to_clients;
    }
    std::mutex mutex;
    std::string health = Ok("I am well");
    std::string page;
    Origin origin;  // last: its threads read the others
  };

  static upstream::Prober::Report ReportOf(TestProxy& proxy, size_t server = 0) {
    upstream::Prober::Report report;
    proxy.OnSupervisor([&](server::Supervisor& it) {
      const auto* const found = it.prober().Find(*it.view()->clusters[0]->servers[server]);
      if (found != nullptr) report = *found;
    });
    return report;
  }
  static bool AwaitDown(TestProxy& proxy, size_t server = 0) {
    return TestProxy::Eventually([&] { return !ReportOf(proxy, server).up; });
  }
  static bool AwaitUp(TestProxy& proxy, size_t server = 0) {
    return TestProxy::Eventually([&] {
      const upstream::Prober::Report report = ReportOf(proxy, server);
      return report.up && report.last_passed;
    });
  }
  static std::vector<std::string> Ask(TestProxy& proxy, int times) {
    std::vector<std::string> bodies;
    Wire client = proxy.Connect();
    for (int i = 0; i < times; ++i) bodies.push_back(client.Get("/").body);
    return bodies;
  }
};

TEST_F(HealthFlowTest, AServerThatFailsItsChecksGetsNoRequestUntilItPassesAgain) {
  Shop ill("ill"), well("well");
  TestProxy proxy(Site{.servers = {ill.origin.address(), well.origin.address()},
                       .pool = Health("path = \"/healthz\"")});
  ASSERT_TRUE(AwaitUp(proxy));
  ill.Set(Status(500), Ok("ill"));
  ASSERT_TRUE(AwaitDown(proxy));
  EXPECT_THAT(Ask(proxy, 20), testing::Each("well"));
  EXPECT_EQ(ReportOf(proxy).last, "status 500, expected 200-399");
  EXPECT_THAT(proxy.AskAdmin("/status").body, HasSubstr("\"state\": \"down\""));
  EXPECT_THAT(proxy.AskAdmin("/metrics").body,
              HasSubstr("sluice_server_up{pool=\"web\",server=\"" + ill.origin.address()));
  ill.Set(Ok("fine"), Ok("ill"));
  ASSERT_TRUE(AwaitUp(proxy));
  EXPECT_TRUE(TestProxy::Eventually([&] { return proxy.Get("/").body == "ill"; }));
  EXPECT_TRUE(ReportOf(proxy, 1).up) << "the other never went down";
}

TEST_F(HealthFlowTest, AChecksHeadSaysWhatWasConfiguredAndItsConnectionIsItsOwn) {
  std::mutex mutex;
  Message asked;
  std::atomic<uint32_t> checks = 0;
  Origin origin([&](Wire& wire, Origin&, uint32_t) {
    Message request = wire.ReadRequest();
    if (!request.complete) return;
    {
      const std::lock_guard lock(mutex);
      asked = std::move(request);
    }
    ++checks;
    wire.Send(Ok("fine"));
    EXPECT_TRUE(wire.EndsHere()) << "closed after the answer";
  });
  TestProxy proxy(Site{.servers = {origin.address()},
                       .pool = Health("path = \"/up?full=1\", method = \"OPTIONS\", "
                                      "host = \"shop.example\", expect_status = [\"200\"]")});
  ASSERT_TRUE(AwaitUp(proxy));
  const std::lock_guard lock(mutex);
  EXPECT_EQ(asked.start, "OPTIONS /up?full=1 HTTP/1.1");
  EXPECT_EQ(asked.Value("Host"), "shop.example");
  EXPECT_EQ(asked.Value("User-Agent"), "sluice-health");
  EXPECT_EQ(proxy.ServerCounts().connects, 0u) << "not the traffic's";
}

TEST_F(HealthFlowTest, WithoutAPathAConnectionIsEnough) {
  auto shop = std::make_unique<Origin>(Ok("x"));
  const std::string address = shop->address();
  Origin other(Ok("other"));
  TestProxy proxy(Site{.servers = {address, other.address()}, .pool = Health("")});
  ASSERT_TRUE(AwaitUp(proxy));
  EXPECT_TRUE(shop->requests().empty());
  shop.reset();
  ASSERT_TRUE(AwaitDown(proxy));
  EXPECT_THAT(ReportOf(proxy).last, HasSubstr("connect_refused"));
  const Origin again([](Wire&, Origin&, uint32_t) {}, address);
  EXPECT_TRUE(AwaitUp(proxy));
}

TEST_F(HealthFlowTest, AnAnswerThatNeverEndsIsCutByTheTimeout) {
  Origin origin([](Wire& wire, Origin&, uint32_t) {
    if (!wire.ReadRequest().complete) return;
    wire.Send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n");
    EXPECT_TRUE(wire.EndsHere());
  });
  TestProxy proxy(
      Site{.servers = {origin.address()}, .pool = Health("path = \"/\", timeout = \"100ms\"")});
  ASSERT_TRUE(AwaitDown(proxy));
  EXPECT_EQ(ReportOf(proxy).last, "no end of the answer within 100 ms");
}

TEST_F(HealthFlowTest, OfAnAnswerWithoutEndSixtyFourKibibytesAreRead) {
  Origin origin([](Wire& wire, Origin&, uint32_t) {
    if (!wire.ReadRequest().complete) return;
    wire.Send("HTTP/1.1 200 OK\r\n\r\n");
    while (wire.Send(std::string(16384, 'x'))) {
    }
  });
  TestProxy proxy(Site{.servers = {origin.address()}, .pool = Health("path = \"/\"")});
  EXPECT_TRUE(AwaitUp(proxy));
  TestProxy picky(
      Site{.servers = {origin.address()}, .pool = Health("path = \"/\", expect_body = \"well\"")});
  ASSERT_TRUE(AwaitDown(picky));
  EXPECT_THAT(ReportOf(picky).last, HasSubstr("64 KiB"));
}

TEST_F(HealthFlowTest, AServerThatSaysNothingIsDown) {
  Origin origin([](Wire& wire, Origin&, uint32_t) {
    if (wire.ReadRequest().complete) wire.EndsHere();
  });
  TestProxy proxy(
      Site{.servers = {origin.address()}, .pool = Health("path = \"/\", timeout = \"100ms\"")});
  ASSERT_TRUE(AwaitDown(proxy));
  EXPECT_EQ(ReportOf(proxy).last, "no answer within 100 ms");
}

TEST_F(HealthFlowTest, TheExpectedBodyMayComeInPieces) {
  std::atomic<bool> well = true;
  Origin origin([&](Wire& wire, Origin&, uint32_t) {
    if (!wire.ReadRequest().complete) return;
    wire.SendByteByByte(Ok(well ? "database: fine, disk: fine" : "database: gone"));
  });
  TestProxy proxy(Site{.servers = {origin.address()},
                       .pool = Health("path = \"/\", expect_body = \"disk: fine\"")});
  ASSERT_TRUE(AwaitUp(proxy));
  well = false;
  ASSERT_TRUE(AwaitDown(proxy));
  EXPECT_EQ(ReportOf(proxy).last, "the answer does not contain expect_body");
}

TEST_F(HealthFlowTest, AnotherPortMayBeAsked) {
  Shop shop("shop");
  Origin doctor(Status(500));
  TestProxy proxy(Site{.servers = {shop.origin.address()},
                       .pool = Health("path = \"/\", port = " + std::to_string(doctor.port()))});
  EXPECT_TRUE(AwaitDown(proxy));
  EXPECT_EQ(proxy.Get("/").body, "shop") << "the only server is used all the same";
}

TEST_F(HealthFlowTest, ChecksSpeakTlsWhereThePoolDoes) {
  const Made certificate = MakeCertificate({.names = {"shop.example"}});
  const TlsIdentity identity(certificate, {"http/1.1"});
  Origin origin([&](Wire& wire, Origin&, uint32_t) {
    TlsWire tls(wire, identity);
    if (!tls.Accept() || tls.ReadUntil("\r\n\r\n").empty()) return;
    tls.Send(Ok("fine"));
    tls.ClosedByPeer();
  });
  TestProxy proxy(Site{.servers = {origin.address()},
                       .pool = "tls = { verify = false }\n" + Health("path = \"/\"")});
  EXPECT_TRUE(AwaitUp(proxy));
  Origin plain(Ok("plain"));
  TestProxy mistaken(
      Site{.servers = {plain.address()}, .pool = "tls = { verify = false }\n" + Health("")});
  ASSERT_TRUE(AwaitDown(mistaken));
  EXPECT_THAT(ReportOf(mistaken).last, HasSubstr("no connection within"));
}

TEST_F(HealthFlowTest, AReloadForgetsNothingAndWithoutChecksNobodyIsHeldDown) {
  Shop ill("ill"), well("well");
  ill.Set(Status(503), Ok("ill"));
  Site site{.servers = {ill.origin.address(), well.origin.address()},
            .pool = Health("path = \"/healthz\"")};
  TestProxy proxy(site);
  ASSERT_TRUE(AwaitDown(proxy));
  const uint64_t failed = ReportOf(proxy).failed;
  site.pool += "connect_timeout = \"2s\"\n";
  ASSERT_TRUE(proxy.Reload(site.Text()));
  EXPECT_FALSE(ReportOf(proxy).up);
  EXPECT_GE(ReportOf(proxy).failed, failed);
  EXPECT_THAT(Ask(proxy, 10), testing::Each("well"));
  site.pool = "";
  ASSERT_TRUE(proxy.Reload(site.Text()));
  EXPECT_TRUE(TestProxy::Eventually([&] { return proxy.Get("/").body == "ill"; }));
}

TEST_F(HealthFlowTest, AServerThatJoinsOthersStartsSlowlyAndAWholeNewPoolDoesNot) {
  Shop first("first"), second("second");
  const auto ramp_of = [](TestProxy& proxy, size_t server) {
    int64_t from = 0;
    proxy.OnSupervisor([&](server::Supervisor& it) {
      from = it.view()->clusters[0]->servers[server]->health->ramp_from_ns;
    });
    return from;
  };
  Site site{.servers = {first.origin.address()}};
  TestProxy proxy(site);
  EXPECT_EQ(ramp_of(proxy, 0), 0);
  site.servers.push_back(second.origin.address());
  ASSERT_TRUE(proxy.Reload(site.Text()));
  EXPECT_EQ(ramp_of(proxy, 0), 0);
  EXPECT_NE(ramp_of(proxy, 1), 0);
  Shop third("third");
  site.servers = {third.origin.address()};
  ASSERT_TRUE(proxy.Reload(site.Text()));
  EXPECT_EQ(ramp_of(proxy, 0), 0) << "nobody is there to take its load";
}

// Ejection.

class EjectionFlowTest : public testing::Test {
 protected:
  // Four servers that answer as `answer` says, by their number and that of their request.
  void Serve(std::function<std::string(size_t server, uint32_t request)> answer,
             const std::string& pool) {
    answer_ = std::move(answer);
    for (size_t i = 0; i < 4; ++i) {
      origins_.push_back(std::make_unique<Origin>(
          AnswerEach([this, i](const Message&) { return answer_(i, counts_[i]++); })));
    }
    Site site{.pool = pool};
    for (const auto& origin : origins_) site.servers.push_back(origin->address());
    proxy_ = std::make_unique<TestProxy>(site);
  }
  // Requests on one connection; how many were answered 200.
  int Ask(int times) {
    std::optional<Wire> client;
    int good = 0;
    for (int i = 0; i < times; ++i) {
      if (!client || client->end() != Wire::End::kOpen) client.emplace(proxy_->Connect());
      good += client->Get("/").status() == 200 ? 1 : 0;
    }
    return good;
  }
  uint64_t Ejections(size_t server) {
    const observe::ServerTotals counts = proxy_->ServerCounts(server);
    uint64_t sum = counts.rests;
    for (const uint64_t reason : counts.ejections) sum += reason;
    return sum;
  }

  std::function<std::string(size_t, uint32_t)> answer_;
  std::array<std::atomic<uint32_t>, 4> counts_{};
  std::vector<std::unique_ptr<Origin>> origins_;
  std::unique_ptr<TestProxy> proxy_;
};

TEST_F(EjectionFlowTest, OneThatFailsThirtyOfAHundredIsEjected) {
  Serve([](size_t server,
           uint32_t request) { return server == 1 && request % 10 < 3 ? Status(500) : Ok("x"); },
        "strategy = \"round_robin\"\noutlier = { rest = \"1h\", rest_max = \"1h\" }\n");
  ASSERT_TRUE(TestProxy::Eventually([&] {
    Ask(100);
    return Ejections(1) > 0;
  }));
  EXPECT_EQ(proxy_->ServerCounts(1).ejections[1], 1u) << "for its deviation";
  EXPECT_EQ(Ask(200), 200);
  for (const size_t other : {0, 2, 3}) EXPECT_EQ(Ejections(other), 0u);
  EXPECT_THAT(proxy_->AskAdmin("/metrics").body, HasSubstr("reason=\"error_deviation\"} 1\n"));
}

TEST_F(EjectionFlowTest, OneThatSays429IsNot) {
  Serve([](size_t server,
           uint32_t) { return server == 1 ? Status(429, "Retry-After: 1\r\n") : Ok("x"); },
        "strategy = \"round_robin\"\noutlier.min_requests = 5\n");
  for (int i = 0; i < 10; ++i) {
    Ask(50);
    std::this_thread::sleep_for(std::chrono::milliseconds(50));  // a tick or two must have passed
  }
  EXPECT_GE(counts_[1], 10u);
  for (size_t server = 0; server < 4; ++server) EXPECT_EQ(Ejections(server), 0u);
  uint32_t share = 0;
  proxy_->OnSupervisor(
      [&](server::Supervisor& it) { share = it.view()->clusters[0]->servers[1]->health->share; });
  EXPECT_LT(share, balancer::kWhole);
}

TEST_F(EjectionFlowTest, WhenAllFailAtOnceNobodyIsLockedOutForLongerThanThat) {
  std::atomic<bool> ill = false;
  Serve([&](size_t, uint32_t) { return ill ? std::string("no HTTP\r\n\r\n") : Ok("x"); },
        "outlier = { failures = 2, rest = \"1h\", rest_max = \"1h\", min_requests = 5 }\n");
  ASSERT_EQ(Ask(50), 50);
  ill = true;
  EXPECT_EQ(Ask(200), 0);
  ill = false;
  EXPECT_EQ(Ask(100), 100);
}

TEST_F(EjectionFlowTest, TheBreakerOpensAnswers503AndClosesAgain) {
  std::atomic<bool> ill = true;
  Serve([&](size_t, uint32_t) { return ill ? Status(500) : Ok("x"); },
        "breaker = { min_requests = 20, open = \"1s\", ramp = \"1s\" }\n");
  Message refused;
  ASSERT_TRUE(TestProxy::Eventually([&] {
    refused = proxy_->Get("/");
    return refused.status() == 503;
  }));
  EXPECT_EQ(refused.Value("Retry-After"), "1");
  EXPECT_THAT(proxy_->AskAdmin("/status").body, HasSubstr("\"state\": \"open\""));
  uint32_t asked = 0;
  for (const auto& count : counts_) asked += count;
  EXPECT_EQ(Ask(20), 0);
  uint32_t asked_then = 0;
  for (const auto& count : counts_) asked_then += count;
  EXPECT_EQ(asked, asked_then) << "while it is open no server is asked";
  ill = false;
  EXPECT_TRUE(TestProxy::Eventually([&] { return Ask(20) == 20; }));
  EXPECT_THAT(proxy_->AskAdmin("/metrics").body,
              HasSubstr("sluice_breaker_opened_total{pool=\"web\"} 1\n"));
}

}  // namespace
}  // namespace sluice::test
