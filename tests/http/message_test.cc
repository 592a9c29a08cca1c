#include "proxy/http/message.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::http {
namespace {

std::string TextOf(const Fields& fields) {
  std::string text;
  for (const Field& field : fields) {
    text.append(field.name).append("=").append(field.value).append(" ");
  }
  return text;
}

class FieldsTest : public testing::Test {
 protected:
  Arena arena_;
  Fields fields_{arena_};
};

TEST(FieldIdTest, EveryNameIsKnownInAnyCase) {
  const struct {
    std::string_view name;
    FieldId id;
  } kNames[] = {
      {"Accept", FieldId::kAccept},
      {"Connection", FieldId::kConnection},
      {"Content-Length", FieldId::kContentLength},
      {"Content-Type", FieldId::kContentType},
      {"Cookie", FieldId::kCookie},
      {"Date", FieldId::kDate},
      {"Expect", FieldId::kExpect},
      {"Forwarded", FieldId::kForwarded},
      {"Host", FieldId::kHost},
      {"Keep-Alive", FieldId::kKeepAlive},
      {"Location", FieldId::kLocation},
      {"Proxy-Authenticate", FieldId::kProxyAuthenticate},
      {"Proxy-Authorization", FieldId::kProxyAuthorization},
      {"Proxy-Connection", FieldId::kProxyConnection},
      {"Referer", FieldId::kReferer},
      {"Retry-After", FieldId::kRetryAfter},
      {"Server", FieldId::kServer},
      {"TE", FieldId::kTe},
      {"Trailer", FieldId::kTrailer},
      {"Transfer-Encoding", FieldId::kTransferEncoding},
      {"Upgrade", FieldId::kUpgrade},
      {"User-Agent", FieldId::kUserAgent},
      {"Via", FieldId::kVia},
      {"X-Forwarded-For", FieldId::kXForwardedFor},
      {"X-Forwarded-Host", FieldId::kXForwardedHost},
      {"X-Forwarded-Proto", FieldId::kXForwardedProto},
      {"X-Request-Id", FieldId::kXRequestId},
  };
  EXPECT_EQ(std::size(kNames), static_cast<size_t>(FieldId::kXRequestId));
  for (const auto& [name, id] : kNames) {
    std::string lower(name);
    std::string upper(name);
    for (char& c : lower) c = static_cast<char>(std::tolower(c));
    for (char& c : upper) c = static_cast<char>(std::toupper(c));
    EXPECT_EQ(IdOf(name), id) << name;
    EXPECT_EQ(IdOf(lower), id) << lower;
    EXPECT_EQ(IdOf(upper), id) << upper;
  }
}

TEST(FieldIdTest, ANameThatDiffersInOneCharacterIsAnother) {
  for (const std::string_view name :
       {"Hosts", "Hos", "Hpst", "Content_Length", "Content-Lengti", "Dontent-Length",
        "Transfer-EncodinG_", "Transfer_Encoding", "Connectiom", "", "X-Forwarded-Fo"}) {
    EXPECT_EQ(IdOf(name), FieldId::kOther) << name;
  }
}

TEST_F(FieldsTest, OrderAndRepetitionAreKept) {
  fields_.Add("A", "1");
  fields_.Add("B", "2");
  fields_.Add("a", "3");
  EXPECT_EQ(TextOf(fields_), "A=1 B=2 a=3 ");
}

TEST_F(FieldsTest, GrowingKeepsWhatWasThere) {
  std::string expected;
  for (int i = 0; i < 100; ++i) {
    const std::string_view value = arena_.Copy(std::to_string(i));
    fields_.Add("N", value);
    expected.append("N=").append(value).append(" ");
  }
  EXPECT_EQ(TextOf(fields_), expected);
}

TEST_F(FieldsTest, AFieldOfTheListItselfCanBeAddedAgain) {
  for (int i = 0; i < 16; ++i) fields_.Add("N", "v");
  fields_.Add(*fields_.begin());
  EXPECT_EQ(fields_.size(), 17u);
  EXPECT_EQ(fields_.end()[-1].value, "v");
}

TEST_F(FieldsTest, SetPutsOneFieldInThePlaceOfTheFirst) {
  fields_.Add("A", "1");
  fields_.Add("X-Request-Id", "old");
  fields_.Add("B", "2");
  fields_.Add("x-request-id", "older");
  fields_.Set("X-Request-ID", "new");
  EXPECT_EQ(TextOf(fields_), "A=1 X-Request-Id=new B=2 ");
}

TEST_F(FieldsTest, SetOfANewNameAddsIt) {
  fields_.Add("A", "1");
  fields_.Set("B", "2");
  EXPECT_EQ(TextOf(fields_), "A=1 B=2 ");
}

TEST_F(FieldsTest, RemoveTakesEveryFieldOfThatName) {
  fields_.Add("A", "1");
  fields_.Add("Cookie", "c");
  fields_.Add("a", "2");
  fields_.Add("cookie", "d");
  fields_.Remove(FieldId::kCookie);
  EXPECT_EQ(TextOf(fields_), "A=1 a=2 ");
  fields_.Remove("A");
  EXPECT_TRUE(fields_.empty());
}

TEST_F(FieldsTest, FindGivesTheFirst) {
  fields_.Add("Via", "one");
  fields_.Add("Via", "two");
  EXPECT_EQ(fields_.Find(FieldId::kVia)->value, "one");
  EXPECT_EQ(fields_.Find("vIA")->value, "one");
  EXPECT_EQ(fields_.Find(FieldId::kHost), nullptr);
  EXPECT_EQ(fields_.Find("Other"), nullptr);
  EXPECT_EQ(fields_.Value(FieldId::kHost), "");
}

TEST_F(FieldsTest, JoinedPutsACommaBetweenSeveralAndNothingElse) {
  EXPECT_EQ(fields_.Joined(FieldId::kVia), "");
  fields_.Add("Via", "1.1 a");
  EXPECT_EQ(fields_.Joined(FieldId::kVia), "1.1 a");
  fields_.Add("X", "y");
  fields_.Add("via", "1.1 b");
  EXPECT_EQ(fields_.Joined(FieldId::kVia), "1.1 a, 1.1 b");
}

TEST(MethodTest, OnlyMethodsThatMayBeRepeatedAreIdempotent) {
  EXPECT_TRUE(IsIdempotent(Method::kGet));
  EXPECT_TRUE(IsIdempotent(Method::kDelete));
  EXPECT_FALSE(IsIdempotent(Method::kPost));
  EXPECT_FALSE(IsIdempotent(Method::kPatch));
  EXPECT_FALSE(IsIdempotent(Method::kOther));
}

TEST(ReasonTest, StandardStatusesHaveTheirPhrase) {
  EXPECT_EQ(ReasonOf(200), "OK");
  EXPECT_EQ(ReasonOf(431), "Request Header Fields Too Large");
  EXPECT_EQ(ReasonOf(599), "Unknown");
}

}  // namespace
}  // namespace sluice::http
