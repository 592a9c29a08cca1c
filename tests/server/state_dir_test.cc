#include "proxy/server/state_dir.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_format.h"
#include "proxy/base/log.h"
#include "proxy/crypto/key_ring.h"
#include "proxy/server/state_keys.h"

namespace sluice::server {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

// A disk that does as it is told. It outlives the StateDir.
struct Disk {
  std::atomic<bool> full{false};
  std::atomic<bool> stuck{false};
  std::atomic<int> writes{0};

  ssize_t Write(int fd, const void* bytes, size_t size) {
    ++writes;
    while (stuck) std::this_thread::sleep_for(1ms);
    if (!full) return ::write(fd, bytes, size);
    if (size > 1) return ::write(fd, bytes, size / 2);
    errno = ENOSPC;
    return -1;
  }
};

class StateDirTest : public testing::Test {
 protected:
  StateDirTest() {
    fs::remove_all(root_);
    fs::create_directory(root_);
    EXPECT_TRUE(log::Open({.output = Log()}).ok());
  }
  ~StateDirTest() override {
    state_.reset();
    EXPECT_TRUE(log::Open({}).ok());
    fs::remove_all(root_);
  }

  std::string Path() const { return root_ + "/state"; }
  std::string Log() const { return root_ + "/log"; }
  StateDir& Open(const std::string& path, Duration retry = 1h) {
    state_.reset();
    return state_.emplace(StateDirOptions{
        .path = path, .retry = retry, .write = [this](int fd, const void* bytes, size_t size) {
          return disk_.Write(fd, bytes, size);
        }});
  }
  StateDir& Open() { return Open(Path()); }
  static std::string Content(const std::string& path) {
    std::ostringstream all;
    all << std::ifstream(path).rdbuf();
    return all.str();
  }
  // How many lines of the log have this.
  int Said(std::string_view what) const {
    EXPECT_TRUE(log::Flush(5s));
    std::ifstream lines(Log());
    int count = 0;
    for (std::string line; std::getline(lines, line);) count += line.find(what) != line.npos;
    return count;
  }
  static std::vector<std::string> Files(const std::string& path) {
    std::vector<std::string> names;
    for (const auto& file : fs::directory_iterator(path)) names.push_back(file.path().filename());
    std::sort(names.begin(), names.end());
    return names;
  }
  static mode_t ModeOf(const std::string& path) {
    struct stat status {};
    EXPECT_EQ(stat(path.c_str(), &status), 0) << path;
    return status.st_mode & 0777;
  }
  template <typename Condition>
  static bool Eventually(Condition holds) {
    for (int i = 0; i < 5000 && !holds(); ++i) std::this_thread::sleep_for(1ms);
    return holds();
  }
  void ExpectMemoryOnly(const std::string& path) {
    StateDir& state = Open(path);
    EXPECT_FALSE(state.on_disk());
    state.Write("rooms", "who waits");
    EXPECT_TRUE(state.Flush(0s));
    EXPECT_TRUE(absl::IsNotFound(state.Read("rooms").status()));
    EXPECT_EQ(state.written() + state.failed(), 0u);
  }

  static std::string RootOf(pid_t process) {
    return testing::TempDir() + "sluice_state_" + std::to_string(process);
  }

