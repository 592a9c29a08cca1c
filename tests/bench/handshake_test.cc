// load_handshake's core against sluice and against servers that disappoint it.
#include "bench/load/handshake/handshake.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <string>

#include "tests/support/flow/origin.h"
#include "tests/support/flow/test_proxy.h"
#include "tests/support/test_certificates.h"

namespace sluice::load {
namespace {

using namespace std::chrono_literals;
using test::Origin;
using test::TestProxy;
using test::Wire;
using testing::HasSubstr;

HandshakePlan Plan(uint16_t port) {
  return {.port = port, .path = "/x", .connections = 3, .seconds = 0.1, .drain = test::kPatience};
}

class HandshakeTest : public testing::Test {
 protected:
  HandshakeTest()
      : pem_(std::filesystem::temp_directory_path() /
             ("sluice-handshake-" + std::to_string(::getpid()) + ".pem")) {
    const test::Made made = test::MakeCertificate({.names = {"shop.example"}});
    std::ofstream(pem_) << made.certificate_pem << made.key_pem;
  }
  ~HandshakeTest() override { std::filesystem::remove(pem_); }

  test::Site Https(const Origin& origin) const {
    const std::string file = "\"" + pem_.string() + "\"";
    return {.servers = {origin.address()},
            .listener = "tls.certificates = [{ cert = " + file + ", key = " + file + " }]\n"};
  }

  const std::filesystem::path pem_;
};

TEST_F(HandshakeTest, EveryRequestHasAConnectionAndAFullHandshake) {
  Origin origin(test::Ok("hello"));
  TestProxy proxy(Https(origin));
  const auto tally = RunHandshakes(Plan(proxy.address().port()));
  ASSERT_TRUE(tally.ok()) << tally.status();
  EXPECT_GE(tally->latencies.size(), 3u);
  EXPECT_EQ(tally->errors, 0u);
  EXPECT_EQ(tally->resumed, 0u);
  EXPECT_GE(tally->took, 100ms);
  EXPECT_EQ(origin.last().Value("x-forwarded-proto"), "https");
  // And the one before, that tries whether anybody answers.
  const uint64_t visits = tally->latencies.size() + 1;
  EXPECT_TRUE(TestProxy::Eventually([&] { return proxy.ListenerCounts().handshakes == visits; }));
  EXPECT_EQ(proxy.ListenerCounts().resumed, 0u);
}

TEST_F(HandshakeTest, SessionsAreResumedWhereThatIsAskedForAndEveryRequestHasTheField) {
  Origin origin(test::Ok("hello"));
  TestProxy proxy(Https(origin));
  HandshakePlan plan = Plan(proxy.address().port());
  plan.resume = true;
  plan.connections = 1;
  plan.field = "Cookie: a=b";
  const auto tally = RunHandshakes(plan);
  ASSERT_TRUE(tally.ok()) << tally.status();
  EXPECT_GE(tally->latencies.size(), 3u);
  EXPECT_EQ(tally->errors, 0u);
  EXPECT_EQ(tally->resumed, tally->latencies.size() - 1) << "all but the first";
  EXPECT_EQ(proxy.ListenerCounts().resumed, tally->resumed);
  EXPECT_EQ(origin.last().Value("cookie"), "a=b");
}

TEST_F(HandshakeTest, AnAnswerThatIsNo200IsAnError) {
  std::atomic<int> requests = 0;
  Origin origin([&requests](Wire& wire, Origin& self, uint32_t) {
    while (self.Take(wire)) {
      wire.Send(++requests == 1 ? test::Ok("hello")
                                : "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    }
  });
  TestProxy proxy(Https(origin));
  const auto tally = RunHandshakes(Plan(proxy.address().port()));
  ASSERT_TRUE(tally.ok()) << tally.status();
  EXPECT_EQ(tally->latencies.size(), 0u);
  EXPECT_GE(tally->errors, 3u);
}

TEST_F(HandshakeTest, NothingIsMeasuredWithoutAWholeAnswer) {
  Origin half([](Wire& wire, Origin& self, uint32_t) {
    if (self.Take(wire)) wire.Send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
  });
  TestProxy proxy(Https(half));
  EXPECT_THAT(RunHandshakes(Plan(proxy.address().port())).status().message(),
              HasSubstr("no whole answer"));
}

TEST_F(HandshakeTest, NothingIsMeasuredWithoutTls) {
  Origin origin(test::Ok("hello"));
  TestProxy plain(test::Site{.servers = {origin.address()}});
  EXPECT_THAT(RunHandshakes(Plan(plain.address().port())).status().message(),
              HasSubstr("over TLS"));
}

}  // namespace
}  // namespace sluice::load
