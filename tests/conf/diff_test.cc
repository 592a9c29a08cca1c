#include "conf/diff.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_format.h"
#include "tests/conf/files.h"

namespace sluice::conf {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class DiffTest : public Files {
 protected:
  Config With(std::string_view text) {
    return Good(absl::StrFormat("%s%s%s", kListener, kPool, text));
  }
  // From the plain file to the one with `text` at its end, where the pool is open.
  std::vector<std::string> Adding(std::string_view text) { return Diff(With(""), With(text)); }
};

TEST_F(DiffTest, TheSameIsNoDifference) { EXPECT_THAT(Adding("# a comment"), IsEmpty()); }

TEST_F(DiffTest, AChangedKeyIsShownBeforeAndAfter) {
  EXPECT_THAT(Adding("connect_timeout = \"2s\"\ntries = 2\noutlier.rest = \"1s\""),
              ElementsAre("pool 'web' changed: connect_timeout \"1s\" -> \"2s\", tries 3 -> 2, "
                          "outlier.rest \"2s\" -> \"1s\""));
  EXPECT_THAT(Adding("[log]\nlevel = \"warn\""),
              ElementsAre("log changed: level \"info\" -> \"warn\""));
}

TEST_F(DiffTest, ServersComeAndGoByAddress) {
  const Config before = Good(
      absl::StrFormat("%s[[pool]]\nname = \"web\"\nservers = [\"a:1\", \"b:1\"]\n", kListener));
  const Config after = Good(absl::StrFormat(
      "%s[[pool]]\nname = \"web\"\nservers = [{ address = \"b:1\", weight = 2 }, \"c:1\"]\n",
      kListener));
  EXPECT_THAT(Diff(before, after),
              ElementsAre("pool 'web' server 'a:1' removed", "pool 'web' server 'c:1' added",
                          "pool 'web' server 'b:1' changed: weight 1 -> 2"));
}

TEST_F(DiffTest, AWholePoolIsOneLine) {
  const std::string two =
      "[[pool]]\nname = \"b\"\nservers = [\"b:1\"]\n[[route]]\nname = \"default\"\n"
      "match.path_prefix = \"/\"\npool = \"web\"\n";
  EXPECT_THAT(Adding(two), ElementsAre("pool 'b' added"));
  EXPECT_THAT(Diff(With(two), With("")), ElementsAre("pool 'b' removed"));
}

TEST_F(DiffTest, RoutesAndListenersAreNamed) {
  EXPECT_THAT(
      Adding("[[route]]\nname = \"r\"\npool = \"web\"\n[[listener]]\naddress = \"[::]:81\""),
      ElementsAre("route 'default' removed", "listener '[::]:81' added", "route 'r' added"));
}

TEST_F(DiffTest, ATargetThatComesOrGoesIsAChangeOfItsRoute) {
  const std::string pool = "[[route]]\nname = \"r\"\npool = \"web\"\n";
  const std::string redirect = "[[route]]\nname = \"r\"\nredirect.to = \"/x\"\n";
  EXPECT_THAT(Diff(With(pool), With(redirect)),
              ElementsAre("route 'r' changed: pool \"web\" -> \"\", redirect.to (none) -> \"/x\", "
                          "redirect.status (none) -> 302"));
}

TEST_F(DiffTest, TheOrderOfRoutesCounts) {
  const std::string a = "[[route]]\nname = \"a\"\npool = \"web\"\n";
  const std::string b = "[[route]]\nname = \"b\"\npool = \"web\"\n";
  EXPECT_THAT(Diff(With(a + b), With(b + a)), ElementsAre("the order of the routes changed"));
}

TEST_F(DiffTest, APageReadFromAFileIsComparedByItsText) {
  Write("sorry.html", "one");
  const std::string answer = "[[answer]]\nstatus = 503\nhtml_file = \"sorry.html\"\n";
  const Config before = With(answer);
  Write("sorry.html", "two");
  EXPECT_THAT(Diff(before, With(answer)),
              ElementsAre("answer '503' changed: html \"one\" -> \"two\""));
}

TEST_F(DiffTest, LongValuesAreCut) {
  const std::string before = "[[answer]]\nstatus = 503\nhtml = \"" + std::string(500, 'a') + "\"\n";
  const std::string after = "[[answer]]\nstatus = 503\nhtml = \"" + std::string(500, 'b') + "\"\n";
  ASSERT_EQ(Diff(With(before), With(after)).size(), 1u);
  EXPECT_LT(Diff(With(before), With(after))[0].size(), 200u);
}

}  // namespace
}  // namespace sluice::conf