  const std::string root_ = RootOf(getpid());
  Disk disk_;
  std::optional<StateDir> state_;
};

TEST_F(StateDirTest, WhatIsWrittenIsThereAfterARestart) {
  Open().Write("rooms", "who waits");
  Open();
  EXPECT_EQ(state_->Read("rooms").value(), "who waits");
  EXPECT_TRUE(absl::IsNotFound(state_->Read("timeline").status()));
  EXPECT_TRUE(absl::IsOutOfRange(state_->Read("rooms", 8).status()));
  EXPECT_EQ(Files(Path()), std::vector<std::string>{"rooms"});
}

TEST_F(StateDirTest, NobodyElseMayReadIt) {
  const mode_t before = umask(0);
  Open().Write("keys", "secret");
  EXPECT_TRUE(state_->Flush(5s));
  umask(before);
  EXPECT_EQ(ModeOf(Path()), 0700u);
  EXPECT_EQ(ModeOf(Path() + "/keys"), 0600u);
}

TEST_F(StateDirTest, ALaterContentReplacesTheWholeOfAnEarlierOne) {
  StateDir& state = Open();
  state.Write("rooms", std::string(100'000, 'x'));
  EXPECT_TRUE(state.Flush(5s));
  state.Write("rooms", "");
  EXPECT_TRUE(state.Flush(5s));
  EXPECT_EQ(state.Read("rooms").value(), "");
  EXPECT_EQ(state.written(), 2u);
}

TEST_F(StateDirTest, ASlowDiskGetsTheNewestOfEachFileAndNobodyWaitsForIt) {
  StateDir& state = Open();
  disk_.stuck = true;
  state.Write("rooms", "0");
  ASSERT_TRUE(Eventually([&] { return disk_.writes == 1; }));
  for (int i = 1; i <= 1000; ++i) state.Write("rooms", std::to_string(i));
  state.Write("keys", "k");
  EXPECT_FALSE(state.Flush(10ms));
  disk_.stuck = false;
  EXPECT_TRUE(state.Flush(5s));
  EXPECT_EQ(state.written(), 3u) << "rooms twice, keys once";
  EXPECT_EQ(state.Read("rooms").value(), "1000");
  EXPECT_EQ(state.Read("keys").value(), "k");
}

TEST_F(StateDirTest, AReaderNeverSeesHalfOfAContent) {
  StateDir& state = Open();
  state.Write("rooms", std::string(1, 'a'));
  EXPECT_TRUE(state.Flush(5s));
  std::atomic<bool> done{false};
  int torn = 0;
  std::thread reader([&] {
    while (!done) {
      const std::string seen = state.Read("rooms").value_or("");
      const bool whole = !seen.empty() && seen.size() == (1u << (seen[0] - 'a')) &&
                         seen.find_first_not_of(seen[0]) == seen.npos;
      torn += whole ? 0 : 1;
    }
  });
  for (int i = 0; i < 100; ++i) {
    state.Write("rooms", std::string(1u << i % 20, static_cast<char>('a' + i % 20)));
    EXPECT_TRUE(state.Flush(5s));
  }
  done = true;
  reader.join();
  EXPECT_EQ(torn, 0);
}

TEST_F(StateDirTest, AFullDiskKeepsWhatWasThereIsSaidOnceAndCounted) {
  StateDir& state = Open();
  state.Write("rooms", "before");
  EXPECT_TRUE(state.Flush(5s));
  disk_.full = true;
  for (int i = 0; i < 5; ++i) {
    state.Write("rooms", "after");
    EXPECT_FALSE(state.Flush(5s));
  }
  const uint64_t failed = state.failed();
  EXPECT_GE(failed, 5u) << "each of them, or each twice where a flush came late";
  EXPECT_EQ(state.Read("rooms").value(), "before");
  EXPECT_EQ(Files(Path()), std::vector<std::string>{"rooms"}) << "no half of one fills it further";
  EXPECT_EQ(Said("cannot be written: No space left on device"), 1);
  disk_.full = false;
  EXPECT_TRUE(state.Flush(5s)) << "what it refused is tried again";
  EXPECT_EQ(state.Read("rooms").value(), "after");
  EXPECT_EQ(Said(absl::StrFormat("can be written to again; %d writes have failed", failed)), 1);
}

TEST_F(StateDirTest, WhatTheDiskRefusedIsTriedAgainByItself) {
  disk_.full = true;
  StateDir& state = Open(Path(), 5ms);
  state.Write("keys", "secret");
  EXPECT_TRUE(Eventually([&] { return state.failed() >= 3; }));
  disk_.full = false;
  EXPECT_TRUE(Eventually([&] { return state.written() == 1; }));
  EXPECT_EQ(state.Read("keys").value(), "secret");
}

TEST_F(StateDirTest, WhatIsNewerReplacesWhatTheDiskRefused) {
  disk_.full = true;
  StateDir& state = Open();
  state.Write("rooms", "older");
  EXPECT_FALSE(state.Flush(5s));
  disk_.full = false;
  state.Write("rooms", "newer");
  EXPECT_TRUE(state.Flush(5s));
  EXPECT_EQ(state.Read("rooms").value(), "newer");
  EXPECT_EQ(state.written(), 1u);
}

TEST_F(StateDirTest, MoreThanAFileMayHoldIsAWriteThatFails) {
  StateDir& state = Open();
  state.Write("rooms", std::string(StateDir::kLargest + 1, 'x'));
  EXPECT_FALSE(state.Flush(30s));
  EXPECT_EQ(disk_.writes, 0);
  EXPECT_EQ(Said("cannot be written: File too large"), 1);
}

TEST_F(StateDirTest, TheDiskOfTheMachineMayBeFullOrReadOnly) {
  fs::create_directory(Path());
  // Of this process only, and gone with it.
  if (unshare(CLONE_NEWNS) != 0 ||
      mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
      mount("none", Path().c_str(), "tmpfs", 0, "size=64k") != 0) {
    GTEST_SKIP() << "only root may mount";
  }
  StateDir& state = Open();
  state.Write("rooms", "small");
  EXPECT_TRUE(state.Flush(5s));
  state.Write("rooms", std::string(100'000, 'x'));
  EXPECT_FALSE(state.Flush(5s));
  EXPECT_EQ(state.Read("rooms").value(), "small");
  EXPECT_EQ(Said("No space left on device"), 1);
  state_.reset();

  EXPECT_EQ(mount("none", Path().c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, nullptr), 0);
  ExpectMemoryOnly(Path());
  EXPECT_EQ(Said("Read-only file system; what should outlive this process is in memory only"), 1);
  EXPECT_EQ(umount(Path().c_str()), 0);
}

TEST_F(StateDirTest, WithoutADirectoryItIsMemoryOnlyAndSaysSoOnce) {
  ExpectMemoryOnly(root_ + "/missing/state");
  EXPECT_EQ(Said("No such file or directory; what should outlive"), 1);
  EXPECT_EQ(Said("state.dir"), 1);
  ExpectMemoryOnly(Log());
  EXPECT_EQ(Said("Not a directory; what should outlive"), 1);
}

TEST_F(StateDirTest, OffIsMemoryOnlyWithoutAWord) {
  ExpectMemoryOnly("off");
  EXPECT_EQ(Said("state.dir"), 0);
  EXPECT_FALSE(fs::exists("off"));
}

TEST_F(StateDirTest, ADirectoryHasOneProcessAtATime) {
  Open();
  {
    StateDir second({.path = Path()});
    EXPECT_FALSE(second.on_disk());
    EXPECT_EQ(Said("another process has it"), 1);
  }
  EXPECT_TRUE(Open().on_disk()) << "the first has gone";
}

// The one that is killed is this program again, with this variable set: a process of its own, for
// one that has threads cannot be forked and go on.
constexpr char kWriter[] = "SLUICE_TEST_STATE_WRITER";

[[noreturn]] void WriteUntilKilled(const char* path) {
  StateDir state({.path = path});
  for (char c = 'a';; c = c == 'z' ? 'a' : static_cast<char>(c + 1)) {
    state.Write("rooms", std::string(size_t{100'000} + static_cast<unsigned>(c), c));
    state.Flush(5s);
  }
}

TEST_F(StateDirTest, KilledAtAnyMomentItLeavesAWholeContent) {
  if (const char* const path = getenv(kWriter)) WriteUntilKilled(path);
  setenv(kWriter, Path().c_str(), 1);
  std::string program = "/proc/self/exe";
  std::string filter = "--gtest_filter=StateDirTest.KilledAtAnyMomentItLeavesAWholeContent";
  char* const arguments[] = {program.data(), filter.data(), nullptr};
  for (int round = 0; round < 6; ++round) {
    fs::remove_all(Path());
    pid_t child = 0;
    ASSERT_EQ(posix_spawn(&child, program.c_str(), nullptr, nullptr, arguments, environ), 0);
    EXPECT_TRUE(Eventually([&] { return fs::exists(Path() + "/rooms"); }));
    std::this_thread::sleep_for(std::chrono::microseconds(700 * round));
    kill(child, SIGKILL);
    EXPECT_EQ(waitpid(child, nullptr, 0), child);
    fs::remove_all(RootOf(child));

    StateDir& state = Open();
    ASSERT_TRUE(state.on_disk());
    const std::string seen = state.Read("rooms").value();
    ASSERT_FALSE(seen.empty());
    EXPECT_EQ(seen.size(), 100'000 + static_cast<unsigned>(seen[0]));
    EXPECT_EQ(seen.find_first_not_of(seen[0]), seen.npos);
    state.Write("rooms", "next");
    EXPECT_TRUE(state.Flush(5s)) << "what the killed one left is in nobody's way";
    EXPECT_EQ(Files(Path()), std::vector<std::string>{"rooms"});
    state_.reset();
  }
  unsetenv(kWriter);
}

TEST_F(StateDirTest, KeysAreMadeOnceAndKeptForThisUserOnly) {
  const std::string made = LoadOrMakeKeys(Open());
  EXPECT_TRUE(crypto::KeyRing::Of(made).ok());
  EXPECT_EQ(ModeOf(Path() + "/keys"), 0600u);
  EXPECT_EQ(LoadOrMakeKeys(Open()), made);
}

TEST_F(StateDirTest, KeysOfAnOperatorAreTakenAsTheyAre) {
  fs::create_directory(Path());
  const std::string two = std::string(32, 'n') + "\n" + std::string(32, 'o') + "\n";
  std::ofstream(Path() + "/keys") << two;
  EXPECT_EQ(LoadOrMakeKeys(Open()), two);
}

TEST_F(StateDirTest, KeysThatAreNoGoodAreLeftForSomebodyToLookAt) {
  fs::create_directory(Path());
  std::ofstream(Path() + "/keys") << "short\n";
  const std::string made = LoadOrMakeKeys(Open());
  EXPECT_TRUE(crypto::KeyRing::Of(made).ok());
  EXPECT_EQ(Content(Path() + "/keys"), "short\n");
  EXPECT_EQ(Said("the keys of tickets in the file keys are no good: one is shorter"), 1);
  EXPECT_EQ(Said("short\n"), 0);
}

TEST_F(StateDirTest, WithoutADirectoryKeysAreOfOneProcess) {
  const std::string made = LoadOrMakeKeys(Open("off"));
  EXPECT_TRUE(crypto::KeyRing::Of(made).ok());
  EXPECT_NE(LoadOrMakeKeys(Open("off")), made);
}

TEST_F(StateDirTest, AFullDiskAtTheFirstStartKeepsItsKeysUntilTheyCanBeWritten) {
  disk_.full = true;
  const std::string made = LoadOrMakeKeys(Open());
  EXPECT_TRUE(crypto::KeyRing::Of(made).ok());
  disk_.full = false;
  EXPECT_TRUE(state_->Flush(5s));
  EXPECT_EQ(Content(Path() + "/keys"), made);
}

}  // namespace
}  // namespace sluice::server
