#include "proxy/server/watched_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <string>

namespace sluice::server {
namespace {

class WatchedFileTest : public testing::Test {
 protected:
  WatchedFileTest() { Write("one"); }
  ~WatchedFileTest() override { std::remove(path_.c_str()); }

  void Write(std::string_view content) { std::ofstream(path_) << content; }
  // What two looks hand over; "-" for nothing, "!" for an error.
  std::string Looks() {
    std::string text = "-";
    for (int i = 0; i < 2; ++i) {
      const auto now = file_.Look();
      if (now) text = now->ok() ? **now : "!";
    }
    return text;
  }

  const std::string path_ = testing::TempDir() + "sluice_watched_" + std::to_string(::getpid());
  WatchedFile file_{path_, 10, "one"};
};

TEST_F(WatchedFileTest, WhatWasReadBeforeIsNoChange) {
  EXPECT_EQ(Looks(), "-");
  Write("two");
  EXPECT_EQ(Looks(), "two");
  EXPECT_EQ(Looks(), "-");
}

TEST_F(WatchedFileTest, AFileThatIsTouchedButTheSameIsNoChange) {
  Looks();
  Write("one");
  EXPECT_EQ(Looks(), "-");
}

TEST_F(WatchedFileTest, WhatCannotBeReadIsToldOnceAndComesBack) {
  Looks();
  std::remove(path_.c_str());
  EXPECT_EQ(Looks(), "!");
  EXPECT_EQ(Looks(), "-");
  Write("one");
  EXPECT_EQ(Looks(), "one") << "as before, but it was gone";
}

TEST_F(WatchedFileTest, WhatIsTooLargeIsAnError) {
  Looks();
  Write("0123456789");
  EXPECT_EQ(Looks(), "0123456789");
  Write("0123456789x");
  EXPECT_EQ(Looks(), "!");
}

TEST_F(WatchedFileTest, WhatSomebodyElseHasReadIsNoChange) {
  Looks();
  Write("two");
  file_.Take("two");
  EXPECT_EQ(Looks(), "-");
}

}  // namespace
}  // namespace sluice::server
