#include "proxy/exchange/local_reply.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <nlohmann/json.hpp>
#include <string>

namespace sluice::exchange {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

// One request that sluice answers itself, by the only route there is.
class LocalReplyTest : public testing::Test {
 protected:
  LocalReplyTest() {
    config_.routes.emplace_back();
    head_.method = http::Method::kGet;
    head_.method_text = "GET";
    head_.host = head_.authority = "shop.example";
    head_.path = head_.raw_path = "/";
  }
  conf::Route& route() { return config_.routes.front(); }
  void Accepts(std::string accept) {
    head_.fields.Set("Accept", texts_.emplace_back(std::move(accept)));
  }
  void Own(int status, std::string html, std::string json = "") {
    config_.answers.push_back({.status = status, .html = std::move(html), .json = std::move(json)});
  }

  LocalReply Error(const Problem& problem) {
    answers_ = Answers(config_.answers);  // a page without names is a view into it
    return MakeError(head_, problem, answers_);
  }
  LocalReply Error(int status, std::string_view why = {}, std::string_view request_id = {}) {
    return Error({.status = status,
                  .why = why,
                  .request_id = request_id,
                  .date = "today",
                  .retry_after = std::nullopt});
  }
  ForwardContext Context() {
    router_.emplace(config_);
    return {.forwarding = config_.forwarding,
            .route = router_->routes().front(),
            .client = client_,
            .scheme = "http",
            .request_id = "id-1"};
  }
  std::string Location(std::string to, std::string_view path, std::string_view query = "") {
    route().redirect = conf::Redirect{.status = 302, .to = std::move(to)};
    head_.path = path;
    head_.query = query;
    head_.has_query = !query.empty();
    const LocalReply reply = MakeRedirect(head_, Context(), "date", Answers());
    return Field(reply, "Location");
  }
  static std::string Field(const LocalReply& reply, std::string_view name) {
    const http::Field* const field = reply.head.fields.Find(name);
    return field == nullptr ? "" : std::string(field->value);
  }

