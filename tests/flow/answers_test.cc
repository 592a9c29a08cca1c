// Answers that sluice gives itself.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/support/flow/origin.h"
#include "tests/support/flow/test_proxy.h"

namespace sluice::test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

// Sends, expects that status and then the end of the connection.
void ExpectRefused(TestProxy& proxy, const std::string& request, int status) {
  Wire client = proxy.Connect();
  client.Send(request);
  const Message answer = client.ReadResponse();
  EXPECT_EQ(answer.status(), status) << request.substr(0, 80);
  EXPECT_TRUE(answer.complete);
  EXPECT_EQ(answer.Value("connection"), "close");
  EXPECT_TRUE(client.EndsHere());
}

class AnswersFlowTest : public testing::Test {
 protected:
  Origin origin_{Ok("from the server")};
};

TEST_F(AnswersFlowTest, ARedirectKeepsPathAndQuery) {
  TestProxy proxy(Site{.servers = {origin_.address()},
                       .routes =
                           "[[route]]\nmatch = { host = \"shop.example\" }\n"
                           "redirect = { to = \"https://{host}{path}{query}\", status = 308 }\n"});
  const Message answer = proxy.Get("/a/b?c=d");
  EXPECT_EQ(answer.status(), 308);
  EXPECT_EQ(answer.Value("location"), "https://shop.example/a/b?c=d");
  EXPECT_EQ(origin_.accepted(), 0u);
}

TEST_F(AnswersFlowTest, AFixedAnswerNeedsNoServerAndKeepsTheConnection) {
  TestProxy proxy(Site{.servers = {origin_.address()},
                       .routes = "[[route]]\nmatch = { path = \"/robots.txt\" }\n"
                                 "respond = { body = \"none\", content_type = \"text/x\" }\n"});
  Wire client = proxy.Connect();
  for (int i = 0; i < 2; ++i) {
    const Message answer = client.Get("/robots.txt");
    EXPECT_EQ(answer.status(), 200);
    EXPECT_EQ(answer.body, "none");
    EXPECT_EQ(answer.Value("content-type"), "text/x");
  }
  EXPECT_EQ(client.Get("/else").status(), 404);
  EXPECT_EQ(client.Get("/robots.txt").body, "none");
}

TEST_F(AnswersFlowTest, ErrorsAreJsonForThoseWhoPreferItAndNameTheRequest) {
  TestProxy proxy(Site{.servers = {origin_.address()},
                       .routes =
                           "[[route]]\nmatch = { path = \"/x\" }\npool = \"web\"\n"
                           "[[answer]]\nstatus = 404\nhtml = \"<p>gone {request_id}</p>\"\n"});
  Wire client = proxy.Connect();
  const Message json = client.Ask("GET / HTTP/1.1\r\nHost: a\r\nAccept: application/json\r\n\r\n");
  EXPECT_EQ(json.status(), 404);
  EXPECT_THAT(json.Value("content-type"), StartsWith("application/json"));
  EXPECT_THAT(json.body, HasSubstr("request"));
  const Message html = client.Get("/");
  EXPECT_THAT(html.body, StartsWith("<p>gone "));
  EXPECT_EQ(html.body.size(), std::string("<p>gone </p>").size() + 32);
}

TEST_F(AnswersFlowTest, HeadGetsTheHeadOfAnErrorOnly) {
  TestProxy proxy(Site{.servers = {origin_.address()},
                       .routes = "[[route]]\nmatch = { path = \"/x\" }\npool = \"web\"\n"});
  Wire client = proxy.Connect();
  EXPECT_EQ(client.Ask("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", "HEAD").status(), 404);
  EXPECT_EQ(client.Get("/x").body, "from the server") << "no body was left between them";
}

TEST_F(AnswersFlowTest, WhatIsMalformedIs400AndClosed) {
  TestProxy proxy(Site{.servers = {origin_.address()}});
  ExpectRefused(proxy, "GET / HTTP/1.1\r\n\r\n", 400);
  ExpectRefused(proxy,
                "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n"
                "Transfer-Encoding: chunked\r\n\r\n",
                400);
  ExpectRefused(proxy, "\x16\x03\x01 this is no HTTP\r\n\r\n", 400);
  EXPECT_EQ(origin_.accepted(), 0u);
}

TEST_F(AnswersFlowTest, ABrokenChunkIs400AndClosed) {
  TestProxy proxy(Site{.servers = {origin_.address()}});
  ExpectRefused(
      proxy, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n", 400);
  EXPECT_EQ(origin_.accepted(), 0u);
}

TEST_F(AnswersFlowTest, LimitsOfTheHeadAre414And431) {
  TestProxy proxy(Site{.servers = {origin_.address()},
                       .listener = "max_target = \"100B\"\nmax_head = \"1KiB\"\nmax_fields = 5"});
  ExpectRefused(proxy, "GET /" + std::string(200, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n", 414);
  ExpectRefused(proxy, "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(2000, 'a') + "\r\n\r\n",
                431);
  ExpectRefused(proxy, "GET / HTTP/1.1\r\nHost: a\r\nA: 1\r\nB: 1\r\nC: 1\r\nD: 1\r\nE: 1\r\n\r\n",
                431);
}

TEST_F(AnswersFlowTest, UnknownMethodsAndVersionsAre501And505) {
  TestProxy proxy(Site{.servers = {origin_.address()}});
  ExpectRefused(proxy, "FROB / HTTP/1.1\r\nHost: a\r\n\r\n", 501);
  ExpectRefused(proxy, "GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505);
}

TEST_F(AnswersFlowTest, TraceIs405) {
  TestProxy proxy(Site{.servers = {origin_.address()}});
  const Message answer = proxy.Connect().Ask("TRACE / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(answer.status(), 405);
  EXPECT_TRUE(answer.Has("allow"));
  EXPECT_EQ(origin_.accepted(), 0u);
}

TEST_F(AnswersFlowTest, ABodyAboveMaxBodyIs413BeforeItIsSent) {
  TestProxy proxy(Site{.servers = {origin_.address()}, .routes = RouteAll("max_body = \"10B\"")});
  Wire client = proxy.Connect();
  ASSERT_TRUE(
      client.Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n"
                  "Expect: 100-continue\r\n\r\n"));
  const Message answer = client.ReadResponse();
  EXPECT_TRUE(answer.interims.empty());
  EXPECT_EQ(answer.status(), 413);
  EXPECT_EQ(origin_.accepted(), 0u);
}

TEST_F(AnswersFlowTest, A413IsReadEvenByAClientThatGoesOnSending) {
  TestProxy proxy(Site{.servers = {origin_.address()}, .routes = RouteAll("max_body = \"10B\"")});
  Wire client = proxy.Connect();
  ASSERT_TRUE(client.Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n" +
                          std::string(100000, 'x')));
  EXPECT_EQ(client.ReadResponse().status(), 413);
}

TEST_F(AnswersFlowTest, AHeadThatDoesNotArriveInTimeIs408) {
  TestProxy proxy(Site{.servers = {origin_.address()}, .listener = "head_timeout = \"50ms\""});
  ExpectRefused(proxy, "GET / HTTP/1.1\r\nHos", 408);
}

TEST_F(AnswersFlowTest, AConnectionThatSaysNothingIsClosedWithoutAWord) {
  TestProxy proxy(Site{.servers = {origin_.address()}, .listener = "head_timeout = \"50ms\""});
  EXPECT_TRUE(proxy.Connect().EndsHere());
}

}  // namespace
}  // namespace sluice::test
