// The panic switch: who is still served, who waits, and that nobody loses his place by it; and what
// an event brings with it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <string>

#include "absl/strings/str_format.h"
#include "tests/support/flow/origin.h"
#include "tests/support/flow/scripts.h"
#include "tests/support/flow/test_proxy.h"

namespace sluice::test {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;
using testing::StartsWith;

constexpr std::string_view kRoutes = R"(
[[route]]
match = { path_prefix = "/checkout" }
pool = "web"
priority = "critical"
[[route]]
match = { path_prefix = "/" }
pool = "web"
)";
constexpr std::string_view kRoom = R"(
[state]
dir = "off"
[[waiting_room]]
name = "sale"
routes = ["*"]
)";

void Turn(TestProxy& proxy, const server::PanicOrder& order, bool obeyed = true) {
  proxy.OnSupervisor([&](server::Supervisor& supervisor) {
    EXPECT_EQ(supervisor.Obey(order, {.who = "a test", .from = "here"}).ok(), obeyed);
  });
}
server::PanicOrder Keep(Duration lasts = Duration::zero()) {
  return {.on = true, .keeps = {true, false, false, false}, .lasts = lasts, .reason = "fire"};
}
int StatusOf(TestProxy& proxy, std::string_view path) { return proxy.Get(path).status(); }

TEST(PanicFlowTest, OnlyTheClassesThatItKeepsAreServedUntilItIsUndone) {
  Origin origin(Ok("page"));
  TestProxy proxy(Site{.servers = {origin.address()}, .routes = std::string(kRoutes)});
  EXPECT_EQ(StatusOf(proxy, "/"), 200);
  Turn(proxy, Keep());
  EXPECT_TRUE(TestProxy::Eventually([&] { return StatusOf(proxy, "/") == 503; }));
  const Message told = proxy.Get("/");
  EXPECT_GE(std::stoi(told.Value("retry-after")), 10);
  EXPECT_EQ(told.Value("cache-control"), "no-store");
  EXPECT_EQ(proxy.Get("/checkout").body, "page");
  EXPECT_THAT(proxy.AskAdmin("/panic").body, HasSubstr("\"keep\": [\n    \"critical\"\n  ]"));
  EXPECT_THAT(proxy.AskAdmin("/changes").body, HasSubstr("panic: keeps critical"));
  EXPECT_THAT(proxy.AskAdmin("/metrics").body, HasSubstr("\nsluice_panic 1\n"));
  Turn(proxy, {});
  EXPECT_TRUE(TestProxy::Eventually([&] { return StatusOf(proxy, "/") == 200; }));
  EXPECT_THAT(proxy.AskAdmin("/metrics").body, HasSubstr("\nsluice_panic 0\n"));
  Turn(proxy, {}, /*obeyed=*/false);  // there is none
}

TEST(PanicFlowTest, ItHoldsThroughAReloadAndEndsWithItsTime) {
  Origin origin(Ok("page"));
  const Site site{.servers = {origin.address()}, .routes = std::string(kRoutes)};
  TestProxy proxy(site);
  Turn(proxy, Keep(seconds(3)));
  EXPECT_TRUE(TestProxy::Eventually([&] { return StatusOf(proxy, "/") == 503; }));
  EXPECT_TRUE(proxy.Reload(site.Text()));
  EXPECT_EQ(StatusOf(proxy, "/"), 503);
  EXPECT_TRUE(TestProxy::Eventually([&] { return StatusOf(proxy, "/") == 200; }));
}

TEST(PanicFlowTest, WhereThereIsARoomNewcomersGetAPlaceAndThoseInsideKeepTheirs) {
  Origin origin(Ok("page"));
  TestProxy proxy(
      Site{.servers = {origin.address()}, .routes = std::string(kRoutes) + std::string(kRoom)});
  const Message in = proxy.Get("/");
  ASSERT_EQ(in.body, "page");
  const std::string inside(in.Value("set-cookie").substr(0, in.Value("set-cookie").find(';')));
  ASSERT_THAT(inside, StartsWith("__sluice_sale="));
  const auto ask = [&](std::string_view cookie) {
    return proxy.Connect().Ask(
        absl::StrFormat("GET / HTTP/1.1\r\nHost: a\r\nCookie: %s\r\n\r\n", cookie));
  };
  Turn(proxy, Keep());
  EXPECT_TRUE(TestProxy::Eventually([&] { return ask(inside).body != "page"; }));
  EXPECT_EQ(ask(inside).status(), 200);  // of the page that asks for patience
  const Message newcomer = proxy.Get("/");
  EXPECT_THAT(std::string(newcomer.Value("set-cookie")), StartsWith("__sluice_sale="));
  EXPECT_NE(newcomer.body, "page");
  Turn(proxy, {});
  EXPECT_TRUE(TestProxy::Eventually([&] { return ask(inside).body == "page"; }));
}

TEST(PanicFlowTest, TheLimitsOfAnEventHoldWhileItIsOn) {
  Origin origin(Ok("page"));
  const auto site = [&](int from_year) {
    return Site{.servers = {origin.address()},
                .routes = std::string(kRoutes) + std::string(kRoom) +
                          absl::StrFormat("[[limit]]\nname = \"strict\"\nkey = []\nrate = \"1/h\"\n"
                                          "[[event]]\nname = \"friday\"\nwaiting_room = \"sale\"\n"
                                          "start = %d-01-01T00:00:00Z\nend = %d-01-01T00:00:00Z\n"
                                          "limits = [\"strict\"]\n",
                                          from_year, from_year + 50)};
  };
  TestProxy later(site(2120));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(later.Get("/").status(), 200);
  TestProxy now(site(2020));
  EXPECT_EQ(now.Get("/").status(), 200);
  EXPECT_EQ(now.Get("/").status(), 429);
}

}  // namespace
}  // namespace sluice::test
