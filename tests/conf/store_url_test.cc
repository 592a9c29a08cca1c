#include "conf/store_url.h"

#include <gmock/gmock.h>

#include "absl/strings/str_format.h"
#include "conf/diff.h"
#include "tests/conf/files.h"

namespace sluice::conf {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

// "user|password|host|port|database", or what is wrong.
std::string Read(std::string_view text) {
  const absl::StatusOr<StoreUrl> url = ParseStoreUrl(text);
  if (!url.ok()) return std::string(url.status().message());
  return absl::StrFormat("%s|%s|%s|%d|%d", url->user, url->password, url->host, url->port,
                         url->database);
}

TEST(StoreUrl, EachPartMayBeLeftOutButTheHost) {
  EXPECT_EQ(Read("redis://store"), "||store|6379|0");
  EXPECT_EQ(Read("valkey://store/"), "||store|6379|0");
  EXPECT_EQ(Read("redis://store:7000/3"), "||store|7000|3");
  EXPECT_EQ(Read("redis://:pass@10.0.0.1:7000"), "|pass|10.0.0.1|7000|0");
  EXPECT_EQ(Read("redis://me:pass@store/15"), "me|pass|store|6379|15");
  EXPECT_EQ(Read("redis://[::1]"), "||::1|6379|0");
  EXPECT_EQ(Read("redis://[::1]:7000/1"), "||::1|7000|1");
  EXPECT_EQ(Read("unix:/run/redis/redis.sock"), "||unix:/run/redis/redis.sock|6379|0");
}

TEST(StoreUrl, WhatIsEscapedIsNotWhatItLooksLike) {
  EXPECT_EQ(Read("redis://a%3ab:p%40%2F%25@store"), "a:b|p@/%|store|6379|0");
}

TEST(StoreUrl, WhatIsWrongIsSaidWithoutThePassword) {
  for (const std::string_view text : {"",
                                      "redis://",
                                      "redis://:6379",
                                      "redis://store:0",
                                      "redis://store:65536",
                                      "redis://store:x",
                                      "redis://store/x",
                                      "redis://store/65536",
                                      "redis://secret@store",
                                      "redis://me:@store",
                                      "redis://:secret%4@store",
                                      "redis://:secret%zz@store",
                                      "http://store",
                                      "store:6379",
                                      "rediss://:secret@store",
                                      "redis://:sec/ret@store:x",
                                      "redis://a b",
                                      "unix:redis.sock",
                                      "redis://[::1",
                                      "redis://::1",
                                      "redis://:secret@"}) {
    EXPECT_FALSE(ParseStoreUrl(text).ok()) << text;
    EXPECT_THAT(Read(text), Not(HasSubstr("secret"))) << text;
  }
  EXPECT_THAT(Read("rediss://store"), HasSubstr("asks for TLS"));
}

TEST(StoreUrl, APasswordIsShownAsStars) {
  EXPECT_EQ(WithoutPassword("redis://me:secret@store/1"), "redis://me:***@store/1");
  EXPECT_EQ(WithoutPassword("redis://:sec@ret/@store"), "redis://:***@store");
  EXPECT_EQ(WithoutPassword("redis://store:6379"), "redis://store:6379");
  EXPECT_EQ(WithoutPassword("user@mail:x"), "user@mail:x");
  EXPECT_EQ(PasswordIn("redis://me:secret@store"), "secret");
}

class StoreSectionTest : public Files {
 protected:
  std::string WrongStore(std::string_view text) {
    return Wrong(absl::StrFormat("%s%s[store]\n%s\n", kListener, kPool, text));
  }
  Config GoodStore(std::string_view text) {
    return Good(absl::StrFormat("%s%s[store]\n%s\n", kListener, kPool, text));
  }
};

TEST_F(StoreSectionTest, AnErrorDoesNotRepeatThePassword) {
  const std::string wrong = WrongStore("url = \"redis://:secret@store:x\"");
  EXPECT_THAT(wrong, HasSubstr("redis://:***@store:x"));
  EXPECT_THAT(wrong, Not(HasSubstr("secret")));
}

TEST_F(StoreSectionTest, AReloadSaysThatThePasswordChangedAndNotWhatItIs) {
  const std::vector<std::string> changes = Diff(GoodStore("url = \"redis://:before@store\""),
                                                GoodStore("url = \"redis://:after@store\""));
  EXPECT_THAT(changes, Contains(HasSubstr("url")));
  EXPECT_THAT(changes, Not(Contains(HasSubstr("before"))));
  EXPECT_THAT(changes, Not(Contains(HasSubstr("after"))));
}

TEST_F(StoreSectionTest, ThePasswordMayBeInAFileWithoutItsLineEnd) {
  Write("store.password", "secret\n");
  const Config config = GoodStore("url = \"redis://store\"\npassword_file = \"store.password\"");
  EXPECT_EQ(config.store.password(), "secret");
}

TEST_F(StoreSectionTest, APasswordFileNeedsAUrlWithoutOneAndSomethingInIt) {
  Write("store.password", "secret\n");
  Write("empty", "\n");
  Write("two", "a\nb\n");
  EXPECT_THAT(WrongStore("password_file = \"store.password\""), HasSubstr("needs url"));
  EXPECT_THAT(WrongStore("url = \"redis://:x@store\"\npassword_file = \"store.password\""),
              HasSubstr("has a password already"));
  EXPECT_THAT(WrongStore("url = \"redis://store\"\npassword_file = \"empty\""),
              HasSubstr("is empty"));
  EXPECT_THAT(WrongStore("url = \"redis://store\"\npassword_file = \"two\""),
              HasSubstr("is not one line"));
}

TEST_F(StoreSectionTest, APrefixIsVisibleAndNotLong) {
  EXPECT_THAT(WrongStore("prefix = \"\""), HasSubstr("is no prefix"));
  EXPECT_THAT(WrongStore("prefix = \"a b\""), HasSubstr("is no prefix"));
  EXPECT_THAT(WrongStore(absl::StrFormat("prefix = \"%s\"", std::string(65, 'x'))),
              HasSubstr("is no prefix"));
}

}  // namespace
}  // namespace sluice::conf
