#include "conf/include.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_format.h"
#include "tests/conf/files.h"

namespace sluice::conf {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class IncludeTest : public Files {};

TEST_F(IncludeTest, TablesOfOtherFilesAreAppended) {
  Write("etc/main.toml",
        absl::StrFormat("include = [\"pools/a.toml\", \"routes.toml\"]\n%s", kListener));
  Write("etc/pools/a.toml", kPool);
  Write("etc/routes.toml", "include = \"more.toml\"\n[[route]]\npool = \"web\"\n");
  Write("etc/more.toml", "[[route]]\npool = \"web\"\nmatch.path = \"/x\"\n");
  const Config config = GoodFile("etc/main.toml");
  EXPECT_EQ(config.pools.size(), 1u);
  ASSERT_EQ(config.routes.size(), 2u);
  EXPECT_EQ(config.routes[1].match.path, "/x");
}

TEST_F(IncludeTest, OneTableMayBeSplitButNoKeySetTwice) {
  Write("more.toml", "[process]\nuser = \"www\"\nworkers = 3\n");
  EXPECT_EQ(Wrong(absl::StrFormat("include = \"more.toml\"\n%s%s[process]\nworkers = 2\n",
                                  kListener, kPool)),
            "more.toml:3:1: process.workers is set already at t.toml:8:11\n");
  Write("more.toml", "[process]\nuser = \"www\"\n");
  const Config config = Good(
      absl::StrFormat("include = \"more.toml\"\n%s%s[process]\nworkers = 2\n", kListener, kPool));
  EXPECT_EQ(config.process.user, "www");
  EXPECT_EQ(config.process.workers, 2u);
}

TEST_F(IncludeTest, ErrorsNameTheFileTheyAreIn) {
  Write("pool.toml", "[[pool]]\nname = \"web\"\nservers = [\"a\"]\n");
  EXPECT_THAT(Wrong(absl::StrFormat("include = \"pool.toml\"\n%sbacklog = 0\n", kListener)),
              AllOf(StartsWith("t.toml:4:11: "), HasSubstr("\npool.toml:3:12: ")));
}

TEST_F(IncludeTest, AMissingFileIsShownWhereItIsNamed) {
  EXPECT_EQ(Wrong("include = [\"a.toml\"]\n"), "t.toml:1:12: cannot read a.toml: no such file\n")
      << "and nothing is said about what may be in it";
  EXPECT_EQ(WrongFile("none.toml"), "none.toml:1:1: cannot read none.toml: no such file\n");
}

TEST_F(IncludeTest, ACycleIsAnErrorWhateverTheSpelling) {
  Write("a/b.toml", "include = \"../a/./b.toml\"\n");
  EXPECT_EQ(
      WrongFile("a/b.toml"),
      "a/b.toml:1:11: a/b.toml is read already, as the first file; include every file once\n");
  Write("./x.toml", "include = \"y.toml\"\n");
  Write("y.toml", "include = \"z.toml\"\n");
  Write("z.toml", "include = \"y.toml\"\n");
  EXPECT_EQ(WrongFile("./x.toml"),
            "z.toml:1:11: y.toml is read already, included at ./x.toml:1:11; include every file "
            "once\n");
}

TEST_F(IncludeTest, AFileIncludedTwiceIsAnError) {
  Write("pool.toml", kPool);
  EXPECT_THAT(Wrong(absl::StrFormat("include = [\"pool.toml\", \"pool.toml\"]\n%s", kListener)),
              StartsWith("t.toml:1:25: pool.toml is read already, included at t.toml:1:12"));
}

TEST_F(IncludeTest, EndlessIncludesEnd) {
  for (int i = 0; i < 400; ++i) {
    Write(absl::StrFormat("%d.toml", i), absl::StrFormat("include = \"%d.toml\"\n", i + 1));
  }
  EXPECT_THAT(WrongFile("0.toml"), HasSubstr("too many files"));
}

TEST_F(IncludeTest, NamesMayComeFromTheEnvironment) {
  Setenv("SITE", "one");
  Write("one.toml", kPool);
  EXPECT_EQ(Wrong(absl::StrFormat("include = \"${SITE}.toml\"\n%s", kListener)), "");
  EXPECT_THAT(Wrong("include = \"${NOPE}.toml\"\n"), HasSubstr("NOPE is not set"));
}

TEST_F(IncludeTest, NamesAreBesideTheIncludingFileOrAbsolute) {
  EXPECT_EQ(PathBeside("/etc/sluice/a.toml", "b.toml"), "/etc/sluice/b.toml");
  EXPECT_EQ(PathBeside("/etc/sluice/a.toml", "../b.toml"), "/etc/b.toml");
  EXPECT_EQ(PathBeside("/etc/sluice/a.toml", "/b.toml"), "/b.toml");
  EXPECT_EQ(PathBeside("a.toml", "b.toml"), "b.toml");
}

TEST_F(IncludeTest, ABrokenIncludeHidesNoMistakesOfOthers) {
  Write("broken.toml", "[[[");
  EXPECT_THAT(
      Wrong(absl::StrFormat("include = \"broken.toml\"\n%sbacklog = 0\n", kListener)),
      AllOf(HasSubstr("t.toml:4:11"), HasSubstr("broken.toml:1:"), Not(HasSubstr("no [[pool]]"))));
}

}  // namespace
}  // namespace sluice::conf
