// Where servers come from while the proxy runs: services in DNS, a watched file, names that fail.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <map>
#include <string>

#include "absl/strings/str_format.h"
#include "tests/support/flow/origin.h"
#include "tests/support/flow/test_proxy.h"
#include "tests/support/name_server.h"

namespace sluice::test {
namespace {

class DiscoveryFlowTest : public testing::Test {
 protected:
  ~DiscoveryFlowTest() override { std::remove(path_.c_str()); }

  std::string Resolver() const {
    return absl::StrFormat(
        "[resolver]\nservers = [\"%s\"]\ntimeout = \"100ms\"\ntries = 1\nmin_ttl = \"1s\"\n",
        names_.address());
  }
  void List(const std::string& content) {
    std::ofstream(path_ + ".new") << content;
    ASSERT_EQ(std::rename((path_ + ".new").c_str(), path_.c_str()), 0);
  }
  std::string ByFile() const { return absl::StrFormat("servers_file = \"%s\"\n", path_); }
  // How often each server answered.
  static std::map<std::string, int> Ask(TestProxy& proxy, int times) {
    std::map<std::string, int> answers;
    Wire client = proxy.Connect();
    for (int i = 0; i < times; ++i) ++answers[client.Get("/").body];
    return answers;
  }

  NameServer names_;
  Origin a_{Ok("a")}, b_{Ok("b")}, c_{Ok("c")};
  const std::string path_ =
      testing::TempDir() + "sluice_flow_servers_" + std::to_string(::getpid());
};

TEST_F(DiscoveryFlowTest, AServiceIsServedByItsWeightsAndPortsAndFollowed) {
  names_.Add("_http._tcp.shop.test", {.ttl = 1,
                                      .targets = {{0, 3, a_.port(), "a.test"},
                                                  {0, 1, b_.port(), "b.test"},
                                                  {5, 1, c_.port(), "c.test"}}});
  for (const char* name : {"a.test", "b.test", "c.test"}) {
    names_.Add(name, {{"127.0.0.1"}, 60});
  }
  TestProxy proxy(Site{.servers = {"srv:_http._tcp.shop.test"},
                       .pool = "strategy = \"round_robin\"",
                       .routes = Resolver(),
                       .workers = 1});
  EXPECT_EQ(Ask(proxy, 40), (std::map<std::string, int>{{"a", 30}, {"b", 10}}));
  names_.Add("_http._tcp.shop.test", {.ttl = 1, .targets = {{0, 1, c_.port(), "c.test"}}});
  EXPECT_TRUE(TestProxy::Eventually([&] { return proxy.Get("/").body == "c"; }));
  EXPECT_EQ(Ask(proxy, 5), (std::map<std::string, int>{{"c", 5}}));
  names_.Remove("_http._tcp.shop.test");
  const int asked = names_.asked();
  EXPECT_TRUE(TestProxy::Eventually([&] { return names_.asked() > asked; }));
  EXPECT_EQ(proxy.Get("/").body, "c") << "what does not resolve any more keeps its servers";
}

TEST_F(DiscoveryFlowTest, TheSecondPriorityServesWhenTheFirstIsGone) {
  names_.Add("_http._tcp.shop.test",
             {.ttl = 60, .targets = {{0, 1, a_.port(), "a.test"}, {5, 1, c_.port(), "a.test"}}});
  names_.Add("a.test", {{"127.0.0.1"}, 60});
  TestProxy proxy(Site{.servers = {"srv:_http._tcp.shop.test"}, .routes = Resolver()});
  EXPECT_EQ(proxy.Get("/").body, "a");
  a_.Leave();
  EXPECT_TRUE(TestProxy::Eventually([&] { return proxy.Get("/").body == "c"; }));
}

TEST_F(DiscoveryFlowTest, AServiceThatComesUpLaterIsServedThen) {
  TestProxy proxy(Site{.servers = {"srv:_http._tcp.late.test"}, .routes = Resolver()});
  EXPECT_EQ(proxy.Get("/").status(), 503);
  names_.Add("_http._tcp.late.test", {.ttl = 60, .targets = {{0, 0, a_.port(), "a.test"}}});
  names_.Add("a.test", {{"127.0.0.1"}, 60});
  EXPECT_TRUE(TestProxy::Eventually([&] { return proxy.Get("/").body == "a"; }));
}

TEST_F(DiscoveryFlowTest, AFileIsFollowedWithinTwoSecondsAndABadOneChangesNothing) {
  List(a_.address() + "\n");
  TestProxy proxy(Site{.pool = ByFile()});
  EXPECT_EQ(proxy.Get("/").body, "a");
  List("# all new\n" + b_.address() + " weight=2\n");
  const auto changed = std::chrono::steady_clock::now();
  EXPECT_TRUE(TestProxy::Eventually([&] { return proxy.Get("/").body == "b"; }));
  EXPECT_LT(std::chrono::steady_clock::now() - changed, std::chrono::seconds(2));
  for (const char* bad : {"", "nonsense\n"}) {
    List(bad);
    ::usleep(1'200'000);  // two looks and more
    EXPECT_EQ(proxy.Get("/").body, "b") << bad;
  }
  List(c_.address() + "\n");
  EXPECT_TRUE(TestProxy::Eventually([&] { return proxy.Get("/").body == "c"; }));
}

TEST_F(DiscoveryFlowTest, AReloadReadsTheFileAndAConnectionStays) {
  List(a_.address() + "\n");
  const Site site{.pool = ByFile()};
  TestProxy proxy(site);
  Wire client = proxy.Connect();
  EXPECT_EQ(client.Get("/").body, "a");
  List(b_.address() + "\n");
  ASSERT_TRUE(proxy.Reload(site.Text()));
  EXPECT_TRUE(TestProxy::Eventually([&] { return client.Get("/").body == "b"; }));
  std::remove(path_.c_str());
  EXPECT_FALSE(proxy.Reload(site.Text())) << "what `check` would refuse";
  EXPECT_EQ(client.Get("/").body, "b");
}

}  // namespace
}  // namespace sluice::test
