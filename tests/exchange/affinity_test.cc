#include "proxy/exchange/affinity.h"

#include <gtest/gtest.h>

#include "proxy/base/arena.h"

namespace sluice::exchange {
namespace {

class AffinityTest : public testing::Test {
 protected:
  AffinityTest() {
    head_.path = "/shop";
    head_.query = "page=2&id=a%20b&id=c";
    head_.fields.Add("X-User", "ann");
    head_.fields.Add("Cookie", "a=1; session=s1");
  }
  std::optional<uint64_t> Key(std::string_view by, std::string_view ip = "10.0.0.1") {
    conf::Pool pool;
    pool.picker.strategy = "maglev";
    pool.hash = by;
    return Affinity(pool).KeyOf(head_, ip.empty() ? Ip{} : *Ip::Parse(ip));
  }

  Arena arena_;
  http::RequestHead head_{arena_};
};

TEST_F(AffinityTest, AKeyIsThatOfWhatThePoolNamesAndNothingElse) {
  EXPECT_NE(Key("client_ip"), Key("client_ip", "10.0.0.2"));
  for (const char* by : {"path", "header:x-user", "cookie:session", "query:id"}) {
    EXPECT_TRUE(Key(by).has_value()) << by;
    EXPECT_EQ(Key(by), Key(by, "10.0.0.2")) << by;
  }
  const auto path = Key("path"), user = Key("header:X-User"), cookie = Key("cookie:session"),
             id = Key("query:id");
  head_.path = "/other";
  EXPECT_NE(Key("path"), path);
  EXPECT_EQ(Key("header:x-user"), user);
  head_.fields.Set("X-User", "bob");
  head_.fields.Set("Cookie", "session=s2; a=1");
  head_.query = "id=d";
  EXPECT_NE(Key("header:X-User"), user);
  EXPECT_NE(Key("cookie:session"), cookie);
  EXPECT_NE(Key("query:id"), id);
}

TEST_F(AffinityTest, ARequestWithoutItHasNoKey) {
  EXPECT_EQ(Key("header:x-none"), std::nullopt);
  EXPECT_EQ(Key("cookie:none"), std::nullopt);
  EXPECT_EQ(Key("query:none"), std::nullopt);
  EXPECT_EQ(Key("client_ip", ""), std::nullopt) << "behind a Unix socket, and not named";
}

TEST_F(AffinityTest, OtherStrategiesNeedNoKey) {
  EXPECT_EQ(Affinity().KeyOf(head_, *Ip::Parse("10.0.0.1")), std::nullopt);
  EXPECT_EQ(Affinity(conf::Pool()).KeyOf(head_, *Ip::Parse("10.0.0.1")), std::nullopt);
}

}  // namespace
}  // namespace sluice::exchange
