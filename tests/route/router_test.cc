#include "proxy/route/router.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "proxy/http/uri.h"

namespace sluice::route {
namespace {

using namespace std::chrono_literals;

// A shop's routes by name, and requests against them.
class RouterTest : public testing::Test {
 protected:
  RouterTest() { config_.pools.emplace_back().name = "web"; }

  conf::Match& Add(std::string name) {
    conf::Route route;
    route.name = std::move(name);
    route.pool = "web";
    config_.routes.push_back(std::move(route));
    return config_.routes.back().match;
  }
  void AddPrefix(std::string prefix) {
    std::string name = prefix;
    Add(std::move(name)).path_prefix = std::move(prefix);
  }

  struct Asked {
    std::string method = "GET";
    std::string host = "shop.example";
    std::string path = "/";
    std::string query = {};
    std::vector<std::pair<std::string, std::string>> fields = {};
  };
  // The name of the route found; "404" for none.
  std::string Find(const Asked& asked) {
    Arena arena;
    http::RequestHead head(arena);
    head.method_text = asked.method;
    head.host = asked.host;
    head.raw_path = asked.path;
    head.path = asked.path == "*" ? "*" : http::NormalizePath(asked.path, arena).path;
    head.query = asked.query;
    head.has_query = !asked.query.empty();
    for (const auto& [name, value] : asked.fields) head.fields.Add(name, value);
    const Router router(config_);
    const Route* const route = router.Find(head);
    return route == nullptr ? "404" : route->conf.name;
  }
  std::string FindPath(std::string path) { return Find({.path = std::move(path)}); }
  std::string FindHost(std::string host) { return Find({.host = std::move(host)}); }

