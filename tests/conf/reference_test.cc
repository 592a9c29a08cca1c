#include "conf/reference.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "conf/schema.h"

namespace sluice::conf {
namespace {

using testing::HasSubstr;

std::string Text(std::string_view path) {
  const absl::StatusOr<std::string> text = Explain(path);
  if (text.ok()) return *text;
  return "wrong: " + std::string(text.status().message().data(), text.status().message().size());
}

TEST(ReferenceTest, TheCopyInTheTreeIsTheOneThatSluicePrints) {
  std::ifstream file(SLUICE_SOURCE_DIR "/docs/reference.md");
  std::stringstream copy;
  copy << file.rdbuf();
  EXPECT_EQ(copy.str(), ReferenceMarkdown())
      << "run: sluice explain --markdown > docs/reference.md";
}

TEST(ReferenceTest, AKeyIsExplainedWithTypeDefaultAndBounds) {
  const std::string text = Text("pool.connect_timeout");
  EXPECT_THAT(text, HasSubstr("Longest time to connect"));
  EXPECT_THAT(text, HasSubstr("default  \"1s\""));
  EXPECT_THAT(text, HasSubstr("allowed  1ms..10min"));
  EXPECT_THAT(text, HasSubstr("in [[pool]]"));
}

TEST(ReferenceTest, AChoiceIsExplainedWithItsWords) {
  EXPECT_THAT(Text("log.level"), HasSubstr("\"debug\", \"info\", \"warn\", \"error\""));
}

TEST(ReferenceTest, ASectionIsExplainedWithAllThatIsInIt) {
  const std::string text = Text("pool");
  EXPECT_THAT(text, HasSubstr("pool.connect_timeout"));
  EXPECT_THAT(text, HasSubstr("pool.servers.weight"));
  EXPECT_THAT(text, Not(HasSubstr("route.")));
}

TEST(ReferenceTest, ALastNameExplainsEveryKeyThatHasIt) {
  const std::string text = Text("connect_timeout");
  EXPECT_THAT(text, HasSubstr("pool.connect_timeout\n"));
  EXPECT_THAT(text, HasSubstr("route.connect_timeout\n"));
}

TEST(ReferenceTest, WithoutAKeyAllAreListed) {
  const std::string text = Text("");
  for (const Key& key : Keys()) EXPECT_THAT(text, HasSubstr(std::string(key.path)));
}

TEST(ReferenceTest, AnUnknownKeyGetsTheNearest) {
  EXPECT_THAT(Text("pool.conect_timeout"), HasSubstr("did you mean 'pool.connect_timeout'?"));
  EXPECT_THAT(Text("bcklog"), HasSubstr("did you mean 'backlog'?"));
  EXPECT_THAT(Text("zzzzzzzzzzzzzzzzzzzz"), HasSubstr("there is no key"));
  EXPECT_TRUE(absl::IsNotFound(Explain("zzz").status()));
}

}  // namespace
}  // namespace sluice::conf
