// What is refused has a corpus of its own: corpus_test.cc. Here: what is settled, and what is
// taken out on the way.
#include "proxy/http/rules.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <utility>

namespace sluice::http {
namespace {

using Lines = std::initializer_list<std::pair<std::string_view, std::string_view>>;

void AddAll(Fields& fields, Lines lines) {
  for (const auto& [name, value] : lines) fields.Add(name, value);
}

class SettleRequestTest : public testing::Test {
 protected:
  // Empty when all is well.
  std::string Settle(Method method, std::string_view target, Lines lines) {
    head_.method = method;
    head_.target = target;
    AddAll(head_.fields, lines);
    const std::optional<Refusal> refusal = SettleRequest(head_);
    return refusal ? std::string(refusal->why) : std::string();
  }

  Arena arena_;
  RequestHead head_{arena_};
};

TEST_F(SettleRequestTest, TheTargetIsTakenApartAndNormalised) {
  EXPECT_EQ(Settle(Method::kGet, "/a/../%62?c", {{"Host", "Shop.Example:80"}}), "");
  EXPECT_EQ(head_.raw_path, "/a/../%62");
  EXPECT_EQ(head_.path, "/b");
  EXPECT_TRUE(head_.has_query);
  EXPECT_EQ(head_.query, "c");
  EXPECT_EQ(head_.authority, "Shop.Example:80");
  EXPECT_EQ(head_.host, "shop.example");
}

TEST_F(SettleRequestTest, TheAuthorityOfAnAbsoluteTargetIsTheOneThatCounts) {
  EXPECT_EQ(Settle(Method::kGet, "http://A.example/x", {{"Host", "a.example"}}), "");
  EXPECT_EQ(head_.authority, "A.example");
  EXPECT_EQ(head_.host, "a.example");
  EXPECT_EQ(head_.path, "/x");
}

TEST_F(SettleRequestTest, AnHttp10ClientMayNameNoHost) {
  head_.version = Version::kHttp10;
  EXPECT_EQ(Settle(Method::kGet, "/", {}), "");
  EXPECT_EQ(head_.authority, "");
  EXPECT_EQ(head_.host, "");
  EXPECT_FALSE(head_.keep_alive);
}

TEST_F(SettleRequestTest, AnUpgradeCountsWhenConnectionNamesIt) {
  EXPECT_EQ(
      Settle(Method::kGet, "/",
             {{"Host", "a"}, {"Connection", "keep-alive, Upgrade"}, {"Upgrade", "websocket"}}),
      "");
  EXPECT_EQ(head_.upgrade, "websocket");
}

TEST_F(SettleRequestTest, AnUpgradeThatConnectionDoesNotNameIsNone) {
  EXPECT_EQ(Settle(Method::kGet, "/", {{"Host", "a"}, {"Upgrade", "websocket"}}), "");
  EXPECT_EQ(head_.upgrade, "");
}

TEST_F(SettleRequestTest, AnUpgradeWithABodyIsNone) {
  EXPECT_EQ(Settle(Method::kPost, "/",
                   {{"Host", "a"},
                    {"Connection", "upgrade"},
                    {"Upgrade", "websocket"},
                    {"Content-Length", "3"}}),
            "");
  EXPECT_EQ(head_.upgrade, "");
  EXPECT_EQ(head_.framing.length, 3u);
}

TEST_F(SettleRequestTest, AnExpectationWithABodyIsRemembered) {
  EXPECT_EQ(Settle(Method::kPost, "/",
                   {{"Host", "a"}, {"Expect", "100-continue"}, {"Content-Length", "3"}}),
            "");
  EXPECT_TRUE(head_.expect_continue);
  EXPECT_NE(head_.fields.Find(FieldId::kExpect), nullptr);
}

TEST_F(SettleRequestTest, AnExpectationWithoutABodyIsTakenOut) {
  EXPECT_EQ(Settle(Method::kGet, "/", {{"Host", "a"}, {"Expect", "100-continue"}}), "");
  EXPECT_FALSE(head_.expect_continue);
  EXPECT_EQ(head_.fields.Find(FieldId::kExpect), nullptr);
}

TEST_F(SettleRequestTest, AnExpectationOfHttp10IsTakenOut) {
  head_.version = Version::kHttp10;
  EXPECT_EQ(Settle(Method::kPost, "/",
                   {{"Host", "a"}, {"Expect", "100-continue"}, {"Content-Length", "3"}}),
            "");
  EXPECT_FALSE(head_.expect_continue);
  EXPECT_EQ(head_.fields.Find(FieldId::kExpect), nullptr);
}

class SettleResponseTest : public testing::Test {
 protected:
  std::string Settle(int status, Lines lines, Method request = Method::kGet) {
    head_.status = status;
    AddAll(head_.fields, lines);
    const std::optional<Refusal> refusal = SettleResponse(head_, request);
    return refusal ? std::string(refusal->why) : std::string();
  }

