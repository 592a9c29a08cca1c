#include "proxy/admission/bearer.h"

#include <gtest/gtest.h>

#include "tests/admission/asking.h"

namespace sluice::admission {
namespace {

class BearerTest : public testing::Test {
 protected:
  BearerTest() { place_.rules.secrets = {std::string(Asking::kSecret)}; }
  const TokenPlace& At(std::string_view header, std::string_view cookie = "") {
    place_.header = header;
    place_.cookie = cookie;
    return place_;
  }

  Asking request_;
  TokenPlace place_;
};

TEST_F(BearerTest, ATokenStandsBehindItsScheme) {
  EXPECT_EQ(place_.Find(request_.head), "");
  request_.Says("Authorization", "bEaReR  abc");
  EXPECT_EQ(place_.Find(request_.head), "abc");
  request_.head.fields.Set("Authorization", "Basic abc");
  EXPECT_EQ(place_.Find(request_.head), "");
  request_.head.fields.Set("Authorization", "Bearer");
  EXPECT_EQ(place_.Find(request_.head), "");
}

TEST_F(BearerTest, OrAloneInAHeaderOfItsOwnOrInACookie) {
  request_.Says("X-Token", "abc");
  request_.Says("Cookie", "a=1; id=def");
  EXPECT_EQ(At("x-token", "id").Find(request_.head), "abc");
  EXPECT_EQ(At("x-other", "id").Find(request_.head), "def");
  EXPECT_EQ(At("x-other", "none").Find(request_.head), "");
  EXPECT_EQ(At("x-other").Find(request_.head), "");
  request_.Says("Authorization", "Basic abc");
  EXPECT_EQ(At("authorization", "id").Find(request_.head), "def");
}

TEST_F(BearerTest, IsVerifiedWhenItIsAskedForAndOnce) {
  request_.Says("Authorization", "Bearer " + Asking::TokenOf(R"({"sub":"ann"})"));
  Bearer bearer(place_, request_.head, WallTime{});
  const crypto::Token& token = bearer.Get();
  EXPECT_EQ(token.Claim("sub"), "ann");
  request_.head.fields.Remove("Authorization");
  EXPECT_EQ(&bearer.Get(), &token);
  EXPECT_EQ(bearer.Get().Claim("sub"), "ann");
  EXPECT_EQ(Bearer(place_, request_.head, WallTime{}).Get().fault(), crypto::TokenFault::kAbsent);
}

}  // namespace
}  // namespace sluice::admission
