// Who is let in, by address: [access], its files, and the reloads of both.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <string>

#include "absl/strings/str_format.h"
#include "tests/support/flow/origin.h"
#include "tests/support/flow/test_proxy.h"

namespace sluice::test {
namespace {

using testing::HasSubstr;

class AccessFlowTest : public testing::Test {
 protected:
  AccessFlowTest() { List("198.51.100.0/24  # scrapers\n"); }
  ~AccessFlowTest() override { std::remove(path_.c_str()); }

  void List(const std::string& content) {
    std::ofstream(path_ + ".new") << content;
    ASSERT_EQ(std::rename((path_ + ".new").c_str(), path_.c_str()), 0);
  }
  // All of this machine is a trusted proxy; `access` are keys of [access].
  Site With(const std::string& access) const {
    return {.servers = {origin_.address()},
            .routes = "[client_ip]\ntrusted_proxies = [\"127.0.0.0/8\"]\n[access]\n" + access,
            .workers = 1};
  }
  std::string ByFile() const { return absl::StrFormat("deny_file = \"%s\"\n", path_); }
  // What a client behind the trusted proxy gets.
  static int StatusFor(TestProxy& proxy, std::string_view client) {
    Wire wire = proxy.Connect();
    wire.Send(absl::StrFormat("GET / HTTP/1.1\r\nHost: shop.example\r\nX-Forwarded-For: %s\r\n\r\n",
                              client));
    return wire.ReadResponse().status();
  }

  Origin origin_{Ok("hello")};
  const std::string path_ = testing::TempDir() + "sluice_flow_deny_" + std::to_string(::getpid());
};

TEST_F(AccessFlowTest, TheAddressOfTheClientDecidesNotThatOfItsProxy) {
  TestProxy proxy(With("deny = [\"203.0.113.0/24\"]\nallow = [\"203.0.113.9\"]\n" + ByFile()));
  EXPECT_EQ(StatusFor(proxy, "192.0.2.1"), 200);
  EXPECT_EQ(StatusFor(proxy, "203.0.113.7"), 403);
  EXPECT_EQ(StatusFor(proxy, "203.0.113.9"), 200);
  EXPECT_EQ(StatusFor(proxy, "198.51.100.1"), 403);
  EXPECT_EQ(StatusFor(proxy, "192.0.2.1, 203.0.113.7"), 403) << "what the client wrote counts not";
  EXPECT_EQ(proxy.Get("/").status(), 200);
  const std::string metrics = proxy.AskAdmin("/metrics").body;
  EXPECT_THAT(metrics, HasSubstr("cause=\"denied\"} 3"));
  EXPECT_THAT(metrics, HasSubstr("sluice_access_networks 3"));
  EXPECT_THAT(metrics, HasSubstr("sluice_access_current 1"));
}

TEST_F(AccessFlowTest, AStrangersWordAboutHisAddressCountsForNothing) {
  Site site = With("deny = [\"127.0.0.0/8\"]\n");
  site.routes = "[access]\ndeny = [\"127.0.0.0/8\"]\nallow = [\"192.0.2.1\"]\n";
  TestProxy proxy(site);
  EXPECT_EQ(StatusFor(proxy, "192.0.2.1"), 403);
}

TEST_F(AccessFlowTest, EverybodyElseCanBeDenied) {
  TestProxy proxy(With("default = \"deny\"\nallow = [\"192.0.2.0/24\"]\n"));
  EXPECT_EQ(StatusFor(proxy, "192.0.2.1"), 200);
  EXPECT_EQ(StatusFor(proxy, "203.0.113.7"), 403);
}

TEST_F(AccessFlowTest, AFileIsFollowedAndWhenItIsWrongNothingChanges) {
  TestProxy proxy(With(ByFile()));
  EXPECT_EQ(StatusFor(proxy, "198.51.100.1"), 403);
  List("203.0.113.7\n");
  EXPECT_TRUE(TestProxy::Eventually([&] { return StatusFor(proxy, "203.0.113.7") == 403; }));
  EXPECT_EQ(StatusFor(proxy, "198.51.100.1"), 200);
  List("203.0.113.7/24\n");
  EXPECT_TRUE(TestProxy::Eventually([&] {
    return proxy.AskAdmin("/metrics").body.find("sluice_access_current 0") != std::string::npos;
  }));
  EXPECT_EQ(StatusFor(proxy, "203.0.113.7"), 403);
}

TEST_F(AccessFlowTest, AReloadChangesTheListAndARefusedOneDoesNot) {
  const Site before = With("deny = [\"203.0.113.7\"]\n");
  TestProxy proxy(before);
  EXPECT_FALSE(proxy.Reload(With("deny = [\"192.0.2.1\"]\nallow = [\"192.0.2.1\"]\n").Text()));
  EXPECT_EQ(StatusFor(proxy, "203.0.113.7"), 403);
  EXPECT_TRUE(proxy.Reload(With("deny = [\"192.0.2.1\"]\n").Text()));
  EXPECT_EQ(StatusFor(proxy, "203.0.113.7"), 200);
  EXPECT_EQ(StatusFor(proxy, "192.0.2.1"), 403);
}

}  // namespace
}  // namespace sluice::test
