#include "proxy/crypto/token.h"

#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_format.h"
#include "proxy/crypto/digest.h"

namespace sluice::crypto {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kHeader = R"({"alg":"HS256","typ":"JWT"})";
constexpr int64_t kNow = 1'795'770'000;  // 2026-11-27

// Tokens are signed with the rules' secret, at kNow, unless a test says otherwise.
class TokenTest : public testing::Test {
 protected:
  static std::string Signed(std::string_view claims, std::string_view header = kHeader,
                            std::string_view secret = kSecret) {
    const std::string input = Base64Url(header) + "." + Base64Url(claims);
    const Sha256Digest digest = HmacSha256(secret, input);
    return input + "." + Base64Url({reinterpret_cast<const char*>(digest.data()), digest.size()});
  }
  Token Verify(std::string_view text) const {
    return Token::Verify(text, rules_, WallTime{} + std::chrono::seconds(kNow));
  }
  TokenFault FaultOf(std::string_view claims) const { return Verify(Signed(claims)).fault(); }
  TokenFault FaultOfDate(std::string_view name, std::string_view value) const {
    return FaultOf(absl::StrFormat(R"({"%s":%s})", name, value));
  }
  TokenFault FaultOfHeader(std::string_view header) const {
    return Verify(Signed("{}", header)).fault();
  }

