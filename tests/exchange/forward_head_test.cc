#include "proxy/exchange/forward_head.h"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <deque>
#include <random>
#include <string>

#include "proxy/exchange/target.h"
#include "proxy/http/rules.h"

namespace sluice::exchange {
namespace {

using http::FieldId;

// One request on its way through a route to pool "web", from a client at 192.0.2.1 unless the test
// puts a trusted proxy (10.0.0.1) in between.
class ForwardHeadTest : public testing::Test {
 protected:
  ForwardHeadTest() {
    config_.pools.emplace_back().name = "web";
    config_.routes.emplace_back().pool = "web";
    trust_.trusted_proxies = {"10.0.0.0/8"};
    Ask("GET", "/a?b=c");
  }

  void Ask(std::string_view method, std::string_view target,
           std::string_view host = "shop.example") {
    head_ = http::RequestHead(arena_);
    head_.method_text = method;
    head_.method = method == "GET"       ? http::Method::kGet
                   : method == "OPTIONS" ? http::Method::kOptions
                                         : http::Method::kPost;
    head_.target = target;
    if (!host.empty()) head_.fields.Add("Host", host);
  }
  void Says(std::string_view name, std::string value) {
    head_.fields.Add(name, texts_.emplace_back(std::move(value)));
  }
  conf::Route& route() { return config_.routes.front(); }

  // Settles the head as the codec does and sends it through. "" where a field is absent.
  std::string Forward(std::string_view peer = "192.0.2.1") {
    EXPECT_FALSE(http::SettleRequest(head_).has_value());
    router_.emplace(config_);
    client_ = admission::Resolve(*Ip::Parse(peer), peer_is_unix_, head_,
                                 admission::TrustedProxies(trust_));
    request_id_ = RequestId(head_, config_.forwarding, client_, random_);
    const ForwardContext context = Context();
    result_ = ForwardRequest(head_, context);
    return std::string(result_.target);
  }
  ForwardContext Context() {
    return {.forwarding = config_.forwarding,
            .route = router_->routes().front(),
            .client = client_,
            .scheme = "http",
            .tls = tls_ ? &*tls_ : nullptr,
            .request_id = request_id_};
  }
  std::string Field(std::string_view name) const {
    const http::Field* const field = head_.fields.Find(name);
    return field == nullptr ? "" : std::string(field->value);
  }
  int Count(std::string_view name) const {
    int count = 0;
    for (const http::Field& field : head_.fields) count += EqualsIgnoreCase(field.name, name);
    return count;
  }

