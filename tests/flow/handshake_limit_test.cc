// Limits of TLS handshakes, on the wire. The clients speak plain HTTP: who may begin a handshake is
// told so in a 400, which is as good a sign as a handshake and does not need one.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "tests/support/flow/origin.h"
#include "tests/support/flow/test_proxy.h"
#include "tests/support/test_certificates.h"

namespace sluice::test {
namespace {

using Clock = std::chrono::steady_clock;

class HandshakeLimitTest : public testing::Test {
 protected:
  HandshakeLimitTest()
      : folder_(std::filesystem::temp_directory_path() /
                ("sluice-handshakes-" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(folder_);
    const Made made = MakeCertificate({.subject = "shop", .names = {"shop.example"}});
    std::ofstream(folder_ / "shop.crt") << made.certificate_pem;
    std::ofstream(folder_ / "shop.key") << made.key_pem;
  }
  ~HandshakeLimitTest() override { std::filesystem::remove_all(folder_); }

  Site SiteWith(const std::string& limits) const {
    return {.servers = {"127.0.0.1:1"},
            .listener = "tls = { certificates = [{ cert = \"" + (folder_ / "shop.crt").string() +
                        "\", key = \"" + (folder_ / "shop.key").string() + "\" }], " + limits +
                        " }\n"};
  }

  // A connection from another address of this machine.
  static Wire From(const char* source, TestProxy& proxy) {
    const Address from = *Address::Parse(std::string(source) + ":0");
    const Address to = proxy.address();
    net::Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::bind(fd.get(), from.get(), from.size()), 0);
    EXPECT_EQ(::connect(fd.get(), to.get(), to.size()), 0);
    return Wire(std::move(fd));
  }

  static bool MayBegin(Wire wire) { return wire.Get("/").status() == 400; }