  Arena arena_;
  std::deque<std::string> texts_;
  conf::Config config_;
  http::RequestHead head_{arena_};
  admission::ClientIdentity client_;
  Answers answers_;
  std::optional<route::Router> router_;
};

TEST_F(LocalReplyTest, AnErrorSaysWhatWhyAndUnderWhichId) {
  const LocalReply reply = Error(502, "The server hung up.", "id-1");
  EXPECT_EQ(reply.head.status, 502);
  EXPECT_EQ(reply.head.reason, "Bad Gateway");
  EXPECT_EQ(Field(reply, "Content-Type"), "text/html; charset=utf-8");
  EXPECT_EQ(Field(reply, "Cache-Control"), "no-store");
  EXPECT_EQ(Field(reply, "X-Request-Id"), "id-1");
  EXPECT_EQ(Field(reply, "Date"), "today");
  const std::string body(reply.body);
  EXPECT_THAT(body, HasSubstr("Bad Gateway"));
  EXPECT_THAT(body, HasSubstr("The server hung up."));
  EXPECT_THAT(body, HasSubstr("id-1"));
}

TEST_F(LocalReplyTest, TheLengthStatedIsTheBodys) {
  const LocalReply reply = Error(404);
  EXPECT_EQ(reply.head.framing.kind, http::Framing::Kind::kLength);
  EXPECT_EQ(reply.head.framing.length, reply.body.size());
  EXPECT_GT(reply.body.size(), 0u);
}

TEST_F(LocalReplyTest, HeadGetsTheHeadThatGetWouldGet) {
  const size_t size = Error(404).body.size();
  head_.method = http::Method::kHead;
  const LocalReply reply = Error(404);
  EXPECT_EQ(reply.body, "");
  EXPECT_EQ(reply.head.framing.kind, http::Framing::Kind::kNone);
  EXPECT_TRUE(reply.head.framing.stated);
  EXPECT_EQ(reply.head.framing.length, size);
}

TEST_F(LocalReplyTest, EveryStatusHasAPlainSentence) {
  for (const int status : {400, 404, 405, 408, 413, 414, 417, 421, 429, 431, 501, 502, 503, 504}) {
    Accepts("application/json");
    const auto json = nlohmann::json::parse(Error(status).body);
    EXPECT_EQ(json["status"], status);
    EXPECT_GT(json["why"].get<std::string>().size(), 10u);
    EXPECT_NE(json["why"], "The request could not be served.") << status;
  }
}

TEST_F(LocalReplyTest, AcceptInSeveralFieldsIsOneList) {
  head_.fields.Add("Accept", "text/html;q=0.1");
  head_.fields.Add("Accept", "application/json");
  EXPECT_EQ(Field(Error(404), "Content-Type"), "application/json");
}

TEST_F(LocalReplyTest, ARequestIdCannotBecomeMarkup) {
  const std::string_view attack = "<script>alert(\"1\")</script>'&";
  const std::string body(Error(404, attack, attack).body);
  EXPECT_THAT(body, Not(HasSubstr("<script>")));
  EXPECT_THAT(body, HasSubstr("&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&#39;&amp;"));
}

TEST_F(LocalReplyTest, ARequestIdCannotLeaveItsJsonString) {
  Accepts("application/json");
  const std::string_view attack = "\",\"status\":200,\n\"x\":\"\\</script>\x01\x7f";
  const LocalReply reply = Error(404, attack, attack);
  const auto json = nlohmann::json::parse(reply.body);
  EXPECT_EQ(json["status"], 404);
  EXPECT_EQ(json["request_id"], attack);
  EXPECT_EQ(json.size(), 4u);
  EXPECT_THAT(std::string(reply.body), Not(HasSubstr("</script>")));
}

TEST_F(LocalReplyTest, ARequestIdThatCouldEndAHeaderIsNotSentAsOne) {
  EXPECT_EQ(Field(Error(404, "", "a\r\nSet-Cookie: x=y"), "X-Request-Id"), "");
}

TEST_F(LocalReplyTest, RetryAfterIsSentWhereItIsGiven) {
  Problem problem;
  problem.status = 503;
  problem.retry_after = 30s;
  EXPECT_EQ(Field(Error(problem), "Retry-After"), "30");
  problem.retry_after = -1s;
  EXPECT_EQ(Field(Error(problem), "Retry-After"), "0");
  EXPECT_EQ(Field(Error(503), "Retry-After"), "");
}

TEST_F(LocalReplyTest, TheOperatorsPageTakesThePlaceOfOurs) {
  Own(503, "<h1>{status} {reason}</h1><p>{why}</p>{request_id}<style>a{b:c}</style>");
  const LocalReply reply = Error(503, "a<b", "id");
  EXPECT_EQ(reply.body, "<h1>503 Service Unavailable</h1><p>a&lt;b</p>id<style>a{b:c}</style>");
  EXPECT_THAT(std::string(Error(502).body), HasSubstr("Bad Gateway"));
}

TEST_F(LocalReplyTest, WhereTheOperatorHasNoJsonOursIsSent) {
  Own(503, "<h1>Sale!</h1>");
  EXPECT_EQ(Error(503).body, "<h1>Sale!</h1>");
  Accepts("application/json");
  EXPECT_EQ(nlohmann::json::parse(Error(503).body)["status"], 503);
}

TEST_F(LocalReplyTest, TheOperatorsJsonIsFilledInEscaped) {
  Own(404, "", "{\"error\": \"{why}\"}");
  Accepts("application/json");
  EXPECT_EQ(Error(404, "a\"b").body, "{\"error\": \"a\\\"b\"}");
}

TEST_F(LocalReplyTest, TraceAndConnectAreRefusedAndToldWhatIsServed) {
  for (const http::Method method : {http::Method::kTrace, http::Method::kConnect}) {
    const std::optional<http::Refusal> refusal = RefusedMethod(method);
    ASSERT_TRUE(refusal.has_value());
    EXPECT_THAT(Field(Error(refusal->status), "Allow"), HasSubstr("GET"));
    EXPECT_THAT(Field(Error(refusal->status), "Allow"), Not(HasSubstr("TRACE")));
  }
  EXPECT_FALSE(RefusedMethod(http::Method::kGet).has_value());
  EXPECT_FALSE(RefusedMethod(http::Method::kOther).has_value());
}

TEST_F(LocalReplyTest, ARedirectIsFilledInFromTheRequest) {
  EXPECT_EQ(Location("https://{host}{path}{query}", "/a/b", "c=d"), "https://shop.example/a/b?c=d");
  EXPECT_EQ(Location("https://{host}{path}{query}", "/a"), "https://shop.example/a");
  EXPECT_EQ(Location("/moved", "/a"), "/moved");
}

TEST_F(LocalReplyTest, ARedirectBehindATrustedProxyNamesThePublicHost) {
  client_.peer_trusted = true;
  client_.host = "WWW.shop.example:8443";
  EXPECT_EQ(Location("https://{host}{path}", "/a"), "https://www.shop.example/a");
}

TEST_F(LocalReplyTest, ARedirectCannotLeaveTheSiteByWayOfThePath) {
  EXPECT_EQ(Location("{path}", "//evil.example/x"), "/evil.example/x");
  EXPECT_EQ(Location("/{path}", "/evil.example"), "/evil.example");
  EXPECT_EQ(Location("{path}", "///evil.example"), "/evil.example");
  EXPECT_EQ(Location("{path}", "/\\evil.example"), "/%5Cevil.example");
  EXPECT_EQ(Location("https://shop.example{path}", "*"), "https://shop.example/");
}

TEST_F(LocalReplyTest, AnOperatorMayRedirectToAnotherHost) {
  EXPECT_EQ(Location("//cdn.example{path}", "/a"), "//cdn.example/a");
}

TEST_F(LocalReplyTest, ARedirectCannotCarryASecondHeader) {
  EXPECT_EQ(Location("https://{host}{path}{query}", "/a\r\nSet-Cookie: x=y", "\r\n\r\n<b>"),
            "https://shop.example/a%0D%0ASet-Cookie:%20x=y?%0D%0A%0D%0A%3Cb%3E");
}

TEST_F(LocalReplyTest, ThePageOfARedirectEscapesItsLink) {
  route().redirect = conf::Redirect{.status = 301, .to = "/x?{query}&y='"};
  head_.query = "a=\"><script>";
  head_.has_query = true;
  const LocalReply reply = MakeRedirect(head_, Context(), "date", Answers());
  EXPECT_EQ(reply.head.status, 301);
  EXPECT_EQ(Field(reply, "Date"), "date");
  const std::string body(reply.body);
  EXPECT_THAT(body, Not(HasSubstr("<script>")));
  EXPECT_THAT(body, HasSubstr("&amp;y=&#39;"));
}

TEST_F(LocalReplyTest, ARedirectThatNeedsAHostThatNobodyNamedIsRefused) {
  head_.host = head_.authority = "";
  route().redirect = conf::Redirect{.status = 302, .to = "https://{host}{path}"};
  EXPECT_EQ(MakeRedirect(head_, Context(), "date", Answers()).head.status, 400);
  EXPECT_EQ(Location("https://shop.example{path}", "/a"), "https://shop.example/a");
}

TEST_F(LocalReplyTest, AFixedResponseIsSentAsItIsWritten) {
  route().respond = conf::Respond{.status = 200, .body = "User-agent: *\n"};
  route().response_headers.set = {{"Cache-Control", "max-age=60"}, {"X-For", "{host}"}};
  const LocalReply reply = MakeFixed(head_, Context(), "date");
  EXPECT_EQ(reply.head.status, 200);
  EXPECT_EQ(reply.body, "User-agent: *\n");
  EXPECT_EQ(Field(reply, "Content-Type"), "text/plain; charset=utf-8");
  EXPECT_EQ(Field(reply, "Cache-Control"), "max-age=60");
  EXPECT_EQ(Field(reply, "X-For"), "shop.example");
  EXPECT_EQ(reply.head.framing.length, 14u);
}

TEST_F(LocalReplyTest, AnEmptyFixedResponseSaysThatItIsEmptyAndA204SaysNothing) {
  route().respond = conf::Respond{.status = 200, .body = ""};
  EXPECT_EQ(MakeFixed(head_, Context(), "date").head.framing.kind, http::Framing::Kind::kLength);
  route().respond = conf::Respond{.status = 204, .body = ""};
  const LocalReply reply = MakeFixed(head_, Context(), "date");
  EXPECT_EQ(reply.head.framing.kind, http::Framing::Kind::kNone);
  EXPECT_EQ(Field(reply, "Content-Type"), "");
}

}  // namespace
}  // namespace sluice::exchange
