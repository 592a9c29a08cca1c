#include "proxy/admission/limit_key.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "ratelimit/keyed_gate.h"
#include "tests/admission/asking.h"

namespace sluice::admission {
namespace {

using testing::HasSubstr;

constexpr SipKey kSecret = {1, 2, 3};

class LimitKeyTest : public testing::Test {
 protected:
  static LimitKey By(std::vector<std::string> parts, uint8_t ipv4 = 32, uint8_t ipv6 = 64) {
    return *LimitKey::Prepare({.parts = std::move(parts), .ipv4_bits = ipv4, .ipv6_bits = ipv6},
                              kSecret);
  }
  uint64_t Hash(const LimitKey& key) { return key.Of(request_.asker()).hash; }
  uint64_t HashFrom(const LimitKey& key, std::string_view ip) {
    request_.From(ip);
    return Hash(key);
  }
  std::string Missing(const std::string& part) {
    const LimitKey key = By({part});
    const LimitKey::Key of = key.Of(request_.asker());
    return of.missing == nullptr ? "" : of.missing->ToString();
  }
  static uint64_t Typed(const LimitKey& key, std::vector<std::string_view> values) {
    return key.Parse(values).value();
  }

  Asking request_;
};

TEST_F(LimitKeyTest, EveryPartTellsApartWhatDiffersInItAndNothingElse) {
  request_.Says("X-User", "ann");
  request_.Says("Cookie", "a=1; session=s1");
  request_.tls.ja4 = "t13d1516h2_8daaf6152771_02713d6af862";
  const std::vector<std::string> all = {
      "client_ip", "header:x-user", "cookie:session", "query:page",
      "path",      "method",        "host",           "ja4"};
  std::vector<LimitKey> keys;
  std::vector<uint64_t> before;
  for (const std::string& part : all) {
    keys.push_back(By({part}));
    before.push_back(Hash(keys.back()));
  }
  request_.From("203.0.113.8");
  request_.head.fields.Set("X-User", "bob");
  request_.head.fields.Set("Cookie", "session=s2; a=1");
  request_.head.query = "page=3";
  request_.head.path = "/other";
  request_.head.method_text = "PUT";
  request_.head.host = "other.example";
  request_.tls.ja4 = "t13d1516h2_8daaf6152771_000000000000";
  for (size_t i = 0; i < all.size(); ++i) EXPECT_NE(Hash(keys[i]), before[i]) << all[i];

  request_.head.fields.Set("X-User", "ann");
  EXPECT_EQ(Hash(keys[1]), before[1]) << "whatever else is different";
  EXPECT_NE(Hash(By({"listener"})), Hash(By({"route"})));
  EXPECT_EQ(By({}).Of(request_.asker()).missing, nullptr);
}

TEST_F(LimitKeyTest, TheSameValueOfAnotherPartIsAnotherKey) {
  request_.Says("X-User", "s1");
  request_.Says("Cookie", "session=s1; other=s1");
  request_.head.query = "session=s1";
  request_.head.path = "s1";
  std::set<uint64_t> hashes;
  for (const char* part :
       {"header:x-user", "cookie:session", "cookie:other", "query:session", "path"})
    hashes.insert(Hash(By({part})));
  EXPECT_EQ(hashes.size(), 5u);
}

TEST_F(LimitKeyTest, WhereOneValueEndsAndTheNextBeginsCounts) {
  const LimitKey key = By({"path", "host"});
  request_.head.path = "/ab";
  request_.head.host = "c";
  const uint64_t first = Hash(key);
  request_.head.path = "/a";
  request_.head.host = "bc";
  EXPECT_NE(Hash(key), first);
}

TEST_F(LimitKeyTest, AnAddressCountsByItsPrefix) {
  const LimitKey key = By({"client_ip"});
  EXPECT_NE(HashFrom(key, "203.0.113.7"), HashFrom(key, "203.0.113.8"));
  EXPECT_EQ(HashFrom(key, "2001:db8:1:2::1"), HashFrom(key, "2001:db8:1:2:ffff::9"));
  EXPECT_NE(HashFrom(key, "2001:db8:1:2::1"), HashFrom(key, "2001:db8:1:3::1"));
  EXPECT_EQ(HashFrom(key, "203.0.113.7"), HashFrom(key, "::ffff:203.0.113.7"));
  const LimitKey wide = By({"client_ip"}, 23, 47);
  EXPECT_EQ(HashFrom(wide, "203.0.112.7"), HashFrom(wide, "203.0.113.8"));
  EXPECT_NE(HashFrom(wide, "203.0.112.7"), HashFrom(wide, "203.0.114.7"));
  EXPECT_EQ(HashFrom(wide, "2001:db8:0::"), HashFrom(wide, "2001:db8:1:ffff::"));
  EXPECT_NE(HashFrom(wide, "2001:db8:1::"), HashFrom(wide, "2001:db8:2::"));
  const LimitKey none = By({"client_ip"}, 0, 0);
  EXPECT_EQ(HashFrom(none, "1.2.3.4"), HashFrom(none, "203.0.113.7"));
  EXPECT_NE(HashFrom(none, "1.2.3.4"), HashFrom(none, "2001:db8::")) << "the families stay apart";
  const LimitKey exact = By({"client_ip"}, 32, 128);
  EXPECT_NE(HashFrom(exact, "2001:db8::1"), HashFrom(exact, "2001:db8::2"));
  EXPECT_NE(HashFrom(exact, "203.0.113.7"), HashFrom(key, "203.0.113.7"))
      << "of other prefixes, other keys: 10.0.0.0 may mean a network of one";
}

TEST_F(LimitKeyTest, WhatIsMissingIsSaidAndIsAKeyOfItsOwn) {
  for (const char* part : {"header:x-user", "cookie:session", "query:id", "jwt:sub", "ja4"}) {
    EXPECT_EQ(Missing(part), part);
  }
  for (const char* part : {"client_ip", "path", "method", "host", "route", "listener"}) {
    EXPECT_EQ(Missing(part), "") << part;
  }
  request_.Says("X-User", "");
  request_.Says("Cookie", "session=; id=\"\"");
  EXPECT_EQ(Missing("header:x-user"), "header:x-user") << "an empty value tells nobody apart";
  EXPECT_EQ(Missing("cookie:session"), "cookie:session");
  EXPECT_EQ(Missing("cookie:id"), "cookie:id");
  request_.client = {};
  request_.client.peer_is_unix = true;
  EXPECT_EQ(Missing("client_ip"), "client_ip") << "nobody was named";

  const LimitKey key = By({"cookie:session", "path"});
  const uint64_t lacking = Hash(key);
  EXPECT_EQ(Hash(key), lacking);
  request_.head.path = "/other";
  EXPECT_NE(Hash(key), lacking) << "they are the same otherwise";
}

TEST_F(LimitKeyTest, NoSpellingOfAParameterMakesItAnother) {
  const LimitKey key = By({"query:user"});
  request_.head.query = "user=ann lee";
  const uint64_t plain = Hash(key);
  for (const char* query :
       {"user=ann+lee", "user=%61nn%20lee", "x=1&us%65r=ann%20le%65", "user=ann+lee&user=bob"}) {
    request_.head.query = query;
    EXPECT_EQ(Hash(key), plain) << query;
  }
  request_.head.query = "user=ann%2Blee";
  EXPECT_NE(Hash(key), plain);
  request_.head.query = "user=100%";
  EXPECT_EQ(Hash(key), Typed(key, {"100%"}));
}

TEST_F(LimitKeyTest, ATokenCountsByAClaimAndOnlyWhenItIsGood) {
  TokenPlace place{.rules = {.secrets = {std::string(Asking::kSecret)}}};
  const LimitKey key = By({"jwt:sub"});
  const auto of = [&](const std::string& token) {
    request_.head.fields.Set("Authorization", request_.texts.emplace_back("Bearer " + token));
    Bearer bearer(place, request_.head, WallTime{} + std::chrono::hours(1));
    request_.bearer = &bearer;
    return key.Of(request_.asker());
  };
  EXPECT_EQ(of(Asking::TokenOf(R"({"sub":"ann"})")).hash, Typed(key, {"ann"}));
  EXPECT_EQ(of(Asking::TokenOf(R"({"sub":"ann","jti":"other"})")).hash, Typed(key, {"ann"}));
  EXPECT_NE(of(Asking::TokenOf(R"({"sub":"bob"})")).hash, Typed(key, {"ann"}));
  std::string forged = Asking::TokenOf(R"({"sub":"ann"})");
  forged.back() = forged.back() == 'A' ? 'B' : 'A';
  EXPECT_NE(of(forged).missing, nullptr);
  EXPECT_NE(of(Asking::TokenOf(R"({"sub":"ann","exp":1})")).missing, nullptr) << "it is over";
  EXPECT_NE(of(Asking::TokenOf(R"({"sub":["ann"]})")).missing, nullptr);
  EXPECT_NE(
      of(crypto::Base64Url(R"({"alg":"none"})") + "." + crypto::Base64Url(R"({"sub":"ann"})") + ".")
          .missing,
      nullptr);
}

TEST_F(LimitKeyTest, AValueOfAnySizeIsHashedToItsEnd) {
  const LimitKey key = By({"header:x-key", "cookie:id"});
  const std::string large(64 << 10, 'k');
  request_.Says("X-Key", large);
  std::string cookies;
  for (int i = 0; i < 10'000; ++i) cookies += "c" + std::to_string(i) + "=x; ";
  request_.Says("Cookie", cookies + "id=" + large);
  const uint64_t hash = Hash(key);
  EXPECT_EQ(key.Of(request_.asker()).missing, nullptr);
  request_.head.fields.Set("X-Key", request_.texts.emplace_back(large.substr(1) + "l"));
  EXPECT_NE(Hash(key), hash);
  EXPECT_LE(key.Describe(request_.asker()).size(), LimitKey::kLongestText);
}

// What one address may do with cookies: fill a table, which stays as it is, and not get round the
// limit on its address.
TEST_F(LimitKeyTest, AMillionCookiesFromOneAddressAreAMillionKeysInTheSameMemory) {
  ratelimit::KeyedGate by_cookie(
      {.limit = {.rate = {.count = 1, .per = std::chrono::hours(1)}, .burst = 1}, .keys = 4096});
  ratelimit::KeyedGate by_address(
      {.limit = {.rate = {.count = 1, .per = std::chrono::hours(1)}, .burst = 100}, .keys = 4096});
  const LimitKey cookie = By({"cookie:id"});
  const LimitKey address = By({"client_ip"});
  const size_t bytes = by_cookie.bytes();
  const ratelimit::TimePoint now{std::chrono::hours(1)};
  int passed = 0;
  request_.Says("Cookie", "");
  std::string value;
  for (int i = 0; i < 1'000'000; ++i) {
    value = "id=" + std::to_string(i);
    request_.head.fields.begin()->value = value;
    const bool admitted = by_cookie.Charge(Hash(cookie), now).allowed &&
                          by_address.Charge(Hash(address), now).allowed;
    passed += admitted ? 1 : 0;
  }
  EXPECT_EQ(passed, 100);
  EXPECT_EQ(by_cookie.bytes(), bytes);
}

TEST_F(LimitKeyTest, AnotherSecretMakesOtherKeys) {
  const auto other = LimitKey::Prepare({.parts = {"path"}}, SipKey{});
  EXPECT_NE(Hash(*other), Hash(By({"path"})));
}

TEST_F(LimitKeyTest, LimitsWithTheSamePartsHaveTheSameKeys) {
  EXPECT_EQ(Hash(By({"header:X-User", "path"})), Hash(By({"header:x-user", "path"})));
  EXPECT_NE(Hash(By({"host", "path"})), Hash(By({"path", "host"})));
}

TEST_F(LimitKeyTest, IsDescribedForPeopleWithoutItsSecrets) {
  request_.Says("Cookie", "session=hunter2");
  request_.Says("User-Agent", "curl/8 \x1b[2J\xff");
  request_.Says("X-Api-Key", "hunter3");
  const std::string text =
      By({"client_ip", "cookie:session", "header:user-agent", "header:x-api-key", "ja4", "path"})
          .Describe(request_.asker());
  EXPECT_THAT(text,
              testing::MatchesRegex("client_ip=203\\.0\\.113\\.7 cookie:session=\\([0-9a-f]{8}\\) "
                                    "header:user-agent=curl/8\\?\\?\\[2J\\? "
                                    "header:x-api-key=\\([0-9a-f]{8}\\) ja4=- path=/cart"));
  request_.From("2001:db8:1:2::1");
  EXPECT_EQ(By({"client_ip"}).Describe(request_.asker()), "client_ip=2001:db8:1:2::/64");
  EXPECT_EQ(By({}).Describe(request_.asker()), "all");
  request_.head.path = request_.texts.emplace_back("/" + std::string(5000, 'x'));
  EXPECT_EQ(By({"path"}).Describe(request_.asker()).size(), std::string("path=").size() + 64);
}

TEST_F(LimitKeyTest, AKeyCanBeTyped) {
  request_.Says("Cookie", "session=s1");
  const LimitKey address = By({"client_ip"});
  EXPECT_EQ(Typed(address, {"203.0.113.7"}), Hash(address));
  EXPECT_EQ(Typed(By({"client_ip"}, 24), {"203.0.113.0/24"}), Hash(By({"client_ip"}, 24)));
  request_.From("2001:db8:1:2::1");
  EXPECT_EQ(Typed(address, {"2001:db8:1:2::ffff"}), Hash(address));
  const LimitKey both = By({"cookie:session", "path"});
  EXPECT_EQ(Typed(both, {"s1", "/cart"}), Hash(both));
  EXPECT_EQ(Typed(both, {LimitKey::Format(Hash(both))}), Hash(both));
  EXPECT_EQ(LimitKey::Format(0x2a), "#000000000000002a");
  const auto wrong = [](const LimitKey& key, std::vector<std::string_view> values) {
    return std::string(key.Parse(values).status().message());
  };
  EXPECT_THAT(wrong(both, {"s1"}), HasSubstr("cookie:session path"));
  EXPECT_THAT(wrong(address, {"shop"}), HasSubstr("no address"));
  EXPECT_THAT(wrong(address, {"#00g0000000000000"}), HasSubstr("no address"));
}

TEST_F(LimitKeyTest, WhatIsNoPartIsAnError) {
  const auto wrong = [](std::vector<std::string> parts) {
    return std::string(LimitKey::Prepare({.parts = std::move(parts)}, kSecret).status().message());
  };
  for (const char* part : {"", "ip", "header", "header:", "path:x", "cookie:", "jwt", "Path"}) {
    EXPECT_THAT(wrong({part}), HasSubstr("no part")) << part;
  }
  EXPECT_THAT(wrong({"header:X-A", "header:x-a"}), HasSubstr("twice"));
  EXPECT_THAT(wrong(std::vector<std::string>(9, "path")), HasSubstr("8 parts"));
  EXPECT_FALSE(LimitKey::Prepare({.parts = {"path"}, .ipv4_bits = 33}, kSecret).ok());
}

}  // namespace
}  // namespace sluice::admission