  const std::filesystem::path folder_;
};

TEST_F(HandshakeLimitTest, AnAddressThatBeginsTooManyIsResetAndAnotherIsServed) {
  TestProxy proxy(SiteWith("handshakes_per_address = \"1/h\", handshakes_burst = 3"));
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(MayBegin(proxy.Connect()));
  for (int i = 0; i < 5; ++i) {
    Wire refused = proxy.Connect();
    EXPECT_TRUE(refused.EndsHere());
    EXPECT_EQ(refused.end(), Wire::End::kReset);
  }
  EXPECT_TRUE(MayBegin(From("127.0.0.2", proxy)));
  EXPECT_EQ(proxy.ListenerCounts().refused_handshakes, 5u);
  EXPECT_EQ(proxy.ListenerCounts().handshake_pauses, 0u);
}

TEST_F(HandshakeLimitTest, NewConnectionsOfAnAddressAreLimitedWithoutTlsToo) {
  Origin origin{Ok("shop")};
  TestProxy proxy(Site{.servers = {origin.address()},
                       .listener = "new_connections_per_address = \"1/h\"\n"
                                   "new_connections_burst = 2\n"});
  Wire kept = proxy.Connect();
  for (int i = 0; i < 5; ++i) EXPECT_EQ(kept.Get("/").status(), 200) << "requests are not counted";
  EXPECT_EQ(proxy.Get("/").status(), 200);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(proxy.Connect().EndsHere());
  EXPECT_EQ(From("127.0.0.2", proxy).Get("/").status(), 200);
  EXPECT_EQ(proxy.ListenerCounts().refused_connections, 3u);
}

TEST_F(HandshakeLimitTest, BehindABalancerItIsTheClientsAddressThatCounts) {
  Site site = SiteWith("handshakes_per_address = \"1/h\"");
  site.listener += "proxy_protocol = [\"127.0.0.1\"]\n";
  TestProxy proxy(site);
  const auto may_begin = [&](const std::string& client) {
    return proxy.Connect()
               .Ask("PROXY TCP4 " + client +
                    " 127.0.0.1 4711 443\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n")
               .status() == 400;
  };
  EXPECT_TRUE(may_begin("192.0.2.1"));
  EXPECT_FALSE(may_begin("192.0.2.1"));
  EXPECT_TRUE(may_begin("192.0.2.2"));
}

TEST_F(HandshakeLimitTest, ABalancerThatOnlyLooksWhetherWeAreThereTakesNobodysPlace) {
  Site site = SiteWith("handshakes = \"3/h\"");
  site.listener += "proxy_protocol = [\"127.0.0.0/8\"]\n";
  TestProxy proxy(site);
  for (int i = 0; i < 5; ++i) {
    Wire probe = proxy.Connect();
    probe.Send("PROXY nonsense\r\n");
    EXPECT_TRUE(probe.EndsHere());
  }
  Wire client = proxy.Connect();
  client.Send("PROXY TCP4 192.0.2.1 192.0.2.9 4711 443\r\n");
  EXPECT_TRUE(MayBegin(std::move(client)));
}

TEST_F(HandshakeLimitTest, WhatIsRefusedIsInTheMetricsAndTheStatus) {
  TestProxy proxy(SiteWith("handshakes_per_address = \"1/h\""));
  EXPECT_TRUE(MayBegin(proxy.Connect()));
  EXPECT_FALSE(MayBegin(proxy.Connect()));
  const std::string metrics = proxy.AskAdmin("/metrics").body;
  EXPECT_NE(metrics.find("sluice_tls_handshakes_refused_total{listener=\"127.0.0.1:0\","
                         "reason=\"address\"} 1\n"),
            std::string::npos);
  EXPECT_NE(metrics.find("sluice_tls_handshake_pauses_total{listener=\"127.0.0.1:0\"} 0\n"),
            std::string::npos);
  const std::string status = proxy.AskAdmin("/status").body;
  EXPECT_NE(status.find("\"refused\": 1"), std::string::npos) << status;
}

TEST_F(HandshakeLimitTest, BeyondTheOverallRateClientsWaitAndNoneIsRefused) {
  TestProxy proxy(SiteWith("handshakes = \"20/s\""));  // two at once
  const Clock::time_point begin = Clock::now();
  std::vector<Wire> wires;
  for (int i = 0; i < 12; ++i) {
    wires.push_back(proxy.Connect());
    EXPECT_TRUE(wires.back().Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
  }
  for (Wire& wire : wires) EXPECT_EQ(wire.ReadResponse().status(), 400);
  EXPECT_GE(Clock::now() - begin, std::chrono::milliseconds(500));
  EXPECT_EQ(proxy.ListenerCounts().refused_handshakes, 0u);
  EXPECT_GT(proxy.ListenerCounts().handshake_pauses, 0u);
}

TEST_F(HandshakeLimitTest, AReloadKeepsWhatIsOwedUnlessTheLimitChanges) {
  const Site limited = SiteWith("handshakes_per_address = \"1/h\"");
  TestProxy proxy(limited);
  EXPECT_TRUE(MayBegin(proxy.Connect()));
  Site same = limited;
  same.listener += "max_requests = 5\n";
  EXPECT_TRUE(proxy.Reload(same.Text()));
  EXPECT_FALSE(MayBegin(proxy.Connect()));
  EXPECT_TRUE(proxy.Reload(SiteWith("http2 = true").Text()));
  EXPECT_TRUE(TestProxy::Eventually([&] { return MayBegin(proxy.Connect()); }));
}

TEST_F(HandshakeLimitTest, WhatWaitsForTheRateIsServedWhenTheListenerCloses) {
  TestProxy proxy(SiteWith("handshakes = \"20/s\""));
  std::vector<Wire> wires;
  for (int i = 0; i < 8; ++i) {
    wires.push_back(proxy.Connect());
    EXPECT_TRUE(wires.back().Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
  }
  proxy.Shutdown();
  for (Wire& wire : wires) EXPECT_EQ(wire.ReadResponse().status(), 400);
  wires.clear();
  EXPECT_TRUE(proxy.Join());
}

}  // namespace
}  // namespace sluice::test
