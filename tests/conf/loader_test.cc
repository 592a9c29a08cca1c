#include "conf/loader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_format.h"
#include "tests/conf/files.h"

namespace sluice::conf {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

class LoaderTest : public Files {
 protected:
  // A file with one route, written in `text` after its [[route]].
  Route GoodRoute(std::string_view text) {
    const Config config = Good(absl::StrFormat("%s%s[[route]]\n%s", kListener, kPool, text));
    return config.routes.empty() ? Route() : config.routes.front();
  }
};

TEST_F(LoaderTest, TheSmallestFileIsAListenerAndAPoolAndAllGoesThere) {
  const Config config = Good(absl::StrFormat("%s%s", kListener, kPool));
  ASSERT_EQ(config.routes.size(), 1u);
  EXPECT_EQ(config.routes[0].name, "default");
  EXPECT_EQ(config.routes[0].match.path_prefix, "/");
  EXPECT_EQ(config.routes[0].pool, "web");
  EXPECT_EQ(config.listeners[0].name, "[::]:80") << "a listener is called by its address";
}

TEST_F(LoaderTest, ServersAreTextsOrTablesSideBySide) {
  const Config config = Good(absl::StrFormat(
      "%s[[pool]]\nname = \"web\"\nservers = [\"a:1\", { address = \"b:2\", weight = 3 }]",
      kListener));
  const std::vector<Server>& servers = config.pools[0].servers;
  ASSERT_EQ(servers.size(), 2u);
  EXPECT_EQ(servers[0].address, "a:1");
  EXPECT_EQ(servers[0].weight, 1u);
  EXPECT_EQ(servers[1].address, "b:2");
  EXPECT_EQ(servers[1].weight, 3u);
}

TEST_F(LoaderTest, NumbersComeInTheirUnits) {
  const Config config = Good(
      "[[listener]]\naddress = \"[::]:80\"\nmax_head = \"32KiB\"\nmax_target = 4096\n"
      "http2 = { max_streams = 7, window = \"1MiB\", send_buffer = \"4MiB\", tolerance = 2 }\n"
      "head_timeout = \"250ms\"\nmin_body_rate = \"1KB/s\"\n"
      "[[pool]]\nname = \"web\"\nservers = [\"a:1\"]\ntotal_timeout = 0\ntries = 1\n"
      "outlier.rest = \"5s\"\n");
  EXPECT_EQ(config.listeners[0].max_head, 32768u);
  EXPECT_EQ(config.listeners[0].max_target, 4096u);
  EXPECT_EQ(config.listeners[0].head_timeout, 250ms);
  EXPECT_EQ(config.listeners[0].http2.max_streams, 7u);
  EXPECT_EQ(config.listeners[0].http2.window, 1u << 20);
  EXPECT_EQ(config.listeners[0].http2.send_buffer, 4u << 20);
  EXPECT_EQ(config.listeners[0].http2.tolerance, 2u);
  EXPECT_EQ(config.listeners[0].min_body_rate, 1000u);
  EXPECT_EQ(config.pools[0].total_timeout, 0s);
  EXPECT_EQ(config.pools[0].tries, 1u);
  EXPECT_EQ(config.pools[0].outlier.rest, 5s);
  EXPECT_FALSE(config.pools[0].health);
  EXPECT_FALSE(config.pools[0].breaker);
}

TEST_F(LoaderTest, AMatchTakesOneOrSeveralHostsAndMethodsInOneSpelling) {
  const Match one =
      GoodRoute("pool = \"web\"\nmatch = { host = \"Shop.Example.\", method = \"GET\" }").match;
  EXPECT_THAT(one.host, ElementsAre("shop.example"));
  EXPECT_THAT(one.method, ElementsAre("GET"));
  const Match two =
      GoodRoute("pool = \"web\"\nmatch = { host = [\"a\", \"*.b\"], method = [\"GET\", \"PUT\"] }")
          .match;
  EXPECT_THAT(two.host, ElementsAre("a", "*.b"));
  EXPECT_THAT(two.method, ElementsAre("GET", "PUT"));
}

TEST_F(LoaderTest, AMatchTakesFieldsWithAValueOrJustPresent) {
  const Match match = GoodRoute(
                          "pool = \"web\"\n[route.match]\nheader = { X-B = true, X-A = \"1\" }\n"
                          "cookie = { Group = \"b\" }\nquery = { preview = true }\n")
                          .match;
  ASSERT_EQ(match.header.size(), 2u);
  EXPECT_EQ(match.header[0].name, "x-b") << "in the order written, in lower case";
  EXPECT_TRUE(match.header[0].present_only);
  EXPECT_EQ(match.header[1].value, "1");
  EXPECT_FALSE(match.header[1].present_only);
  EXPECT_EQ(match.cookie[0].name, "Group") << "names of cookies have case";
  EXPECT_TRUE(match.query[0].present_only);
}

TEST_F(LoaderTest, HeaderEditsKeepTheOrderWritten) {
  const Route route = GoodRoute(
      "pool = \"web\"\n"
      "request_headers = { set = { X-Z = \"1\", X-A = \"2\" }, remove = [\"X-C\"] }\n"
      "response_headers = { add = { Link = \"</a>\" } }\n");
  EXPECT_THAT(route.request_headers.set, ElementsAre(Pair("X-Z", "1"), Pair("X-A", "2")));
  EXPECT_THAT(route.request_headers.remove, ElementsAre("X-C"));
  EXPECT_THAT(route.response_headers.add, ElementsAre(Pair("Link", "</a>")));
  EXPECT_TRUE(route.response_headers.set.empty());
}

TEST_F(LoaderTest, ARouteMayAskNoPool) {
  const Route redirect = GoodRoute("redirect = { to = \"https://{host}{path}\", status = 308 }");
  ASSERT_TRUE(redirect.redirect.has_value());
  EXPECT_EQ(redirect.redirect->to, "https://{host}{path}");
  EXPECT_EQ(redirect.redirect->status, 308);
  const Route respond = GoodRoute("respond = {}");
  ASSERT_TRUE(respond.respond.has_value());
  EXPECT_EQ(respond.respond->status, 200);
  EXPECT_FALSE(respond.redirect.has_value());
}

TEST_F(LoaderTest, AFileOfRedirectsNeedsNoPool) {
  const Config config =
      Good(absl::StrFormat("%s[[route]]\nredirect = { to = \"/x\" }\n", kListener));
  EXPECT_TRUE(config.pools.empty());
}

TEST_F(LoaderTest, TimeoutsOfARouteAreThePoolsUnlessWritten) {
  const Route route = GoodRoute("pool = \"web\"\nhead_timeout = \"3s\"\ntotal_timeout = 0\n");
  EXPECT_EQ(route.head_timeout, 3s);
  EXPECT_EQ(route.total_timeout, 0s) << "no limit, whatever the pool says";
  EXPECT_FALSE(route.connect_timeout.has_value());
}

TEST_F(LoaderTest, ForwardPathIsNormalUnlessRaw) {
  EXPECT_FALSE(GoodRoute("pool = \"web\"").forward_raw);
  EXPECT_FALSE(GoodRoute("pool = \"web\"\nforward_path = \"normal\"").forward_raw);
  EXPECT_TRUE(GoodRoute("pool = \"web\"\nforward_path = \"raw\"").forward_raw);
}

TEST_F(LoaderTest, RoutesAreNamedByTheirMatchAndNoTwoAlike) {
  const Config config = Good(absl::StrFormat(
      "%s%s"
      "[[route]]\npool = \"web\"\nmatch = { host = \"a.b\", path_prefix = \"/x\", method = \"GET\" "
      "}\n"
      "[[route]]\npool = \"web\"\nmatch = { path = \"/y\", header = { X-Beta = true } }\n"
      "[[route]]\npool = \"web\"\nmatch = { path = \"/y\", header = { X-Beta = true } }\n"
      "[[route]]\npool = \"web\"\n"
      "[[route]]\npool = \"web\"\nname = \"mine\"\n",
      kListener, kPool));
  std::vector<std::string> names;
  for (const Route& route : config.routes) names.push_back(route.name);
  EXPECT_THAT(names,
              ElementsAre("GET a.b/x", "/y header:x-beta", "/y header:x-beta (2)", "/", "mine"));
}

TEST_F(LoaderTest, AMadeUpNameLeavesWrittenOnesAlone) {
  const Config config = Good(
      absl::StrFormat("%s%s[[route]]\npool = \"web\"\n[[route]]\nname = \"/\"\npool = \"web\"\n",
                      kListener, kPool));
  EXPECT_EQ(config.routes[0].name, "/ (2)");
  EXPECT_EQ(config.routes[1].name, "/");
}

TEST_F(LoaderTest, PagesComeFromTheFileOrFromOthersBesideIt) {
  Write("conf/pages/sorry.html", "<p>${HOME}");
  Write("conf/t.toml",
        absl::StrFormat("%s%s[[answer]]\nstatus = 503\nhtml_file = \"pages/sorry.html\"\n"
                        "json = '{}'\n",
                        kListener, kPool));
  const Config config = GoodFile("conf/t.toml");
  ASSERT_EQ(config.answers.size(), 1u);
  EXPECT_EQ(config.answers[0].status, 503);
  EXPECT_EQ(config.answers[0].html, "<p>${HOME}") << "pages are taken as they are";
  EXPECT_EQ(config.answers[0].json, "{}");
}

TEST_F(LoaderTest, TheEnvironmentFillsTextsNumbersAndFlags) {
  Setenv("PORT", "8080");
  Setenv("WORKERS", "3");
  Setenv("VIA", "false");
  Setenv("WAIT", "7");
  const Config config = Good(absl::StrFormat(
      "[[listener]]\naddress = \"[::]:${PORT}\"\n%s[process]\nworkers = \"${WORKERS}\"\n"
      "shutdown_delay = \"${WAIT}s\"\n[forwarding]\nvia = \"${VIA}\"\n",
      kPool));
  EXPECT_EQ(config.listeners[0].address, "[::]:8080");
  EXPECT_EQ(config.process.workers, 3u);
  EXPECT_EQ(config.process.shutdown_delay, 7s);
  EXPECT_FALSE(config.forwarding.via);
}

TEST_F(LoaderTest, ADollarForBrowsersSurvives) {
  const Route route = GoodRoute("respond = { body = \"`$${x}`\" }");
  EXPECT_EQ(route.respond->body, "`${x}`");
}

TEST_F(LoaderTest, SeveralListenersOnPortZeroAreNoTwins) {
  const Config config =
      Good(absl::StrFormat("[[listener]]\naddress = \"127.0.0.1:0\"\n[[listener]]\naddress = "
                           "\"127.0.0.1:0\"\n%s[admin]\naddress = \"127.0.0.1:0\"\n",
                           kPool));
  EXPECT_EQ(config.listeners.size(), 2u);
}

}  // namespace
}  // namespace sluice::conf
