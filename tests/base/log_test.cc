#include "proxy/base/log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <regex>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace sluice::log {
namespace {

using namespace std::chrono_literals;

class LogTest : public testing::Test {
 protected:
  void TearDown() override {
    ASSERT_TRUE(Open({}).ok());  // back to stderr
    unlink(path_.c_str());
    unlink((path_ + ".1").c_str());
  }

  void OpenFile(Level level = Level::kInfo) {
    const absl::Status opened = Open({.level = level, .output = path_});
    ASSERT_TRUE(opened.ok()) << opened;
  }
  static std::string Read(const std::string& path) {
    EXPECT_TRUE(Flush(10s));
    std::ifstream file(path);
    std::ostringstream all;
    all << file.rdbuf();
    return all.str();
  }

  const std::string path_ = testing::TempDir() + "sluice_log_test_" + std::to_string(getpid()) +
                            "_" + testing::UnitTest::GetInstance()->current_test_info()->name();
};

TEST_F(LogTest, ALineHasTheTimeInUtcTheLevelAndTheMessage) {
  OpenFile();
  Warn(kUnlimited, "pool %s: %d servers rest", "web", 2);
  const std::string line = Read(path_);
  EXPECT_TRUE(std::regex_match(
      line,
      std::regex(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z warn pool web: 2 servers rest\n)")))
      << line;
}

TEST_F(LogTest, LinesBelowTheLevelAreNotWritten) {
  OpenFile(Level::kWarn);
  Info(kUnlimited, "unheard");
  Error(kUnlimited, "heard");
  SetLevel(Level::kDebug);
  Debug(kUnlimited, "heard too");
  const std::string text = Read(path_);
  EXPECT_EQ(text.find("unheard"), std::string::npos);
  EXPECT_NE(text.find("error heard\n"), std::string::npos);
  EXPECT_NE(text.find("debug heard too\n"), std::string::npos);
}

TEST_F(LogTest, WhatAPeerSaysCannotForgeALine) {
  OpenFile();
  Info(kUnlimited, "bad head: %s", std::string("a\r\n2026 error all is lost\x1b[2J", 30));
  const std::string text = Read(path_);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
  EXPECT_NE(text.find(R"(a\x0d\x0a2026 error all is lost\x1b[2J)"), std::string::npos) << text;
}

TEST_F(LogTest, AMessageWithoutEndIsCut) {
  OpenFile();
  Write(Level::kInfo, std::string(100'000, 'x'));
  const std::string text = Read(path_);
  EXPECT_LT(text.size(), 5'000u);
  EXPECT_NE(text.find("x [cut]\n"), std::string::npos);
}

TEST_F(LogTest, AfterLogrotateMovedTheFileReopenBeginsANewOne) {
  OpenFile();
  Info(kUnlimited, "before");
  ASSERT_TRUE(Flush(10s));
  ASSERT_EQ(std::rename(path_.c_str(), (path_ + ".1").c_str()), 0);
  ASSERT_TRUE(Reopen().ok());
  Info(kUnlimited, "after");
  EXPECT_NE(Read(path_).find("after"), std::string::npos);
  EXPECT_EQ(Read(path_).find("before"), std::string::npos);
  EXPECT_NE(Read(path_ + ".1").find("before"), std::string::npos);
}

TEST_F(LogTest, AFileThatCannotBeOpenedIsAnErrorAndTheOldOneStays) {
  OpenFile();
  const absl::Status opened = Open({.output = path_ + "/not/there"});
  EXPECT_FALSE(opened.ok());
  EXPECT_NE(opened.ToString().find("not/there"), std::string::npos) << opened;
  Info(kUnlimited, "still here");
  EXPECT_NE(Read(path_).find("still here"), std::string::npos);
}

TEST_F(LogTest, ThreadsWriteWholeLines) {
  OpenFile();
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([] {
      for (int i = 0; i < 100; ++i) Info(kUnlimited, "one whole line");
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::istringstream text(Read(path_));
  int lines = 0;
  for (std::string line; std::getline(text, line); ++lines) {
    EXPECT_TRUE(line.ends_with(" info one whole line")) << line;
  }
  EXPECT_EQ(lines, 400);
}

TEST_F(LogTest, AnOutputNobodyReadsCostsLinesAndStopsNobody) {
  ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);
  const int reader = open(path_.c_str(), O_RDONLY | O_NONBLOCK);
  ASSERT_GE(reader, 0);
  OpenFile();
  const uint64_t before = Dropped();
  const std::string line(1000, 'x');
  for (int i = 0; i < 2000; ++i) Write(Level::kInfo, line);  // 2 MB; a pipe holds 64 KiB
  EXPECT_GT(Dropped(), before);
  EXPECT_FALSE(Flush(1ms));
  close(reader);
  EXPECT_TRUE(Flush(10s));
}

TEST(LogSite, LetsTenLinesThroughEachSecond) {
  Site site;
  const TimePoint start{1000s};
  int spoken = 0;
  for (int i = 0; i < 100; ++i) spoken += site.Ask(start + i * 9ms).speak ? 1 : 0;
  EXPECT_EQ(spoken, 10);
}

TEST(LogSite, TheNextLineSaysHowManyWereHeldBack) {
  Site site;
  const TimePoint start{1000s};
  for (int i = 0; i < 47; ++i) static_cast<void>(site.Ask(start));
  const Site::Answer next = site.Ask(start + 5s);
  EXPECT_TRUE(next.speak);
  EXPECT_EQ(next.held_back, 37u);
  EXPECT_EQ(site.Ask(start + 5s).held_back, 0u);
}

TEST(LogSite, SaysNothingOfHoldingBackWhenItDidNot) {
  Site site;
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(site.Ask(TimePoint{1000s}).speak);
  EXPECT_EQ(site.Ask(TimePoint{1001s}).held_back, 0u);
}

TEST(LogSite, AnOlderClockReadingCountsIntoTheNewerSecond) {
  Site site;
  for (int i = 0; i < 10; ++i) static_cast<void>(site.Ask(TimePoint{1001s}));
  EXPECT_FALSE(site.Ask(TimePoint{1000s + 999ms}).speak);
}

TEST(LogLevel, HasFourNames) {
  EXPECT_EQ(ParseLevel("debug"), Level::kDebug);
  EXPECT_EQ(ParseLevel("info"), Level::kInfo);
  EXPECT_EQ(ParseLevel("warn"), Level::kWarn);
  EXPECT_EQ(ParseLevel("error"), Level::kError);
  EXPECT_EQ(ParseLevel("warning"), std::nullopt);
}

}  // namespace
}  // namespace sluice::log
