// What is told of the client and the way, and what is kept from either side.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/support/flow/origin.h"
#include "tests/support/flow/test_proxy.h"

namespace sluice::test {
namespace {

using testing::HasSubstr;

constexpr char kTrustLoopback[] = "[client_ip]\ntrusted_proxies = [\"127.0.0.0/8\"]\n";

TEST(HeadersFlowTest, WhatBelongsToOneConnectionDoesNotPass) {
  Origin origin(
      "HTTP/1.1 200 OK\r\nConnection: X-Hop, keep-alive\r\nX-Hop: 1\r\n"
      "Keep-Alive: timeout=5\r\nX-End: 2\r\nContent-Length: 0\r\n\r\n");
  TestProxy proxy(Site{.servers = {origin.address()}});
  const Message answer = proxy.Connect().Ask(
      "GET / HTTP/1.1\r\nHost: a\r\nConnection: X-Secret\r\nX-Secret: 1\r\n"
      "Proxy-Authorization: Basic eA==\r\nKeep-Alive: 1\r\nX-End: 3\r\n\r\n");
  for (const char* name : {"connection", "x-secret", "proxy-authorization", "keep-alive"}) {
    EXPECT_FALSE(origin.last().Has(name)) << name;
  }
  EXPECT_EQ(origin.last().Value("x-end"), "3");
  for (const char* name : {"x-hop", "keep-alive"}) EXPECT_FALSE(answer.Has(name)) << name;
  EXPECT_EQ(answer.Value("x-end"), "2");
}

TEST(HeadersFlowTest, AnUntrustedClientCannotSayWhoItIs) {
  Origin origin(Ok(""));
  TestProxy proxy(Site{.servers = {origin.address()}});
  proxy.Connect().Ask(
      "GET / HTTP/1.1\r\nHost: shop.example\r\nX-Forwarded-For: 6.6.6.6\r\n"
      "X-Forwarded-Proto: https\r\nX-Forwarded-Host: evil\r\nX-Request-Id: mine\r\n"
      "Forwarded: for=6.6.6.6\r\n\r\n");
  const Message seen = origin.last();
  EXPECT_EQ(seen.Value("x-forwarded-for"), "127.0.0.1");
  EXPECT_EQ(seen.Value("x-forwarded-proto"), "http");
  EXPECT_EQ(seen.Value("x-forwarded-host"), "shop.example");
  EXPECT_EQ(seen.Value("x-request-id").size(), 32u);
  EXPECT_FALSE(seen.Has("forwarded"));
  EXPECT_THAT(seen.Value("via"), HasSubstr("1.1 sluice"));
}

TEST(HeadersFlowTest, ATrustedProxyIsBelievedAndTheChainGrows) {
  Origin origin(Ok(""));
  TestProxy proxy(Site{.servers = {origin.address()}, .routes = kTrustLoopback});
  proxy.Connect().Ask(
      "GET / HTTP/1.1\r\nHost: shop.example\r\nX-Forwarded-For: 203.0.113.9\r\n"
      "X-Forwarded-Proto: https\r\nX-Request-Id: abc-1\r\n\r\n");
  const Message seen = origin.last();
  EXPECT_EQ(seen.Value("x-forwarded-for"), "203.0.113.9, 127.0.0.1");
  EXPECT_EQ(seen.Value("x-forwarded-proto"), "https");
  EXPECT_EQ(seen.Value("x-request-id"), "abc-1");
}

TEST(HeadersFlowTest, HostIsTheClientsUnlessThePoolSaysOtherwise) {
  Origin origin(Ok(""));
  TestProxy as_asked(Site{.servers = {origin.address()}});
  as_asked.Get("/");
  EXPECT_EQ(origin.last().Value("host"), "shop.example");
  TestProxy of_server(Site{.servers = {origin.address()}, .pool = "host = \"server\""});
  of_server.Get("/");
  EXPECT_EQ(origin.last().Value("host"), origin.address());
  TestProxy literal(Site{.servers = {origin.address()}, .pool = "host = \"inner.example\""});
  literal.Get("/");
  EXPECT_EQ(origin.last().Value("host"), "inner.example");
}

TEST(HeadersFlowTest, RoutesEditHeadersBothWaysAndRewriteTheirPrefix) {
  Origin origin(Ok("", "Server: secret\r\nX-Old: 1\r\n"));
  TestProxy proxy(Site{
      .servers = {origin.address()},
      .routes = "[[route]]\nmatch = { path_prefix = \"/api\" }\npool = \"web\"\n"
                "rewrite_prefix = \"/v2\"\n"
                "request_headers = { set = { \"X-Key\" = \"k\" }, remove = [\"Cookie\"] }\n"
                "response_headers = { set = { \"X-Old\" = \"new\" }, remove = [\"Server\"] }\n"});
  const Message answer =
      proxy.Connect().Ask("GET /api/x?y=1 HTTP/1.1\r\nHost: a\r\nCookie: c=1\r\n\r\n");
  EXPECT_EQ(origin.last().start, "GET /v2/x?y=1 HTTP/1.1");
  EXPECT_EQ(origin.last().Value("x-key"), "k");
  EXPECT_FALSE(origin.last().Has("cookie"));
  EXPECT_FALSE(answer.Has("server"));
  EXPECT_EQ(answer.Value("x-old"), "new");
}

TEST(HeadersFlowTest, RoutesSeeTheNormalisedPathAndSoDoServers) {
  Origin origin(Ok("checkout"));
  TestProxy proxy(Site{
      .servers = {origin.address()},
      .routes = "[[route]]\nmatch = { path_prefix = \"/checkout\" }\npool = \"web\"\n"
                "[[route]]\nmatch = { path_prefix = \"/\" }\nrespond = { body = \"other\" }\n"});
  for (const char* path : {"/checkout", "/static/../checkout", "/%63heckout", "//checkout"}) {
    EXPECT_EQ(proxy.Get(path).body, "checkout") << path;
    EXPECT_EQ(origin.last().target(), "/checkout") << path;
  }
  EXPECT_EQ(proxy.Get("/checkout/../other").body, "other");
}

TEST(HeadersFlowTest, DateIsAddedWhereTheServerSentNone) {
  Origin origin(Ok(""));
  TestProxy proxy(Site{.servers = {origin.address()}});
  EXPECT_THAT(proxy.Get("/").Value("date"), HasSubstr(" GMT"));
}

}  // namespace
}  // namespace sluice::test