  conf::Config config_;
};

TEST_F(RouterTest, NothingMatchesWhereNothingIsConfiguredFor) {
  AddPrefix("/shop");
  EXPECT_EQ(FindPath("/other"), "404");
}

TEST_F(RouterTest, WithoutRoutesEverythingGoesToTheOnlyPool) {
  EXPECT_EQ(FindPath("/anything"), "web");
  EXPECT_EQ(FindPath("*"), "web");
}

TEST_F(RouterTest, WithoutRoutesAndWithSeveralPoolsNobodyIsGuessed) {
  config_.pools.emplace_back().name = "api";
  EXPECT_EQ(FindPath("/anything"), "404");
}

TEST_F(RouterTest, TheLongestPrefixWinsWhateverTheOrderInTheFile) {
  AddPrefix("/");
  AddPrefix("/api/v2");
  AddPrefix("/api");
  EXPECT_EQ(FindPath("/api/v2/users"), "/api/v2");
  EXPECT_EQ(FindPath("/api/v1/users"), "/api");
  EXPECT_EQ(FindPath("/index.html"), "/");
}

TEST_F(RouterTest, PrefixesEndOnSegmentBorders) {
  AddPrefix("/api");
  EXPECT_EQ(FindPath("/api"), "/api");
  EXPECT_EQ(FindPath("/api/"), "/api");
  EXPECT_EQ(FindPath("/api/x"), "/api");
  EXPECT_EQ(FindPath("/apis"), "404");
  EXPECT_EQ(FindPath("/ap"), "404");
}

TEST_F(RouterTest, APrefixWithASlashDoesNotMatchThePathWithout) {
  AddPrefix("/static/");
  EXPECT_EQ(FindPath("/static/"), "/static/");
  EXPECT_EQ(FindPath("/static/a/b.css"), "/static/");
  EXPECT_EQ(FindPath("/static"), "404");
}

TEST_F(RouterTest, OfTwoPrefixesThatDifferInTheSlashTheLongerIsAskedFirst) {
  AddPrefix("/static");
  AddPrefix("/static/");
  EXPECT_EQ(FindPath("/static"), "/static");
  EXPECT_EQ(FindPath("/static/x"), "/static/");
}

TEST_F(RouterTest, AnExactPathBeatsTheLongestPrefix) {
  AddPrefix("/cart/items");
  Add("exact").path = "/cart/items";
  EXPECT_EQ(FindPath("/cart/items"), "exact");
  EXPECT_EQ(FindPath("/cart/items/1"), "/cart/items");
  EXPECT_EQ(FindPath("/cart/items/"), "/cart/items");
}

TEST_F(RouterTest, TricksWithPathsReachTheRouteOfThePathTheyMean) {
  AddPrefix("/");
  AddPrefix("/checkout");
  AddPrefix("/static/");
  EXPECT_EQ(FindPath("/static/../checkout"), "/checkout");
  EXPECT_EQ(FindPath("/%63heckout"), "/checkout");
  EXPECT_EQ(FindPath("//checkout"), "/checkout");
  EXPECT_EQ(FindPath("/static/%2e%2e/checkout"), "/checkout");
}

TEST_F(RouterTest, PathsInTheFileMeetRequestsInTheirNormalForm) {
  AddPrefix("/caf%c3%a9");
  EXPECT_EQ(FindPath("/caf%C3%A9/menu"), "/caf%c3%a9");
}

TEST_F(RouterTest, OptionsStarBelongsToTheRootOrToRoutesWithoutAPath) {
  AddPrefix("/api");
  EXPECT_EQ(FindPath("*"), "404");
  AddPrefix("/");
  EXPECT_EQ(FindPath("*"), "/");
}

TEST_F(RouterTest, AnExactHostBeatsWildcardsAndTheLongestWildcardBeatsShorterOnes) {
  Add("any");
  Add("*.example").host = {"*.example"};
  Add("*.shop.example").host = {"*.shop.example"};
  Add("de.shop.example").host = {"de.shop.example"};
  EXPECT_EQ(FindHost("de.shop.example"), "de.shop.example");
  EXPECT_EQ(FindHost("fr.shop.example"), "*.shop.example");
  EXPECT_EQ(FindHost("a.fr.shop.example"), "*.shop.example");
  EXPECT_EQ(FindHost("shop.example"), "*.example");
  EXPECT_EQ(FindHost("example"), "any");
  EXPECT_EQ(FindHost(""), "any");
}

TEST_F(RouterTest, WildcardsEndOnLabelBorders) {
  Add("wild").host = {"*.shop.example"};
  EXPECT_EQ(FindHost("workshop.example"), "404");
  EXPECT_EQ(FindHost("a.workshop.example"), "404");
}

TEST_F(RouterTest, HostsInTheFileAreComparedWithoutCaseAndFinalDot) {
  Add("host").host = {"Shop.Example."};
  EXPECT_EQ(FindHost("shop.example"), "host");
}

TEST_F(RouterTest, OneRouteMayServeSeveralHosts) {
  Add("both").host = {"a.example", "*.b.example"};
  EXPECT_EQ(FindHost("a.example"), "both");
  EXPECT_EQ(FindHost("x.b.example"), "both");
  EXPECT_EQ(FindHost("c.example"), "404");
}

TEST_F(RouterTest, AHostWithoutAMatchingPathFallsThroughToWiderHosts) {
  Add("any").path_prefix = "/";
  auto& wild = Add("wild");
  wild.host = {"*.example"};
  wild.path_prefix = "/images";
  auto& exact = Add("exact");
  exact.host = {"shop.example"};
  exact.path_prefix = "/cart";
  EXPECT_EQ(FindPath("/cart"), "exact");
  EXPECT_EQ(FindPath("/images/1"), "wild");
  EXPECT_EQ(FindPath("/about"), "any");
}

TEST_F(RouterTest, AnExactHostIsAskedBeforeALongerPathOfAnyHost) {
  Add("any").path = "/cart/items";
  auto& exact = Add("exact");
  exact.host = {"shop.example"};
  exact.path_prefix = "/";
  EXPECT_EQ(FindPath("/cart/items"), "exact");
}

TEST_F(RouterTest, ARouteWhoseConditionsFailIsPassedOverForAShorterPrefix) {
  Add("posts").path_prefix = "/api/orders";
  config_.routes.back().match.method = {"POST", "PUT"};
  AddPrefix("/api");
  EXPECT_EQ(Find({.method = "POST", .path = "/api/orders"}), "posts");
  EXPECT_EQ(Find({.method = "PUT", .path = "/api/orders"}), "posts");
  EXPECT_EQ(Find({.method = "GET", .path = "/api/orders"}), "/api");
}

TEST_F(RouterTest, MoreConditionsAreAskedFirstThenTheFileDecides) {
  Add("plain");
  Add("first").header = {{.name = "x-beta", .value = "1"}};
  Add("second").header = {{.name = "x-beta", .value = "1"}};
  auto& both = Add("both");
  both.header = {{.name = "X-Beta", .value = "1"}};
  both.method = {"GET"};
  EXPECT_EQ(Find({.fields = {{"X-Beta", "1"}}}), "both");
  EXPECT_EQ(Find({.method = "POST", .fields = {{"X-Beta", "1"}}}), "first");
  EXPECT_EQ(Find({.fields = {{"X-Beta", "2"}}}), "plain");
}

TEST_F(RouterTest, HeaderConditionsLookAtEveryRepetition) {
  Add("json").header = {{.name = "accept", .value = "application/json"}};
  EXPECT_EQ(Find({.fields = {{"Accept", "text/html"}, {"ACCEPT", "application/json"}}}), "json");
  EXPECT_EQ(Find({.fields = {{"Accept", "text/html"}}}), "404");
}

TEST_F(RouterTest, PresenceIsEnoughWhereNoValueIsAsked) {
  Add("traced").header = {{.name = "x-trace", .value = "", .present_only = true}};
  EXPECT_EQ(Find({.fields = {{"X-Trace", "anything"}}}), "traced");
  EXPECT_EQ(Find({.fields = {{"X-Trace", ""}}}), "traced");
  EXPECT_EQ(Find({}), "404");
}

TEST_F(RouterTest, CookiesAreMatchedByPairAndNotBySubstring) {
  Add("beta").cookie = {{.name = "ring", .value = "beta"}};
  EXPECT_EQ(Find({.fields = {{"Cookie", "sid=1; ring=beta; x=y"}}}), "beta");
  EXPECT_EQ(Find({.fields = {{"Cookie", "a=1"}, {"Cookie", "ring=\"beta\""}}}), "beta");
  EXPECT_EQ(Find({.fields = {{"Cookie", "string=beta"}}}), "404");
  EXPECT_EQ(Find({.fields = {{"Cookie", "ring=beta2"}}}), "404");
  EXPECT_EQ(Find({.fields = {{"Cookie", "x=ring=beta"}}}), "404");
}

TEST_F(RouterTest, QueryParametersAreMatchedAfterDecoding) {
  Add("sale").query = {{.name = "kind", .value = "big sale"}};
  EXPECT_EQ(Find({.query = "a=1&kind=big+sale"}), "sale");
  EXPECT_EQ(Find({.query = "k%69nd=big%20sale"}), "sale");
  EXPECT_EQ(Find({.query = "kind=big+sales"}), "404");
  EXPECT_EQ(Find({.query = "kind=big+sal"}), "404");
  EXPECT_EQ(Find({.query = "kind=big+sal%6"}), "404");
  EXPECT_EQ(Find({.query = "mankind=big+sale"}), "404");
}

TEST_F(RouterTest, AParameterWithoutAValueIsPresent) {
  Add("debug").query = {{.name = "debug", .value = "", .present_only = true}};
  EXPECT_EQ(Find({.query = "debug"}), "debug");
  EXPECT_EQ(Find({.query = "x=1&debug="}), "debug");
  EXPECT_EQ(Find({.query = "x=debug"}), "404");
}

TEST_F(RouterTest, AllConditionsMustHold) {
  auto& match = Add("all");
  match.method = {"GET"};
  match.header = {{.name = "a", .value = "1"}, {.name = "b", .value = "2"}};
  EXPECT_EQ(Find({.fields = {{"a", "1"}, {"b", "2"}}}), "all");
  EXPECT_EQ(Find({.fields = {{"a", "1"}}}), "404");
  EXPECT_EQ(Find({.method = "POST", .fields = {{"a", "1"}, {"b", "2"}}}), "404");
}

TEST_F(RouterTest, ARoutesTimeoutsStandBeforeItsPools) {
  config_.pools.front().connect_timeout = 1s;
  config_.pools.front().head_timeout = 30s;
  config_.pools.front().total_timeout = 90s;
  config_.pools.front().tunnel_idle_timeout = 5min;
  Add("route");
  config_.routes.back().head_timeout = 2s;
  config_.routes.back().total_timeout = 0s;
  const Router router(config_);
  const Route& route = router.routes().front();
  EXPECT_EQ(route.pool, 0u);
  EXPECT_EQ(route.timeouts.connect, 1s);
  EXPECT_EQ(route.timeouts.head, 2s);
  EXPECT_EQ(route.timeouts.total, 0s);
  EXPECT_EQ(route.timeouts.tunnel_idle, 5min);
}

TEST_F(RouterTest, ARedirectHasNoPool) {
  Add("redirect");
  config_.routes.back().pool.clear();
  config_.routes.back().redirect = conf::Redirect{.status = 301, .to = "https://{host}{path}"};
  const Router router(config_);
  EXPECT_EQ(router.routes().front().pool, std::nullopt);
  EXPECT_TRUE(router.routes().front().redirect.uses(&TemplateValues::host));
}

TEST_F(RouterTest, EditsCannotTouchTheFramingOfABody) {
  Add("edits");
  config_.routes.back().request_headers = {.set = {{"Content-Length", "5"}, {"X-Good", "1"}},
                                           .add = {{"transfer-encoding", "chunked"}},
                                           .remove = {"Connection"}};
  const Router router(config_);
  const FieldEdits& edits = router.routes().front().request_edits;
  ASSERT_EQ(edits.set.size(), 1u);
  EXPECT_EQ(edits.set.front().name, "X-Good");
  EXPECT_TRUE(edits.add.empty());
  EXPECT_TRUE(edits.remove.empty());
}

TEST_F(RouterTest, AThousandRoutesAreToldApart) {
  for (int i = 0; i < 1000; ++i) AddPrefix("/section/" + std::to_string(i));
  EXPECT_EQ(FindPath("/section/0/x"), "/section/0");
  EXPECT_EQ(FindPath("/section/999"), "/section/999");
  EXPECT_EQ(FindPath("/section/1000"), "404");
}

TEST_F(RouterTest, APathOfManySegmentsAndAHostOfManyLabelsAreBounded) {
  AddPrefix("/a");
  Add("wild").host = {"*.test"};
  std::string path;
  std::string host;
  for (int i = 0; i < 4000; ++i) path += "/a", host += "a.";
  EXPECT_EQ(FindPath(path), "/a");
  EXPECT_EQ(FindHost(host + "test"), "wild");
  EXPECT_EQ(FindHost(host + "tests"), "404");
}

}  // namespace
}  // namespace sluice::route
