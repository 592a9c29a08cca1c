// Sessions kept at a server by a cookie, and requests kept together by a key.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "absl/strings/str_format.h"
#include "tests/support/flow/origin.h"
#include "tests/support/flow/test_proxy.h"

namespace sluice::test {
namespace {

using testing::HasSubstr;

class StickyFlowTest : public testing::Test {
 protected:
  static Message Ask(TestProxy& proxy, const std::string& fields) {
    return proxy.Connect().Ask(absl::StrFormat("GET / HTTP/1.1\r\nHost: a\r\n%s\r\n", fields));
  }
  // The Cookie field that a browser would send back.
  static std::string CookieOf(const Message& answer) {
    const std::string set = answer.Value("set-cookie");
    return "Cookie: lang=en; " + set.substr(0, set.find(';')) + "\r\n";
  }
  Site Sticky() const {
    return {.servers = {a_.address(), b_.address(), c_.address()},
            .pool = "strategy = \"round_robin\"\nsticky = {}"};
  }
  Origin& Named(const std::string& body) { return body == "a" ? a_ : body == "b" ? b_ : c_; }
  static void Do(TestProxy& proxy, server::Deed deed, const std::string& server) {
    server::Order order;
    order.deed = deed;
    order.pool = "web";
    order.server = server;
    proxy.OnSupervisor([&](server::Supervisor& it) {
      EXPECT_TRUE(it.Obey(order, {.who = "test", .from = "test"}).ok());
    });
  }

  // One sets a cookie of that name itself, which is nobody's business.
  Origin a_{Ok("a", "Set-Cookie: sluice_server=a\r\n")}, b_{Ok("b")}, c_{Ok("c")};
};

TEST_F(StickyFlowTest, ASessionStaysAtItsServerThroughAReloadAndANeighboursDeath) {
  Site site = Sticky();
  TestProxy proxy(site);
  const Message first = proxy.Get("/");
  ASSERT_THAT(first.Value("set-cookie"), HasSubstr("; Path=/; SameSite=Lax; HttpOnly"));
  const std::string cookie = CookieOf(first);
  for (int i = 0; i < 6; ++i) {
    const Message again = Ask(proxy, cookie);
    EXPECT_EQ(again.body, first.body);
    EXPECT_FALSE(again.Has("set-cookie"));
  }
  site.pool += "\ntries = 2";
  ASSERT_TRUE(proxy.Reload(site.Text()));
  for (int i = 0; i < 6; ++i) EXPECT_EQ(Ask(proxy, cookie).body, first.body);
  Named(first.body == "a" ? "b" : "a").Leave();
  for (int i = 0; i < 6; ++i) EXPECT_EQ(Ask(proxy, cookie).body, first.body);
}

TEST_F(StickyFlowTest, NewSessionsSpreadAndAForgedCookieIsANewOne) {
  TestProxy proxy(Sticky());
  std::set<std::string> servers, cookies;
  for (int i = 0; i < 12; ++i) {
    const Message answer = Ask(proxy, "Cookie: sluice_server=AAAAAAAAAAAAAAAAAAAAAA\r\n");
    servers.insert(answer.body);
    cookies.insert(CookieOf(answer));
  }
  EXPECT_EQ(servers.size(), 3u);
  EXPECT_EQ(cookies.size(), 3u) << "one for each server, none of a server's own making";
}

TEST_F(StickyFlowTest, ASessionWhoseServerDiesGoesOnAtAnother) {
  TestProxy proxy(Sticky());
  const Message first = proxy.Get("/");
  Named(first.body).Leave();
  // The connection that is kept goes on; what comes on new ones is refused.
  Message next;
  EXPECT_TRUE(TestProxy::Eventually([&] {
    next = Ask(proxy, CookieOf(first) + "Connection: close\r\n");
    EXPECT_EQ(next.status(), 200);
    return next.body != first.body || next.Has("set-cookie");
  })) << "still at "
      << next.body;
  for (int i = 0; i < 4; ++i) EXPECT_EQ(Ask(proxy, CookieOf(next)).body, next.body);
}

TEST_F(StickyFlowTest, ADrainedServerKeepsItsSessionsAndGetsNoNewOnes) {
  TestProxy proxy(Sticky());
  const Message first = proxy.Get("/");
  const std::string server = Named(first.body).address();
  Do(proxy, server::Deed::kDrain, server);
  for (int i = 0; i < 6; ++i) {
    EXPECT_EQ(Ask(proxy, CookieOf(first)).body, first.body);
    EXPECT_NE(proxy.Get("/").body, first.body);
  }
  Do(proxy, server::Deed::kMaintenance, server);
  const Message next = Ask(proxy, CookieOf(first));
  EXPECT_NE(next.body, first.body);
  EXPECT_TRUE(next.Has("set-cookie"));
}

TEST_F(StickyFlowTest, ASessionWhoseServerIsFullIsServedElsewhereForOnce) {
  Moment asked, answer;
  Origin busy([&](Wire& wire, Origin& self, uint32_t) {
    while (self.Take(wire)) {
      if (self.last().target() == "/hold") {
        asked.Happen();
        EXPECT_TRUE(answer.Await());
      }
      wire.Send(Ok("busy"));
    }
  });
  TestProxy proxy(Site{.servers = {busy.address(), b_.address()},
                       .pool = "strategy = \"round_robin\"\nconcurrency = 1\nsticky = {}"});
  Message first = proxy.Get("/");
  while (first.body != "busy") first = proxy.Get("/");
  Wire holding = proxy.Connect();
  ASSERT_TRUE(
      holding.Send(absl::StrFormat("GET /hold HTTP/1.1\r\nHost: a\r\n%s\r\n", CookieOf(first))));
  ASSERT_TRUE(asked.Await());
  const Message elsewhere = Ask(proxy, CookieOf(first));
  EXPECT_EQ(elsewhere.body, "b");
  EXPECT_FALSE(elsewhere.Has("set-cookie"));
  answer.Happen();
  EXPECT_EQ(holding.ReadResponse().body, "busy");
  EXPECT_TRUE(TestProxy::Eventually([&] { return Ask(proxy, CookieOf(first)).body == "busy"; }));
}

TEST_F(StickyFlowTest, RequestsOfOneKeyGoTogetherAndThoseWithoutSpread) {
  Site site = Sticky();
  site.pool = "strategy = \"maglev\"\nhash = \"header:X-User\"";
  TestProxy proxy(site);
  std::set<std::string> all, without;
  for (int user = 0; user < 20; ++user) {
    const std::string field = absl::StrFormat("X-User: %d\r\n", user);
    const std::string server = Ask(proxy, field).body;
    for (int i = 0; i < 3; ++i) EXPECT_EQ(Ask(proxy, field).body, server);
    all.insert(server);
    without.insert(proxy.Get("/").body);
  }
  EXPECT_GT(all.size(), 1u);
  EXPECT_GT(without.size(), 1u);
}

}  // namespace
}  // namespace sluice::test
