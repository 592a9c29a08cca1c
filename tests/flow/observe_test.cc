// What a running proxy tells: the admin listener and the access log.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/flow/origin.h"
#include "tests/support/flow/test_proxy.h"

namespace sluice::test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::vector<std::string> Lines(const std::string& path) {
  std::vector<std::string> lines;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

class AccessLogFlowTest : public testing::Test {
 protected:
  AccessLogFlowTest() { std::remove(path_.c_str()); }
  ~AccessLogFlowTest() override { std::remove(path_.c_str()); }

  Site Logging(const std::string& server, const std::string& format) {
    return Site{.servers = {server},
                .access_log = "output = \"" + path_ + "\"\nformat = \"" + format + "\"\n"};
  }

  const std::string path_ =
      testing::TempDir() + "sluice_access_" + std::to_string(::getpid()) + ".log";
};

TEST_F(AccessLogFlowTest, EachRequestIsOneJsonLineThatSaysHowItEnded) {
  Origin origin(Ok("hello"));
  {
    TestProxy proxy(Logging(origin.address(), "json"));
    Wire client = proxy.Connect();
    EXPECT_EQ(client.Get("/good?q=1").status(), 200);
    client.Send("nonsense\r\n\r\n");
    EXPECT_EQ(client.ReadResponse().status(), 400);
  }
  const std::vector<std::string> lines = Lines(path_);
  ASSERT_EQ(lines.size(), 2u);
  const nlohmann::json good = nlohmann::json::parse(lines[0], nullptr, false);
  ASSERT_TRUE(good.is_object()) << lines[0];
  EXPECT_EQ(good["status"], 200);
  EXPECT_EQ(good["method"], "GET");
  EXPECT_EQ(good["server"], origin.address());
  EXPECT_EQ(good["request_id"], origin.last().Value("x-request-id"));
  EXPECT_THAT(lines[0], HasSubstr("/good?q=1"));
  const nlohmann::json bad = nlohmann::json::parse(lines[1], nullptr, false);
  EXPECT_EQ(bad["status"], 400);
  EXPECT_EQ(bad["end"], "malformed");
}

TEST_F(AccessLogFlowTest, TheCombinedFormatIsThatOfOthers) {
  Origin origin(Ok("hello"));
  {
    TestProxy proxy(Logging(origin.address(), "combined"));
    proxy.Connect().Ask(
        "GET /p HTTP/1.1\r\nHost: a\r\nUser-Agent: \"tester\"\r\nReferer: r\r\n\r\n");
  }
  const std::vector<std::string> lines = Lines(path_);
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_THAT(lines[0], StartsWith("127.0.0.1 - - ["));
  EXPECT_THAT(lines[0], HasSubstr("\"GET /p HTTP/1.1\" 200 5 \"r\" \"\\x22tester\\x22\""));
}

TEST_F(AccessLogFlowTest, AfterReopenLinesGoToTheNewFile) {
  Origin origin(Ok("x"));
  const std::string moved = path_ + ".1";
  {
    TestProxy proxy(Logging(origin.address(), "combined"));
    EXPECT_EQ(proxy.Get("/before").status(), 200);
    EXPECT_TRUE(TestProxy::Eventually([&] { return Lines(path_).size() == 1; }));
    ASSERT_EQ(std::rename(path_.c_str(), moved.c_str()), 0);
    proxy.OnSupervisor([](server::Supervisor& it) { it.ReopenLogs(); });
    EXPECT_TRUE(TestProxy::Eventually([&] { return std::ifstream(path_).is_open(); }));
    EXPECT_EQ(proxy.Get("/after").status(), 200);
  }
  ASSERT_EQ(Lines(moved).size(), 1u);
  ASSERT_EQ(Lines(path_).size(), 1u);
  EXPECT_THAT(Lines(path_)[0], HasSubstr("/after"));
  std::remove(moved.c_str());
}

TEST(AdminFlowTest, MetricsCountWhatWasServed) {
  Origin origin(Ok("hello"));
  TestProxy proxy(Site{.servers = {origin.address()}});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(proxy.Get("/").status(), 200);
  const Message metrics = proxy.AskAdmin("/metrics");
  EXPECT_EQ(metrics.status(), 200);
  EXPECT_THAT(metrics.Value("content-type"), StartsWith("text/plain; version=0.0.4"));
  EXPECT_THAT(metrics.body, HasSubstr("# TYPE "));
  EXPECT_THAT(metrics.body, HasSubstr(origin.address()));
}

TEST(AdminFlowTest, NoSeriesIsThereTwiceWhereTwoNamesMeanOneAddress) {
  Origin origin(Ok("hello"));
  const std::string by_name = "localhost:" + std::to_string(origin.port());
  TestProxy proxy(Site{.servers = {origin.address(), by_name}});
  EXPECT_EQ(proxy.Get("/").status(), 200);
  const std::string metrics = proxy.AskAdmin("/metrics").body;
  std::set<std::string> series;
  std::istringstream lines(metrics);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with('#')) continue;
    EXPECT_TRUE(series.insert(line.substr(0, line.rfind(' '))).second) << line;
  }
}

TEST(AdminFlowTest, StatusIsJsonAndNamesServers) {
  Origin origin(Ok("hello"));
  TestProxy proxy(Site{.servers = {origin.address()}});
  EXPECT_EQ(proxy.Get("/").status(), 200);
  const Message status = proxy.AskAdmin("/status");
  EXPECT_EQ(status.status(), 200);
  const nlohmann::json facts = nlohmann::json::parse(status.body, nullptr, false);
  EXPECT_TRUE(facts.is_object());
  EXPECT_THAT(status.body, HasSubstr(origin.address()));
}

TEST(AdminFlowTest, HealthReadinessAndWhatIsNotThere) {
  Origin origin(Ok("hello"));
  TestProxy proxy(Site{.servers = {origin.address()}});
  EXPECT_TRUE(TestProxy::Eventually([&] { return proxy.AskAdmin("/readyz").status() == 200; }));
  EXPECT_EQ(proxy.AskAdmin("/healthz").status(), 200);
  EXPECT_EQ(proxy.AskAdmin("/nothing").status(), 404);
  Wire client = Wire::To(proxy.admin());
  EXPECT_EQ(
      client.Ask("POST /status HTTP/1.1\r\nHost: [::1]:1\r\nContent-Length: 2\r\n\r\nab").status(),
      405);
  EXPECT_EQ(client.Ask("GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:1\r\n\r\n").status(), 200);
}

}  // namespace
}  // namespace sluice::test
