#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/layers/layering.h"

namespace sluice {

namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
namespace fs = std::filesystem;

constexpr size_t kMostHeaderLines = 250;
constexpr size_t kMostSourceLines = 600;

std::string ReadFile(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

const Layering& House() {
  static const Layering* const kHouse =
      new Layering(ReadFile(fs::path(SLUICE_SOURCE_DIR) / "tests/layers/layers.txt"));
  return *kHouse;
}

// Every C++ file of the tree, as path from its root.
std::vector<std::string> AllFiles() {
  std::vector<std::string> files;
  const fs::path root(SLUICE_SOURCE_DIR);
  for (const char* folder : {"proxy", "balancer", "ratelimit", "conf", "bench", "tests"}) {
    if (!fs::exists(root / folder)) continue;
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(root / folder)) {
      const std::string extension = entry.path().extension();
      if (entry.is_regular_file() && (extension == ".h" || extension == ".cc")) {
        files.push_back(fs::relative(entry.path(), root));
      }
    }
  }
  return files;
}

std::vector<std::string> Check(std::string_view path, std::string_view text) {
  return House().Check(path, text);
}

}  // namespace

TEST(Layers, TheTableIsUnderstoodToTheLastLine) { EXPECT_THAT(House().mistakes(), IsEmpty()); }

TEST(Layers, EveryFileOfTheTreeKeepsToTheTable) {
  const std::vector<std::string> files = AllFiles();
  EXPECT_GT(files.size(), 50u);
  for (const std::string& file : files) {
    EXPECT_THAT(Check(file, ReadFile(fs::path(SLUICE_SOURCE_DIR) / file)), IsEmpty());
  }
}

TEST(Layers, FilesStaySmallEnoughToRead) {
  for (const std::string& file : AllFiles()) {
    const std::string text = ReadFile(fs::path(SLUICE_SOURCE_DIR) / file);
    const auto lines = static_cast<size_t>(std::count(text.begin(), text.end(), '\n'));
    EXPECT_LE(lines, file.ends_with(".h") ? kMostHeaderLines : kMostSourceLines) << file;
  }
}

TEST(Layers, ARoomThatTheTableDoesNotAllowIsCaught) {
  EXPECT_THAT(Check("proxy/http/x.cc", "#include \"proxy/net/loop.h\"\n"),
              ElementsAre("proxy/http/x.cc:1: proxy/http may not include proxy/net/loop.h"));
  EXPECT_THAT(Check("balancer/x.cc", "\n#include \"conf/config.h\"\n"),
              ElementsAre(HasSubstr("balancer/x.cc:2:")));
}

TEST(Layers, ARoomMayIncludeItselfAndWhatItsLineNames) {
  EXPECT_THAT(
      Check("proxy/http/x.cc", "#include \"proxy/http/uri.h\"\n#include \"proxy/base/arena.h\"\n"),
      IsEmpty());
}

TEST(Layers, AFileThatIsNamedAloneOpensOnlyItself) {
  EXPECT_THAT(Check("conf/x.cc", "#include \"balancer/spec.h\"\n"), IsEmpty());
  EXPECT_THAT(Check("conf/x.cc", "#include \"balancer/host.h\"\n"), ElementsAre(HasSubstr("conf")));
}

TEST(Layers, ALibraryOutsideItsRoomIsCaughtHoweverItIsQuoted) {
  for (const char* line : {"#include <uv.h>", "#  include \"uv.h\"", "  #include <ares_dns.h>"}) {
    EXPECT_THAT(Check("proxy/server/x.cc", line), ElementsAre(HasSubstr("may not include")))
        << line;
    EXPECT_THAT(Check("proxy/net/x.cc", line), IsEmpty()) << line;
  }
}

TEST(Layers, ALibraryThatTheTableDoesNotKnowIsCaught) {
  EXPECT_THAT(Check("proxy/server/x.cc", "#include <boost/asio.hpp>"),
              ElementsAre(HasSubstr("not in the table")));
}

TEST(Layers, TestsMayIncludeEverything) {
  EXPECT_THAT(Check("tests/http/x_test.cc", "#include <uv.h>\n#include \"proxy/admin/api.h\"\n"),
              IsEmpty());
}

TEST(Layers, ARoomOfArithmeticTouchesNeitherSystemNorClock) {
  EXPECT_THAT(Check("ratelimit/x.cc", "#include <sys/socket.h>\n"), ElementsAre(HasSubstr("pure")));
  EXPECT_THAT(Check("ratelimit/x.cc", "#include <thread>\n"), ElementsAre(HasSubstr("pure")));
  EXPECT_THAT(Check("balancer/x.cc", "auto t = std::chrono::steady_clock::now();\n"),
              ElementsAre(HasSubstr("clock")));
  EXPECT_THAT(Check("proxy/net/x.cc", "#include <sys/socket.h>\n"), IsEmpty());
}

TEST(Layers, AFileOutsideEveryRoomIsCaught) {
  EXPECT_THAT(Check("proxy/attic/x.cc", ""), ElementsAre(HasSubstr("in no room")));
}

TEST(Layers, ALineOfTheTableThatMeansNothingIsReported) {
  EXPECT_THAT(Layering("room a b\nroof c\n").mistakes(),
              testing::UnorderedElementsAre(HasSubstr("unknown room b"), HasSubstr("roof")));
}

}  // namespace sluice