  Arena arena_;
  std::deque<std::string> texts_;
  conf::Config config_;
  conf::ClientIp trust_;
  bool peer_is_unix_ = false;
  http::RequestHead head_{arena_};
  std::optional<route::Router> router_;
  admission::ClientIdentity client_;
  std::string_view request_id_;
  std::optional<TlsPeer> tls_;
  ForwardedRequest result_;
  std::mt19937_64 random_{1};
};

TEST_F(ForwardHeadTest, WhatBelongsToTheClientsConnectionStaysBehind) {
  Says("Connection", "keep-alive, X-Mine");
  Says("Keep-Alive", "timeout=5");
  Says("X-Mine", "1");
  Says("Proxy-Authorization", "Basic eA==");
  Says("Accept", "text/html");
  Forward();
  EXPECT_EQ(Field("Connection"), "");
  EXPECT_EQ(Field("Keep-Alive"), "");
  EXPECT_EQ(Field("X-Mine"), "");
  EXPECT_EQ(Field("Proxy-Authorization"), "");
  EXPECT_EQ(Field("Accept"), "text/html");
}

TEST_F(ForwardHeadTest, ServersAreToldWhoAsksAndForWhat) {
  Forward();
  EXPECT_EQ(Field("X-Forwarded-For"), "192.0.2.1");
  EXPECT_EQ(Field("X-Forwarded-Proto"), "http");
  EXPECT_EQ(Field("X-Forwarded-Host"), "shop.example");
  EXPECT_EQ(Field("Via"), "1.1 sluice");
  EXPECT_EQ(Field("Forwarded"), "");
}

TEST_F(ForwardHeadTest, AddressesAreWrittenAsInetNtopWritesThem) {
  for (const std::string_view peer :
       {"255.255.255.255", "1.20.100.0", "0.0.0.0", "2001:db8::1", "::1"}) {
    Ask("GET", "/");
    Forward(peer);
    EXPECT_EQ(Field("X-Forwarded-For"), peer);
  }
}

TEST_F(ForwardHeadTest, WhatAStrangerSaysAboutItselfIsReplaced) {
  Says("X-Forwarded-For", "127.0.0.1");
  Says("x-forwarded-for", "10.0.0.1");
  Says("X-Forwarded-Proto", "https");
  Says("X-Forwarded-Host", "bank.example");
  Says("Forwarded", "for=127.0.0.1");
  Says("X-Request-Id", "mine");
  Forward();
  EXPECT_EQ(Field("X-Forwarded-For"), "192.0.2.1");
  EXPECT_EQ(Count("X-Forwarded-For"), 1);
  EXPECT_EQ(Field("X-Forwarded-Proto"), "http");
  EXPECT_EQ(Field("X-Forwarded-Host"), "shop.example");
  EXPECT_EQ(Field("Forwarded"), "");
  EXPECT_NE(Field("X-Request-Id"), "mine");
}

TEST_F(ForwardHeadTest, AStrangersClaimsUnderOtherNamesAreDropped) {
  Says("X_Forwarded_For", "127.0.0.1");
  Says("X-Forwarded-Port", "443");
  Says("X-Real-IP", "127.0.0.1");
  Says("X-Real-Ipx", "kept");
  Says("X_Request_Id", "1");
  Forward();
  EXPECT_EQ(Field("X_Forwarded_For"), "");
  EXPECT_EQ(Field("X-Forwarded-Port"), "");
  EXPECT_EQ(Field("X-Real-IP"), "");
  EXPECT_EQ(Field("X-Real-Ipx"), "kept");
  EXPECT_EQ(Field("X_Request_Id"), "");
}

TEST_F(ForwardHeadTest, WithEverythingOffAStrangersClaimsStillDoNotPass) {
  config_.forwarding = {.x_forwarded_for = false,
                        .x_forwarded_proto = false,
                        .x_forwarded_host = false,
                        .forwarded = false,
                        .via = false,
                        .via_name = "sluice",
                        .request_id = "off"};
  Says("X-Forwarded-For", "127.0.0.1");
  Says("X-Request-Id", "mine");
  Forward();
  EXPECT_EQ(Field("X-Forwarded-For"), "");
  EXPECT_EQ(Field("X-Forwarded-Proto"), "");
  EXPECT_EQ(Field("X-Request-Id"), "");
  EXPECT_EQ(Field("Via"), "");
  EXPECT_EQ(request_id_, "");
}

TEST_F(ForwardHeadTest, ATrustedProxysChainIsContinued) {
  Says("X-Forwarded-For", "203.0.113.66");
  Says("X-Forwarded-For", "198.51.100.7");
  Says("X-Forwarded-Proto", "https");
  Says("X-Forwarded-Host", "www.shop.example");
  Forward("10.0.0.1");
  EXPECT_EQ(Field("X-Forwarded-For"), "203.0.113.66, 198.51.100.7, 10.0.0.1");
  EXPECT_EQ(Count("X-Forwarded-For"), 1);
  EXPECT_EQ(Field("X-Forwarded-Proto"), "https");
  EXPECT_EQ(Field("X-Forwarded-Host"), "www.shop.example");
}

TEST_F(ForwardHeadTest, AHeaderThatTheTrustedProxyOnlyPassesOnIsNotBelieved) {
  config_.forwarding.forwarded = true;
  Says("X-Forwarded-For", "198.51.100.7");
  Says("Forwarded", "for=127.0.0.1");
  Forward("10.0.0.1");
  EXPECT_EQ(Field("Forwarded"), "for=198.51.100.7;host=\"shop.example\";proto=http, for=10.0.0.1");
}

TEST_F(ForwardHeadTest, WhereForwardedIsBelievedTheOtherFamilyStartsAnew) {
  trust_.header = "forwarded";
  config_.forwarding.forwarded = true;
  Says("Forwarded", "for=198.51.100.7;proto=https");
  Says("X-Forwarded-For", "127.0.0.1");
  Forward("10.0.0.1");
  EXPECT_EQ(Field("X-Forwarded-For"), "198.51.100.7, 10.0.0.1");
  EXPECT_EQ(Field("X-Forwarded-Proto"), "https");
  EXPECT_EQ(Field("Forwarded"), "for=198.51.100.7;proto=https, for=10.0.0.1;proto=http");
}

TEST_F(ForwardHeadTest, ForwardedQuotesIpv6) {
  config_.forwarding.forwarded = true;
  Forward("2001:db8::1");
  EXPECT_EQ(Field("Forwarded"), "for=\"[2001:db8::1]\";host=\"shop.example\";proto=http");
  EXPECT_EQ(Field("X-Forwarded-For"), "2001:db8::1");
}

TEST_F(ForwardHeadTest, AUnixPeerHasNoAddressToTell) {
  peer_is_unix_ = true;
  config_.forwarding.forwarded = true;
  Forward("::");
  EXPECT_EQ(Field("X-Forwarded-For"), "");
  EXPECT_EQ(Field("Forwarded"), "for=unknown;host=\"shop.example\";proto=http");
}

TEST_F(ForwardHeadTest, ViaIsAddedBehindWhatIsThere) {
  Says("Via", "1.0 edge");
  Forward();
  EXPECT_EQ(head_.fields.Joined(FieldId::kVia), "1.0 edge, 1.1 sluice");
}

TEST_F(ForwardHeadTest, ARequestIdIsKeptFromATrustedPeerOnly) {
  Says("X-Request-Id", "edge-1");
  Forward("10.0.0.1");
  EXPECT_EQ(Field("X-Request-Id"), "edge-1");
  EXPECT_EQ(request_id_, "edge-1");
}

TEST_F(ForwardHeadTest, ARequestIdIsMadeOf32HexDigitsAndDiffersEachTime) {
  Forward();
  const std::string first = Field("X-Request-Id");
  EXPECT_EQ(first.size(), 32u);
  EXPECT_EQ(first.find_first_not_of("0123456789abcdef"), std::string::npos);
  Ask("GET", "/");
  Forward();
  EXPECT_NE(Field("X-Request-Id"), first);
}

TEST_F(ForwardHeadTest, MakeMakesOneEvenForTrustedPeers) {
  config_.forwarding.request_id = "make";
  Says("X-Request-Id", "edge-1");
  Forward("10.0.0.1");
  EXPECT_EQ(Field("X-Request-Id").size(), 32u);
}

TEST_F(ForwardHeadTest, AnIdThatCouldSpoilALogIsNotKept) {
  for (const std::string& id : {std::string("a b"), std::string(129, 'x'), std::string("a\xff")}) {
    Ask("GET", "/");
    Says("X-Request-Id", id);
    Forward("10.0.0.1");
    EXPECT_EQ(Field("X-Request-Id").size(), 32u) << id;
  }
}

TEST_F(ForwardHeadTest, AWebSocketHandshakeKeepsItsUpgrade) {
  Says("Connection", "keep-alive, Upgrade");
  Says("Upgrade", "WebSocket");
  Says("Sec-WebSocket-Key", "eA==");
  Forward();
  EXPECT_TRUE(result_.upgrade);
  EXPECT_EQ(Field("Upgrade"), "websocket");
  EXPECT_EQ(head_.upgrade, "websocket");
  EXPECT_EQ(Field("Sec-WebSocket-Key"), "eA==");
}

TEST_F(ForwardHeadTest, NothingButWebSocketBecomesATunnel) {
  for (const std::string protocol : {"h2c", "TLS/1.2", "HTTP/2.0, foo"}) {
    Ask("GET", "/");
    Says("Connection", "Upgrade, HTTP2-Settings");
    Says("Upgrade", protocol);
    Says("HTTP2-Settings", "AAMAAABkAAQ");
    Forward();
    EXPECT_FALSE(result_.upgrade) << protocol;
    EXPECT_EQ(Field("Upgrade"), "") << protocol;
    EXPECT_EQ(Field("HTTP2-Settings"), "") << protocol;
    EXPECT_EQ(head_.upgrade, "") << protocol;
  }
}

TEST_F(ForwardHeadTest, APostCannotUpgrade) {
  Ask("POST", "/");
  Says("Connection", "Upgrade");
  Says("Upgrade", "websocket");
  Forward();
  EXPECT_FALSE(result_.upgrade);
  EXPECT_EQ(Field("Upgrade"), "");
}

TEST_F(ForwardHeadTest, ExpectIsPassedOnOnlyWhereBodiesAreNotHeld) {
  for (const uint64_t buffer : {uint64_t{65536}, uint64_t{0}}) {
    route().request_buffer = buffer;
    Ask("POST", "/");
    Says("Content-Length", "5");
    Says("Expect", "100-continue");
    Forward();
    EXPECT_EQ(Field("Expect"), buffer == 0 ? "100-continue" : "");
  }
}

TEST_F(ForwardHeadTest, EditsRemoveThenSetThenAdd) {
  route().request_headers = {.set = {{"X-Shop", "one"}, {"accept", "*/*"}},
                             .add = {{"X-Tag", "b"}},
                             .remove = {"user-agent"}};
  Says("User-Agent", "x");
  Says("Accept", "text/html");
  Says("Accept", "text/plain");
  Says("X-Tag", "a");
  Forward();
  EXPECT_EQ(Field("User-Agent"), "");
  EXPECT_EQ(Field("Accept"), "*/*");
  EXPECT_EQ(Count("Accept"), 1);
  EXPECT_EQ(Field("X-Shop"), "one");
  EXPECT_EQ(Count("X-Tag"), 2);
}

TEST_F(ForwardHeadTest, WhatTheOperatorSetsOrRemovesAClientCannotSayInDisguise) {
  route().request_headers = {
      .set = {{"X-Client-Subject", "CN=alice"}}, .add = {}, .remove = {"X-Debug-Me"}};
  Says("X_Client-subject", "CN=mallory");
  Says("x-debug_me", "1");
  Says("X_Other", "stays");
  Forward();
  EXPECT_EQ(Field("X_Client-subject"), "");
  EXPECT_EQ(Field("X-Client-Subject"), "CN=alice");
  EXPECT_EQ(Field("x-debug_me"), "");
  EXPECT_EQ(Field("X_Other"), "stays");
}

TEST_F(ForwardHeadTest, EditsMayNameWhatIsKnownOfTheClientsTls) {
  route().request_headers.set = {
      {"X-Tls", "{tls_version} {tls_cipher} {tls_server_name} {ja4} {client_certificate}"},
      {"X-Subject", "{client_subject}"}};
  // Each a request of its own: what one was given lives as long as the router it went through.
  const auto forward = [this] {
    Ask("GET", "/");
    Forward();
  };
  forward();
  EXPECT_EQ(Field("X-Tls"), "    ");
  EXPECT_EQ(Field("X-Subject"), "");

  tls_ = {.version = "TLSv1.3",
          .cipher = "TLS_AES_128_GCM_SHA256",
          .server_name = "shop.example",
          .ja4 = "t13d1516h2_8daaf6152771_b186095e22b6",
          .verified = true,
          .subject = "CN=alice",
          .rejected = {}};
  forward();
  EXPECT_EQ(Field("X-Tls"),
            "TLSv1.3 TLS_AES_128_GCM_SHA256 shop.example t13d1516h2_8daaf6152771_b186095e22b6 "
            "verified");
  EXPECT_EQ(Field("X-Subject"), "CN=alice");

  tls_->subject.clear();
  forward();
  EXPECT_TRUE(Field("X-Tls").ends_with(" verified")) << "its name is in an extension";
  tls_->verified = false;
  forward();
  EXPECT_TRUE(Field("X-Tls").ends_with(" none"));
  tls_->rejected = "certificate has expired";
  forward();
  EXPECT_TRUE(Field("X-Tls").ends_with(" certificate has expired"));
}

TEST_F(ForwardHeadTest, EditsMayNameWhatIsKnownOfTheRequest) {
  route().request_headers.set = {
      {"X-All", "{client_ip} {scheme}://{host}{path}{query} {request_id}"}};
  Ask("GET", "/a/../b?c=d", "Shop.Example:8080");
  Says("X-Forwarded-For", "198.51.100.7");
  Says("X-Forwarded-Proto", "https");
  Says("X-Request-Id", "id");
  Forward("10.0.0.1");
  EXPECT_EQ(Field("X-All"), "198.51.100.7 https://shop.example/b?c=d id");
}

TEST_F(ForwardHeadTest, HostIsTheClientsTheServersOrALiteral) {
  Ask("GET", "/", "shop.example:8080");
  for (const auto& [choice, host] :
       {std::pair("client", "shop.example:8080"), std::pair("server", "10.9.0.1:8000"),
        std::pair("internal.example", "internal.example")}) {
    config_.pools.front().host = choice;
    Forward();
    SetUpstreamHost(head_, router_->routes().front(), "10.9.0.1:8000");
    EXPECT_EQ(Field("Host"), host);
    EXPECT_EQ(Count("Host"), 1);
  }
}

TEST_F(ForwardHeadTest, HostIsChosenAnewForEachTry) {
  config_.pools.front().host = "server";
  Forward();
  SetUpstreamHost(head_, router_->routes().front(), "10.9.0.1:8000");
  SetUpstreamHost(head_, router_->routes().front(), "unix:/run/app.sock");
  EXPECT_EQ(Field("Host"), "localhost");
}

TEST_F(ForwardHeadTest, AnEditOfHostStandsAboveThePools) {
  route().request_headers.set = {{"Host", "edited.example"}};
  Forward();
  SetUpstreamHost(head_, router_->routes().front(), "10.9.0.1:8000");
  EXPECT_EQ(Field("Host"), "edited.example");
}

TEST_F(ForwardHeadTest, AnOldClientWithoutHostGetsTheServers) {
  Ask("GET", "/", "");
  head_.version = http::Version::kHttp10;
  Forward();
  SetUpstreamHost(head_, router_->routes().front(), "10.9.0.1:8000");
  EXPECT_EQ(Field("Host"), "10.9.0.1:8000");
  EXPECT_EQ(Field("X-Forwarded-Host"), "");
  EXPECT_EQ(Field("Via"), "1.0 sluice");
}

TEST_F(ForwardHeadTest, AnAbsoluteTargetGoesOnInOriginForm) {
  Ask("GET", "http://shop.example/x?y");
  EXPECT_EQ(Forward(), "/x?y");
}

TEST_F(ForwardHeadTest, TheNormalPathIsForwardedAndTheQueryAsItCame) {
  Ask("GET", "/static/../%63heckout?q=%63/../x");
  EXPECT_EQ(Forward(), "/checkout?q=%63/../x");
  Ask("GET", "/plain?");
  EXPECT_EQ(Forward(), "/plain?");
  Ask("OPTIONS", "*");
  EXPECT_EQ(Forward(), "*");
}

TEST_F(ForwardHeadTest, APathThatIsNormalIsForwardedWithoutACopy) {
  Ask("GET", "/a?b=c");
  Forward();
  EXPECT_EQ(result_.target.data(), head_.target.data());
}

TEST_F(ForwardHeadTest, RawForwardsThePathAsItCame) {
  route().forward_raw = true;
  Ask("GET", "/a//b/%7Euser?x");
  EXPECT_EQ(Forward(), "/a//b/%7Euser?x");
}

TEST_F(ForwardHeadTest, RawAndAmbiguousIsRefusedAndTheHeadStaysAsItWas) {
  route().forward_raw = true;
  for (const std::string_view path : {"/a%2fb", "/%00", "/../x", "/a%5cb", "/a\\b"}) {
    Ask("GET", path);
    Says("X-Forwarded-For", "kept");
    Forward();
    ASSERT_TRUE(result_.refusal.has_value()) << path;
    EXPECT_EQ(result_.refusal->status, 400);
    EXPECT_EQ(Field("X-Forwarded-For"), "kept");
  }
}

TEST_F(ForwardHeadTest, APrefixIsRewrittenInNormalAndInRawPaths) {
  route().match.path_prefix = "/api";
  route().rewrite_prefix = "/v2";
  Ask("GET", "/api/users?x=1");
  EXPECT_EQ(Forward(), "/v2/users?x=1");
  route().forward_raw = true;
  Ask("GET", "/api/a%7Eb");
  EXPECT_EQ(Forward(), "/v2/a%7Eb");
  Ask("GET", "/%61pi/a%7Eb");
  EXPECT_EQ(Forward(), "/v2/a~b") << "a raw path without the prefix goes in its normal form";
}

TEST(RewritePrefixTest, TheSeamHasExactlyOneSlash) {
  Arena arena;
  const auto rewrite = [&](std::string_view path, std::string_view prefix, std::string_view to) {
    return std::string(RewritePrefix(path, prefix, to, arena));
  };
  EXPECT_EQ(rewrite("/api/x", "/api", "/v2"), "/v2/x");
  EXPECT_EQ(rewrite("/api/x", "/api/", "/v2"), "/v2/x");
  EXPECT_EQ(rewrite("/api/x", "/api", "/v2/"), "/v2/x");
  EXPECT_EQ(rewrite("/api/x", "/api/", "/"), "/x");
  EXPECT_EQ(rewrite("/api/x", "/api", "/"), "/x");
  EXPECT_EQ(rewrite("/api/x", "/api", ""), "/x");
  EXPECT_EQ(rewrite("/api", "/api", "/"), "/");
  EXPECT_EQ(rewrite("/api", "/api", "/v2"), "/v2");
  EXPECT_EQ(rewrite("/api/", "/api", "/v2"), "/v2/");
  EXPECT_EQ(rewrite("/api/", "/api/", "/v2"), "/v2/");
  EXPECT_EQ(rewrite("/x", "/", "/v2"), "/v2/x");
  EXPECT_EQ(rewrite("/x", "", "/v2"), "/v2/x");
  EXPECT_EQ(rewrite("/api//evil.example", "/api", "/"), "/evil.example");
}

class ForwardResponseTest : public ForwardHeadTest {
 protected:
  ForwardResponseTest() { response_.status = 200; }
  void Answer() {
    Forward();
    ForwardResponse(response_, head_, Context(), "Sun, 06 Nov 1994 08:49:37 GMT");
  }
  std::string Answered(std::string_view name) const {
    const http::Field* const field = response_.fields.Find(name);
    return field == nullptr ? "" : std::string(field->value);
  }
  http::ResponseHead response_{arena_};
};

TEST_F(ForwardResponseTest, WhatBelongsToTheServersConnectionStaysBehind) {
  response_.fields.Add("Connection", "close, X-Hop");
  response_.fields.Add("X-Hop", "1");
  response_.fields.Add("Server", "origin/1");
  response_.fields.Add("Location", "http://10.9.0.1:8000/x");
  Answer();
  EXPECT_EQ(Answered("Connection"), "");
  EXPECT_EQ(Answered("X-Hop"), "");
  EXPECT_EQ(Answered("Server"), "origin/1");
  EXPECT_EQ(Answered("Location"), "http://10.9.0.1:8000/x");
  EXPECT_EQ(Answered("Via"), "1.1 sluice");
}

TEST_F(ForwardResponseTest, ADateIsAddedOnlyWhereThereIsNone) {
  Answer();
  EXPECT_EQ(Answered("Date"), "Sun, 06 Nov 1994 08:49:37 GMT");
  http::ResponseHead dated(arena_);
  dated.status = 200;
  dated.fields.Add("Date", "Mon, 07 Nov 1994 08:49:37 GMT");
  ForwardResponse(dated, head_, Context(), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(dated.fields.Value(FieldId::kDate), "Mon, 07 Nov 1994 08:49:37 GMT");
}

TEST_F(ForwardResponseTest, ResponseEditsAreApplied) {
  route().response_headers = {
      .set = {{"X-Request", "{request_id}"}}, .add = {{"Set-Cookie", "a=b"}}, .remove = {"Server"}};
  response_.fields.Add("Server", "origin/1");
  response_.fields.Add("Set-Cookie", "c=d");
  Answer();
  EXPECT_EQ(Answered("Server"), "");
  EXPECT_EQ(Answered("X-Request"), request_id_);
  int cookies = 0;
  for (const http::Field& field : response_.fields) cookies += field.name == "Set-Cookie";
  EXPECT_EQ(cookies, 2);
}

TEST_F(ForwardResponseTest, ASwitchOfProtocolsNamesTheProtocol) {
  Says("Connection", "Upgrade");
  Says("Upgrade", "websocket");
  response_.status = 101;
  response_.fields.Add("Connection", "Upgrade");
  response_.fields.Add("Upgrade", "websocket");
  response_.fields.Add("Sec-WebSocket-Accept", "eA==");
  Answer();
  EXPECT_EQ(Answered("Upgrade"), "websocket");
  EXPECT_EQ(Answered("Sec-WebSocket-Accept"), "eA==");
}

TEST_F(ForwardResponseTest, AnInterimHeadLosesItsHopByHopFieldsAndGetsNoDate) {
  response_.status = 103;
  response_.version = http::Version::kHttp10;
  response_.fields.Add("Link", "</a.css>");
  response_.fields.Add("Connection", "x");
  ForwardInterim(response_, config_.forwarding);
  EXPECT_EQ(Answered("Link"), "</a.css>");
  EXPECT_EQ(Answered("Connection"), "");
  EXPECT_EQ(Answered("Date"), "");
  EXPECT_EQ(Answered("Via"), "1.0 sluice");
}

TEST(HttpDateTest, DatesAreWrittenAsRfc9110WritesThem) {
  std::array<char, kHttpDateSize> buffer{};
  const auto date = [&](int64_t seconds) {
    return std::string(FormatHttpDate(WallTime(std::chrono::seconds(seconds)), buffer));
  };
  EXPECT_EQ(date(784111777), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(date(0), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(date(1709251199), "Thu, 29 Feb 2024 23:59:59 GMT");
  EXPECT_EQ(date(4102444800), "Fri, 01 Jan 2100 00:00:00 GMT");
}

}  // namespace
}  // namespace sluice::exchange
