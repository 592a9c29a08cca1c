// What may be written in [access].
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/conf/files.h"

namespace sluice::conf {
namespace {

using testing::HasSubstr;

class AccessTest : public Files {
 protected:
  static std::string With(std::string_view keys) {
    return std::string(kListener).append(kPool).append("[access]\n").append(keys);
  }
};

TEST_F(AccessTest, EverybodyIsLetInUnlessSomethingIsWritten) {
  EXPECT_EQ(Good(With("")).access, Access{});
  Write("lists/deny.txt", "10.0.0.0/8\n");
  const Access access = Good(With("deny = \"203.0.113.7\"\nallow = [\"10.0.0.0/8\", \"fd00::/8\"]\n"
                                  "deny_file = \"lists/deny.txt\"\ndefault = \"deny\"\n"))
                            .access;
  EXPECT_EQ(access.deny, std::vector<std::string>{"203.0.113.7"});
  EXPECT_EQ(access.allow.size(), 2u);
  EXPECT_EQ(access.deny_file, (File{"lists/deny.txt", "10.0.0.0/8\n"}));
  EXPECT_TRUE(access.deny_others);
}

TEST_F(AccessTest, OnlyAddressesAndNetworksAreWritten) {
  EXPECT_THAT(Wrong(With("deny = [\"unix\"]")), HasSubstr("is no address or range"));
  EXPECT_THAT(Wrong(With("deny = [\"shop.example\"]")), HasSubstr("is no address or range"));
  EXPECT_THAT(Wrong(With("allow = [\"10.0.0.1/8\"]")), HasSubstr("did you mean \"10.0.0.0/8\""));
  EXPECT_THAT(Wrong(With("default = \"block\"")), HasSubstr("it may be allow or deny"));
  EXPECT_THAT(Wrong(With("deny_file = \"none.txt\"")), HasSubstr("cannot be read"));
}

TEST_F(AccessTest, AListMayBeLargerThanOtherFiles) {
  Write("list.txt", std::string(kLargestAccessFile, '\n'));
  EXPECT_EQ(Wrong(With("allow_file = \"list.txt\"")), "");
  Write("list.txt", std::string(kLargestAccessFile + 1, '\n'));
  EXPECT_THAT(Wrong(With("allow_file = \"list.txt\"")), HasSubstr("may have 67108864 bytes"));
  Write("token", std::string((1 << 20) + 1, 'x'));
  EXPECT_THAT(Wrong(std::string(kListener).append(kPool).append("[admin]\ntoken_file = \"token\"")),
              HasSubstr("may have 1048576 bytes"));
}

}  // namespace
}  // namespace sluice::conf