  Arena arena_;
  ResponseHead head_{arena_};
};

TEST_F(SettleResponseTest, WithoutALengthTheBodyEndsWithTheConnection) {
  EXPECT_EQ(Settle(200, {{"Connection", "keep-alive"}}), "");
  EXPECT_EQ(head_.framing.kind, Framing::Kind::kUntilClose);
  EXPECT_FALSE(head_.keep_alive);
}

TEST_F(SettleResponseTest, TheLengthInTheAnswerToHeadIsStatedAndNotRead) {
  EXPECT_EQ(Settle(200, {{"Content-Length", "12"}}, Method::kHead), "");
  EXPECT_EQ(head_.framing.kind, Framing::Kind::kNone);
  EXPECT_TRUE(head_.framing.stated);
  EXPECT_EQ(head_.framing.length, 12u);
  EXPECT_TRUE(head_.keep_alive);
}

TEST_F(SettleResponseTest, NoLengthInTheAnswerToHeadIsStatedAsNone) {
  EXPECT_EQ(Settle(200, {{"Transfer-Encoding", "chunked"}}, Method::kHead), "");
  EXPECT_EQ(head_.framing.kind, Framing::Kind::kNone);
  EXPECT_FALSE(head_.framing.stated);
}

TEST_F(SettleResponseTest, AConnectionIsNotKeptBehindA204ThatAnnouncesBytes) {
  EXPECT_EQ(Settle(204, {{"Content-Length", "5"}}), "");
  EXPECT_EQ(head_.framing.kind, Framing::Kind::kNone);
  EXPECT_FALSE(head_.framing.stated);
  EXPECT_FALSE(head_.keep_alive);
}

TEST_F(SettleResponseTest, A101IsATunnel) {
  EXPECT_EQ(Settle(101, {{"Connection", "Upgrade"}, {"Upgrade", "websocket"}}), "");
  EXPECT_EQ(head_.framing.kind, Framing::Kind::kTunnel);
}

TEST_F(SettleResponseTest, AnHttp10ServerKeepsOnlyWhenItSaysSo) {
  head_.version = Version::kHttp10;
  EXPECT_EQ(Settle(200, {{"Content-Length", "0"}}), "");
  EXPECT_FALSE(head_.keep_alive);
  head_.fields.Add("Connection", "Keep-Alive");
  EXPECT_EQ(Settle(200, {}), "");
  EXPECT_TRUE(head_.keep_alive);
}

std::string NamesLeft(Lines lines) {
  Arena arena;
  Fields fields(arena);
  AddAll(fields, lines);
  RemoveHopByHop(fields);
  std::string names;
  for (const Field& field : fields) names.append(field.name).append(" ");
  return names;
}

TEST(HopByHopTest, WhatBelongsToOneConnectionIsTakenOut) {
  EXPECT_EQ(NamesLeft({{"Host", "a"},
                       {"Connection", "close"},
                       {"Keep-Alive", "timeout=5"},
                       {"Proxy-Connection", "close"},
                       {"Proxy-Authenticate", "x"},
                       {"Proxy-Authorization", "x"},
                       {"Transfer-Encoding", "chunked"},
                       {"Content-Length", "5"},
                       {"Upgrade", "h2c"},
                       {"Accept", "*/*"}}),
            "Host Accept ");
}

TEST(HopByHopTest, WhatConnectionNamesIsTakenOut) {
  EXPECT_EQ(NamesLeft({{"X-One", "1"},
                       {"Connection", "keep-alive, x-one"},
                       {"X-Two", "2"},
                       {"Connection", " X-Three ,"},
                       {"X-Three", "3"}}),
            "X-Two ");
}

TEST(HopByHopTest, HostIsNeverTakenOut) {
  EXPECT_EQ(NamesLeft({{"Host", "a"}, {"Connection", "host, x"}}), "Host ");
}

TEST(HopByHopTest, OfTeOnlyTrailersIsKept) {
  EXPECT_EQ(NamesLeft({{"TE", "gzip;q=0.5"}, {"Accept", "*/*"}}), "Accept ");
  EXPECT_EQ(NamesLeft({{"TE", "gzip, Trailers"}, {"Accept", "*/*"}, {"TE", "deflate"}}),
            "Accept TE ");
}

TEST(TrailerTest, FieldsThatDecideOnTheMessageHaveNoPlaceInATrailer) {
  for (const std::string_view name :
       {"Content-Length", "Transfer-Encoding", "Host", "Connection", "Trailer", "TE", "Cookie",
        "Set-Cookie", "Authorization", "Cache-Control", "Content-Encoding", "X-Forwarded-For"}) {
    EXPECT_FALSE(AllowedInTrailer({name, "x", IdOf(name)})) << name;
  }
  EXPECT_TRUE(AllowedInTrailer({"Server-Timing", "x"}));
  EXPECT_TRUE(AllowedInTrailer({"grpc-status", "0"}));
}

TEST(HasTokenTest, ATokenIsAWholeMemberOfTheList) {
  EXPECT_TRUE(HasToken("close", "Close"));
  EXPECT_TRUE(HasToken("a, close ,b", "close"));
  EXPECT_FALSE(HasToken("closed", "close"));
  EXPECT_FALSE(HasToken("close;q=1", "close"));
  EXPECT_FALSE(HasToken("", "close"));
}

}  // namespace
}  // namespace sluice::http