  static constexpr std::string_view kSecret = "a secret of thirty-two bytes....";
  TokenRules rules_{.secrets = {std::string(kSecret)}};
};

// RFC 7515 appendix A.1: its date is over since 2011, and its key holds any bytes.
TEST_F(TokenTest, IsVerifiedAsInThePublishedExample) {
  rules_.secrets = {*FromBase64Url(
      "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1"
      "Z9CAow")};
  constexpr std::string_view kText =
      "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9"
      ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0"
      "cnVlfQ"
      ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
  const Token then = Token::Verify(kText, rules_, WallTime{} + 1'300'819'000s);
  ASSERT_TRUE(then.good()) << then.why();
  EXPECT_EQ(then.Claim("iss"), "joe");
  EXPECT_EQ(then.Claim("http://example.com/is_root"), "true");
  EXPECT_EQ(Verify(kText).fault(), TokenFault::kExpired);
}

TEST_F(TokenTest, ClaimsAreTextsWholeNumbersAndTruthValues) {
  const Token token = Verify(Signed(
      R"({"sub":"ann","id":-7,"big":18446744073709551615,"vip":true,"none":null,"part":1.5,
          "huge":1e30,"user":{"id":"u1","shop":{"no":9}},"roles":["buyer","admin"],"esc":"a\"\u00e4"})"));
  ASSERT_TRUE(token.good()) << token.why();
  EXPECT_EQ(token.Claim("sub"), "ann");
  EXPECT_EQ(token.Claim("id"), "-7");
  EXPECT_EQ(token.Claim("big"), "18446744073709551615");
  EXPECT_EQ(token.Claim("vip"), "true");
  EXPECT_EQ(token.Claim("user.id"), "u1");
  EXPECT_EQ(token.Claim("user.shop.no"), "9");
  EXPECT_EQ(token.Claim("roles.1"), "admin");
  EXPECT_EQ(token.Claim("esc"), "a\"\u00e4");
  for (const char* none : {"none", "part", "huge", "user", "roles", "roles.2", "", "su", "subs"}) {
    EXPECT_EQ(token.Claim(none), std::nullopt) << none;
  }
}

TEST_F(TokenTest, OnlyHs256IsAnAlgorithm) {
  for (const char* header :
       {R"({"alg":"none"})", R"({"alg":"None"})", R"({"alg":"hs256"})", R"({"alg":"HS384"})",
        R"({"alg":"RS256"})", R"({"typ":"JWT"})", R"({"alg":null})", R"({"alg":["HS256"]})",
        R"({"alg":"HS256","crit":["b64"],"b64":false})", R"({"alg":"HS256","crit":[]})"}) {
    EXPECT_EQ(FaultOfHeader(header), TokenFault::kAlgorithm) << header;
  }
  // As forged: without any signature.
  const std::string none = Base64Url(R"({"alg":"none"})") + "." + Base64Url("{}") + ".";
  EXPECT_EQ(Verify(none).fault(), TokenFault::kAlgorithm);
}

TEST_F(TokenTest, NothingIsReadOfATokenThatOthersSigned) {
  const Token token =
      Verify(Signed(R"({"sub":"ann"})", kHeader, "another secret, of 32 bytes too"));
  EXPECT_EQ(token.fault(), TokenFault::kSignature);
  EXPECT_EQ(token.Claim("sub"), std::nullopt);
  EXPECT_FALSE(token.why().empty());
}

TEST_F(TokenTest, EveryByteIsUnderTheSignature) {
  const std::string good = Signed(R"({"sub":"ann"})");
  for (size_t i = 0; i < good.size(); ++i) {
    std::string changed = good;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(Verify(changed).good()) << i;
    EXPECT_FALSE(Verify(good.substr(0, i)).good()) << i;
  }
  EXPECT_FALSE(Verify(good + "A").good());
  EXPECT_FALSE(Verify(good.substr(0, good.rfind('.') + 1)).good()) << "no signature";
}

TEST_F(TokenTest, OneOfSeveralSecretsIsEnough) {
  rules_.secrets.insert(rules_.secrets.begin(), std::string(40, 'n'));
  EXPECT_TRUE(Verify(Signed("{}")).good());
  EXPECT_TRUE(Verify(Signed("{}", kHeader, std::string(40, 'n'))).good());
}

TEST_F(TokenTest, IsGoodFromNbfToExpGiveOrTakeTheLeeway) {
  const auto at = [](int64_t offset) { return absl::StrFormat("%d", kNow + offset); };
  EXPECT_EQ(FaultOfDate("exp", at(1)), TokenFault::kNone);
  EXPECT_EQ(FaultOfDate("exp", at(-59)), TokenFault::kNone);
  EXPECT_EQ(FaultOfDate("exp", at(-60)), TokenFault::kExpired);
  EXPECT_EQ(FaultOfDate("nbf", at(60)), TokenFault::kNone);
  EXPECT_EQ(FaultOfDate("nbf", at(61)), TokenFault::kNotYet);
  EXPECT_EQ(FaultOfDate("exp", at(-60) + ".5"), TokenFault::kNone) << "fractions are allowed";
  EXPECT_EQ(FaultOfDate("iat", at(99999)), TokenFault::kNone) << "when it was made decides nothing";
  rules_.leeway = 0s;
  EXPECT_EQ(FaultOfDate("exp", at(0)), TokenFault::kExpired);
  EXPECT_EQ(FaultOfDate("nbf", at(0)), TokenFault::kNone);
}

TEST_F(TokenTest, AbsurdDatesAreRefused) {
  for (const char* name : {"exp", "nbf", "iat"}) {
    for (const char* value :
         {"-1", "-1e300", "253402300800", "9223372036854775807", "18446744073709551616", "1e300",
          "\"1795770000\"", "true", "null", "[1795770000]", "{}"}) {
      EXPECT_EQ(FaultOfDate(name, value), TokenFault::kDate) << name << " " << value;
    }
  }
  EXPECT_EQ(FaultOfDate("exp", "1e400"), TokenFault::kMalformed) << "no number at all";
  EXPECT_EQ(FaultOfDate("exp", "0"), TokenFault::kExpired);
  EXPECT_EQ(FaultOfDate("exp", "253402300799"), TokenFault::kNone);
}

TEST_F(TokenTest, AClockOutsideOfAllDatesIsNoTrouble) {
  const std::string token = Signed(R"({"exp":253402300799,"nbf":0})");
  EXPECT_EQ(Token::Verify(token, rules_, WallTime::min()).fault(), TokenFault::kNotYet);
  EXPECT_TRUE(Token::Verify(token, rules_, WallTime::max()).good());
  EXPECT_EQ(Token::Verify(Signed(R"({"exp":1})"), rules_, WallTime::max()).fault(),
            TokenFault::kExpired);
}

TEST_F(TokenTest, MayHaveToEnd) {
  EXPECT_TRUE(Verify(Signed("{}")).good());
  rules_.must_end = true;
  EXPECT_EQ(FaultOf("{}"), TokenFault::kDate);
}

TEST_F(TokenTest, IssuerAndAudienceAreAskedForWhereTheRulesDo) {
  rules_.issuer = "https://id.shop.example";
  EXPECT_EQ(FaultOf("{}"), TokenFault::kIssuer);
  EXPECT_EQ(FaultOf(R"({"iss":"https://evil.example"})"), TokenFault::kIssuer);
  EXPECT_EQ(FaultOf(R"({"iss":"https://id.shop.example"})"), TokenFault::kNone);
  rules_ = {.secrets = rules_.secrets, .audience = "shop"};
  EXPECT_EQ(FaultOf("{}"), TokenFault::kAudience);
  EXPECT_EQ(FaultOf(R"({"aud":"bank"})"), TokenFault::kAudience);
  EXPECT_EQ(FaultOf(R"({"aud":"shop"})"), TokenFault::kNone);
  EXPECT_EQ(FaultOf(R"({"aud":["bank","shop"]})"), TokenFault::kNone);
  EXPECT_EQ(FaultOf(R"({"aud":{"x":"shop"},"audio":"shop"})"), TokenFault::kAudience);
}

TEST_F(TokenTest, ANameThatStandsTwiceIsRefused) {
  for (const char* claims : {R"({"sub":"ann","sub":"bob"})", R"({"sub":"ann","s\u0075b":"bob"})",
                             R"({"a":{"b":1,"b":2}})", R"({"a":{},"a":{}})",
                             R"({"a":{"b":1},"a.b":2})", R"({"a":[1],"a.0":2})", R"({"":1})"}) {
    EXPECT_EQ(FaultOf(claims), TokenFault::kMalformed) << claims;
  }
  EXPECT_EQ(FaultOfHeader(R"({"alg":"none","alg":"HS256"})"), TokenFault::kMalformed);
}

TEST_F(TokenTest, WhatIsNoJsonObjectIsRefused) {
  for (const char* claims : {"", "null", "7", "\"x\"", "[]", "{", "{}x", "{} {}", "{'a':1}",
                             "{\"a\":1,}", "{\"a\":NaN}", "{\"a\":\"\xff\"}", "// x\n{}"}) {
    EXPECT_EQ(FaultOf(claims), TokenFault::kMalformed) << claims;
    EXPECT_EQ(FaultOfHeader(claims), TokenFault::kMalformed) << claims;
  }
}

TEST_F(TokenTest, SizeDepthNumberAndLengthOfNamesAreBounded) {
  const auto nested = [](size_t levels) {
    std::string text;
    for (size_t i = 0; i < levels; ++i) text += "{\"a\":";
    return text + "1" + std::string(levels, '}');
  };
  EXPECT_EQ(FaultOf(nested(8)), TokenFault::kNone);
  EXPECT_EQ(FaultOf(nested(9)), TokenFault::kMalformed);
  const auto list = [](size_t elements) {
    std::string text = "{\"a\":[1";
    for (size_t i = 1; i < elements; ++i) text += ",1";
    return text + "]}";
  };
  EXPECT_EQ(FaultOf(list(255)), TokenFault::kNone);
  EXPECT_EQ(FaultOf(list(256)), TokenFault::kMalformed);
  EXPECT_EQ(FaultOf("{\"" + std::string(256, 'n') + "\":1}"), TokenFault::kNone);
  EXPECT_EQ(FaultOf("{\"" + std::string(257, 'n') + "\":1}"), TokenFault::kMalformed);
  EXPECT_EQ(FaultOf("{\"a\":\"" + std::string(5000, 'x') + "\"}"), TokenFault::kNone);
  EXPECT_EQ(FaultOf("{\"a\":\"" + std::string(7000, 'x') + "\"}"), TokenFault::kTooLarge);
  EXPECT_EQ(Verify(std::string(64 << 10, '.')).fault(), TokenFault::kTooLarge);
  EXPECT_EQ(FaultOf(std::string(6000, '[')), TokenFault::kMalformed);
}

TEST_F(TokenTest, WhatIsNotOfThreePartsIsNone) {
  EXPECT_EQ(Verify("").fault(), TokenFault::kAbsent);
  EXPECT_EQ(Token().fault(), TokenFault::kAbsent);
  for (const char* text : {"x", ".", "..", "a.b", "a.b.c.d", "=.=.=", "e30.e30.e30.e30.e30"}) {
    EXPECT_EQ(Verify(text).fault(), TokenFault::kMalformed) << text;
  }
}

TEST_F(TokenTest, EveryFaultHasANameOfItsOwn) {
  for (size_t a = 0; a < kTokenFaults; ++a) {
    for (size_t b = 0; b < a; ++b) {
      EXPECT_NE(TokenFaultName(static_cast<TokenFault>(a)),
                TokenFaultName(static_cast<TokenFault>(b)));
    }
  }
}

}  // namespace
}  // namespace sluice::crypto
