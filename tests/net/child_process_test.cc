#include "proxy/net/child_process.h"

#include <gmock/gmock.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "tests/support/loop_fixture.h"

namespace sluice::net {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

std::string ProcFile(int pid, std::string_view name) {
  std::ifstream file(absl::StrFormat("/proc/%d/%s", pid, name));
  return {std::istreambuf_iterator<char>(file), {}};
}

// Gone, or dead and not looked after yet.
bool IsDead(int pid) {
  const std::string stat = ProcFile(pid, "stat");
  return stat.empty() || stat.find(") Z ") != stat.npos;
}

class ChildProcessTest : public LoopTest {
 protected:
  std::unique_ptr<ChildProcess> Start(const ChildOptions& options) {
    auto child = ChildProcess::Start(
        loop_, options, [this](std::string_view line) { lines_.emplace_back(line); },
        [this](const ChildEnd& end) { end_ = end; });
    EXPECT_TRUE(child.ok()) << child.status();
    return child.ok() ? *std::move(child) : nullptr;
  }
  std::unique_ptr<ChildProcess> Shell(const std::string& script, Duration timeout = 1min) {
    return Start({.command = {"/bin/sh", "-c", script}, .timeout = timeout, .mercy = 50ms});
  }
  void AwaitEnd() {
    RunUntil([this] { return end_.has_value(); });
  }

  std::vector<std::string> lines_;
  std::optional<ChildEnd> end_;
};

TEST_F(ChildProcessTest, ItsLinesAreToldAndHowItEnded) {
  const auto child = Shell("echo one; echo two >&2; echo; printf three; exit 3");
  AwaitEnd();
  EXPECT_THAT(lines_, ElementsAre("one", "two", "three"));
  EXPECT_FALSE(end_->ok());
  EXPECT_EQ(end_->What(), "exit status 3");
}

TEST_F(ChildProcessTest, OneThatDiesOfASignalIsNoSuccess) {
  const auto child = Shell("kill -9 $$");
  AwaitEnd();
  EXPECT_FALSE(end_->ok());
  EXPECT_FALSE(end_->timed_out);
  EXPECT_EQ(end_->What(), "signal 9 (Killed)");
}

TEST_F(ChildProcessTest, AProgramThatCannotBeRunIsAnErrorAtOnce) {
  const auto start = [this](const std::string& program) {
    return std::string(
        ChildProcess::Start(
            loop_, {.command = {program}}, [](std::string_view) {}, [](const ChildEnd&) { FAIL(); })
            .status()
            .message());
  };
  EXPECT_THAT(start("/nowhere/at/all"), HasSubstr("no such file"));
  EXPECT_THAT(start("/etc/passwd"), HasSubstr("permission denied"));
}

TEST_F(ChildProcessTest, VariablesAreAddedToOursAndReplaceThem) {
  ::setenv("CHILD_TEST_KEPT", "ours", 1);
  ::setenv("CHILD_TEST_SET", "ours", 1);
  const auto child =
      Start({.command = {"/bin/sh", "-c", "echo $0 $CHILD_TEST_KEPT $CHILD_TEST_SET", "a b"},
             .environment = {"CHILD_TEST_SET=a = b"}});
  AwaitEnd();
  EXPECT_THAT(lines_, ElementsAre("a b ours a = b"));
}

TEST_F(ChildProcessTest, ItHasNoDescriptorAndNoBlockedOrIgnoredSignalOfOurs) {
  const auto listener = BindListener(*Address::Parse("127.0.0.1:0"), {});
  ASSERT_TRUE(listener.ok());
  sigset_t blocked, before;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGUSR1);
  pthread_sigmask(SIG_BLOCK, &blocked, &before);
  const auto child = Start({.command = {"/bin/sleep", "100"}});
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  std::vector<std::string> open;
  for (const auto& entry :
       std::filesystem::directory_iterator(absl::StrFormat("/proc/%d/fd", child->pid()))) {
    open.push_back(entry.path().filename());
  }
  EXPECT_THAT(open, testing::UnorderedElementsAre("0", "1", "2"));
  EXPECT_EQ(std::filesystem::read_symlink(absl::StrFormat("/proc/%d/fd/0", child->pid())),
            "/dev/null");
  const std::string status = ProcFile(child->pid(), "status");
  EXPECT_THAT(status, HasSubstr("SigBlk:\t0000000000000000"));
  EXPECT_THAT(status, HasSubstr("SigIgn:\t0000000000000000"));
  EXPECT_EQ(::getpgid(child->pid()), child->pid());
}

TEST_F(ChildProcessTest, WhoTakesTooLongIsEndedWithAllThatHeStarted) {
  const auto child = Shell("sleep 100 & echo $!; wait", 500ms);
  AwaitEnd();
  EXPECT_TRUE(end_->timed_out);
  EXPECT_EQ(end_->signal, SIGTERM);
  ASSERT_EQ(lines_.size(), 1u);
  RunUntil([this] { return IsDead(std::stoi(lines_[0])); });
}

TEST_F(ChildProcessTest, WhoDoesNotHeedThatIsKilled) {
  const auto child = Shell("trap '' TERM; while :; do sleep 0.01; done", 1s);
  AwaitEnd();
  EXPECT_TRUE(end_->timed_out);
  EXPECT_EQ(end_->signal, SIGKILL);
}

TEST_F(ChildProcessTest, OutputBeyondTheBoundIsDroppedAndHoldsNobody) {
  const auto child = Shell("yes line | head -c 1000000; echo done");
  AwaitEnd();
  EXPECT_TRUE(end_->ok());
  EXPECT_EQ(lines_.size(), ChildProcess::kMostLines);
  EXPECT_EQ(lines_.back(), "line");
  lines_.clear();
  end_.reset();
  const auto without_lines = Shell("head -c 1000000 /dev/zero | tr '\\0' x");
  AwaitEnd();
  ASSERT_EQ(lines_.size(), 1u);
  EXPECT_EQ(lines_[0].size(), ChildProcess::kMostOutput);
}

TEST_F(ChildProcessTest, WhatItLeavesRunningIsNotWaitedFor) {
  const auto child = Shell("sleep 100 & echo $!");
  AwaitEnd();
  EXPECT_TRUE(end_->ok());
  ASSERT_EQ(lines_.size(), 1u);
  EXPECT_FALSE(IsDead(std::stoi(lines_[0])));
  ::kill(std::stoi(lines_[0]), SIGKILL);
}

TEST_F(ChildProcessTest, LettingGoOfItKillsItAndTellsNothing) {
  auto child = Shell("sleep 100 & echo $!; wait");
  RunUntil([this] { return !lines_.empty(); });
  const int pid = child->pid();
  child.reset();
  RunUntil([&] { return IsDead(pid) && IsDead(std::stoi(lines_[0])); });
  EXPECT_FALSE(end_.has_value());
}

TEST_F(ChildProcessTest, ItsEndMayBeWhereItIsLetGo) {
  std::unique_ptr<ChildProcess> child;
  auto started = ChildProcess::Start(
      loop_, {.command = {"/bin/true"}}, [](std::string_view) {},
      [&](const ChildEnd& end) {
        child.reset();
        end_ = end;
      });
  ASSERT_TRUE(started.ok());
  child = *std::move(started);
  AwaitEnd();
  EXPECT_TRUE(end_->ok());
  EXPECT_EQ(child, nullptr);
}

}  // namespace
}  // namespace sluice::net
