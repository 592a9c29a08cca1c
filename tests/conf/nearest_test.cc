#include "conf/nearest.h"

#include <gtest/gtest.h>

#include <array>

namespace sluice::conf {
namespace {

constexpr std::array<std::string_view, 4> kNames = {"address", "backlog", "name", "max_head"};

TEST(NearestTest, CountsInsertionsOmissionsChangesAndSwaps) {
  EXPECT_EQ(EditDistance("address", "address"), 0u);
  EXPECT_EQ(EditDistance("adress", "address"), 1u);
  EXPECT_EQ(EditDistance("addresss", "address"), 1u);
  EXPECT_EQ(EditDistance("eddress", "address"), 1u);
  EXPECT_EQ(EditDistance("adderss", "address"), 1u);
  EXPECT_EQ(EditDistance("", "abc"), 3u);
  EXPECT_EQ(EditDistance("abc", ""), 3u);
}

TEST(NearestTest, FindsWhatWasMeant) {
  EXPECT_EQ(Nearest("adress", kNames), "address");
  EXPECT_EQ(Nearest("backlgo", kNames), "backlog");
  EXPECT_EQ(Nearest("max-head", kNames), "max_head");
}

TEST(NearestTest, AsksAboutNothingThatIsFar) {
  EXPECT_EQ(Nearest("zzz", kNames), "");
  EXPECT_EQ(Nearest("", kNames), "");
  EXPECT_EQ(Nearest(std::string(10'000, 'a'), kNames), "");
}

TEST(NearestTest, ListsTheNamesWhenNoneIsNear) {
  EXPECT_EQ(MayBe("zzz", kNames), "; it may be address, backlog, name or max_head");
  EXPECT_EQ(MayBe("nam", kNames), "; did you mean 'name'?");
  EXPECT_EQ(MayBe("nam", {}), "");
}

}  // namespace
}  // namespace sluice::conf
