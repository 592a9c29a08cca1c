#include "proxy/observe/writer.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace sluice::observe {
namespace {

using namespace std::chrono_literals;

class WriterTest : public testing::Test {
 protected:
  void TearDown() override {
    writer_.reset();
    unlink(path_.c_str());
    unlink((path_ + ".1").c_str());
  }

  void Open(WriterOptions options) {
    absl::StatusOr<std::unique_ptr<Writer>> opened = Writer::Open(options);
    ASSERT_TRUE(opened.ok()) << opened.status();
    writer_ = *std::move(opened);
  }
  void OpenFile() { Open({.output = path_}); }
  void Add(std::string_view text, int times = 1) {
    LogFeed feed(*writer_);
    for (int i = 0; i < times; ++i) feed.Add(text);
  }
  static std::string Read(const std::string& path) {
    std::ifstream file(path);
    std::ostringstream all;
    all << file.rdbuf();
    return all.str();
  }
  // A pipe under path_ that somebody holds open and nobody reads.
  int HoldPipe() {
    EXPECT_EQ(mkfifo(path_.c_str(), 0600), 0);
    const int fd = open(path_.c_str(), O_RDONLY | O_NONBLOCK);
    EXPECT_GE(fd, 0);
    return fd;
  }
  // Reads until the pipe has been empty after the writer was done.
  static std::string ReadPipe(int fd) {
    std::string all;
    char block[65536];
    for (pollfd ready{fd, POLLIN, 0}; poll(&ready, 1, 500) > 0;) {
      const ssize_t n = read(fd, block, sizeof block);
      if (n <= 0) break;
      all.append(block, static_cast<size_t>(n));
    }
    return all;
  }
  // A log daemon that listens under path_.
  int Daemon() const {
    const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path_.copy(address.sun_path, sizeof address.sun_path - 1);
    EXPECT_EQ(bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    return fd;
  }
  static std::string Receive(int fd) {
    char datagram[16384];
    pollfd ready{fd, POLLIN, 0};
    if (poll(&ready, 1, 10'000) <= 0) return "nothing came";
    const ssize_t n = recv(fd, datagram, sizeof datagram, 0);
    return {datagram, static_cast<size_t>(std::max<ssize_t>(n, 0))};
  }

  const std::string path_ = testing::TempDir() + "sluice_writer_" + std::to_string(getpid());
  std::unique_ptr<Writer> writer_;
};

TEST_F(WriterTest, AppendsLinesToAFile) {
  std::ofstream(path_) << "older\n";
  OpenFile();
  Add("one\n");
  Add("two\n");
  ASSERT_TRUE(writer_->Drain(10s));
  EXPECT_EQ(Read(path_), "older\none\ntwo\n");
  EXPECT_EQ(writer_->dropped(), 0u);
}

TEST_F(WriterTest, WritesWhatWaitsBeforeItEnds) {
  OpenFile();
  Add("line\n", 10'000);
  writer_.reset();
  EXPECT_EQ(Read(path_).size(), 50'000u);
}

TEST_F(WriterTest, AFeedHandsOverWhenItIsFullOrAskedTo) {
  OpenFile();
  LogFeed feed(*writer_);
  feed.Add("one\n");
  ASSERT_TRUE(writer_->Drain(10s));
  EXPECT_EQ(Read(path_), "");
  feed.Flush();
  ASSERT_TRUE(writer_->Drain(10s));
  EXPECT_EQ(Read(path_), "one\n");
  feed.Add(std::string(40'000, 'x') + "\n");
  ASSERT_TRUE(writer_->Drain(10s));
  EXPECT_EQ(Read(path_).size(), 40'005u);
}

TEST_F(WriterTest, LinesOfOneWorkerStayInOrderAndLinesOfAllStayWhole) {
  OpenFile();
  std::vector<std::thread> workers;
  for (int worker = 0; worker < 4; ++worker) {
    workers.emplace_back([this, worker] {
      LogFeed feed(*writer_);
      for (int i = 0; i < 5000; ++i) {
        feed.Add(std::to_string(worker) + " " + std::to_string(i) + "\n");
        if (i % 100 == 0) feed.Flush();
      }
    });
  }
  for (std::thread& worker : workers) worker.join();
  ASSERT_TRUE(writer_->Drain(10s));
  std::istringstream text(Read(path_));
  std::vector<int> next(4, 0);
  int worker = 0;
  int number = 0;
  while (text >> worker >> number) EXPECT_EQ(number, next[static_cast<size_t>(worker)]++);
  EXPECT_EQ(next, std::vector<int>(4, 5000));
}

TEST_F(WriterTest, AfterLogrotateMovedTheFileReopenBeginsANewOne) {
  OpenFile();
  Add("before\n");
  ASSERT_TRUE(writer_->Drain(10s));
  ASSERT_EQ(std::rename(path_.c_str(), (path_ + ".1").c_str()), 0);
  writer_->Reopen();
  Add("after\n");
  ASSERT_TRUE(writer_->Drain(10s));
  EXPECT_EQ(Read(path_ + ".1"), "before\n");
  EXPECT_EQ(Read(path_), "after\n");
}

TEST_F(WriterTest, WhenTheFileCannotBeReopenedTheOldOneStays) {
  OpenFile();
  ASSERT_EQ(std::rename(path_.c_str(), (path_ + ".1").c_str()), 0);
  ASSERT_EQ(mkdir(path_.c_str(), 0700), 0);  // a directory cannot be written to
  writer_->Reopen();
  Add("still here\n");
  ASSERT_TRUE(writer_->Drain(10s));
  EXPECT_EQ(Read(path_ + ".1"), "still here\n");
  rmdir(path_.c_str());
}

TEST_F(WriterTest, AnOutputThatCannotBeOpenedIsAnErrorThatNamesIt) {
  const absl::Status missing = Writer::Open({.output = path_ + "/no/dir"}).status();
  EXPECT_NE(missing.ToString().find("/no/dir: No such file"), std::string::npos) << missing;
  EXPECT_FALSE(Writer::Open({.output = "syslog", .syslog_socket = path_}).ok());
  EXPECT_FALSE(Writer::Open({.output = "journald", .journal_socket = path_}).ok());
}

TEST_F(WriterTest, APipeNobodyReadsCostsLinesAndStopsNobody) {
  const int reader = HoldPipe();
  Open({.output = path_, .queue_lines = 1000});
  const std::string line = std::string(99, 'x') + "\n";
  Add(line, 20'000);  // 2 MB; the pipe holds 64 KiB, the queue 1,000 lines
  EXPECT_FALSE(writer_->Drain(1ms));
  EXPECT_GT(writer_->dropped(), 15'000u);
  close(reader);
}

TEST_F(WriterTest, OnceThePipeIsReadWhatWaitedComesWhole) {
  const int reader = HoldPipe();
  Open({.output = path_});
  std::string sent;
  LogFeed feed(*writer_);
  for (int i = 0; i < 20'000; ++i) {
    const std::string line = std::to_string(i) + "\n";
    sent += line;
    feed.Add(line);
  }
  feed.Flush();
  EXPECT_EQ(ReadPipe(reader), sent);
  EXPECT_EQ(writer_->dropped(), 0u);
  close(reader);
}

TEST_F(WriterTest, TheEndIsNotHeldUpByAPipeNobodyReads) {
  const int reader = HoldPipe();
  OpenFile();
  Add(std::string(99, 'x') + "\n", 5000);
  const auto begin = std::chrono::steady_clock::now();
  writer_.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
  close(reader);
}

TEST_F(WriterTest, AReaderThatLeftCostsLinesAndNoSignal) {
  const int reader = HoldPipe();
  OpenFile();
  close(reader);
  Add("lost\n", 3);
  ASSERT_TRUE(writer_->Drain(10s));
  EXPECT_EQ(writer_->dropped(), 3u);
}

TEST_F(WriterTest, AFullDiskCostsLinesAndStopsNobody) {
  Open({.output = "/dev/full"});
  Add("lost\n", 5);
  ASSERT_TRUE(writer_->Drain(10s));
  EXPECT_EQ(writer_->dropped(), 5u);
}

TEST_F(WriterTest, ALineCutByAFullDiskDoesNotRunIntoTheNext) {
  OpenFile();
  rlimit files{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &files), 0);
  const rlimit ten_bytes{10, files.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &ten_bytes), 0);
  Add("first\nsecond\nthird\n");
  const bool drained = writer_->Drain(10s);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &files), 0);
  ASSERT_TRUE(drained);
  EXPECT_EQ(writer_->dropped(), 2u);
  Add("fourth\n");
  ASSERT_TRUE(writer_->Drain(10s));
  EXPECT_EQ(Read(path_), "first\nseco\nfourth\n");
}

TEST_F(WriterTest, OneBatchFindsRoomHoweverSmallTheQueue) {
  Open({.output = path_, .queue_lines = 1});
  Add("line\n", 100);
  ASSERT_TRUE(writer_->Drain(10s));
  EXPECT_EQ(Read(path_).size(), 500u);
}

TEST_F(WriterTest, LongLinesFillTheQueueByTheirBytes) {
  const int reader = HoldPipe();
  Open({.output = path_, .queue_lines = 1000});  // 512,000 bytes
  Add(std::string(7999, 'x') + "\n", 500);       // 4 MB in 500 lines
  EXPECT_GT(writer_->dropped(), 400u);
  close(reader);
}

TEST_F(WriterTest, OffTakesLinesAndForgetsThem) {
  Open({.output = "off"});
  Add("line\n", 10);
  EXPECT_TRUE(writer_->Drain(1ms));
  EXPECT_EQ(writer_->dropped(), 0u);
}

TEST_F(WriterTest, SyslogGetsADatagramALine) {
  const int daemon = Daemon();
  Open({.output = "syslog", .syslog_socket = path_});
  Add("one\ntwo\n");
  const std::string first = Receive(daemon);
  EXPECT_TRUE(first.starts_with("<134>")) << first;
  EXPECT_TRUE(first.ends_with(" sluice[" + std::to_string(getpid()) + "]: one")) << first;
  EXPECT_EQ(first.size(), std::string("<134>Nov 27 09:00:00 ").size() +
                              ("sluice[" + std::to_string(getpid()) + "]: one").size());
  EXPECT_TRUE(Receive(daemon).ends_with("]: two"));
  close(daemon);
}

TEST_F(WriterTest, JournaldGetsItsNativeFields) {
  const int daemon = Daemon();
  Open({.output = "journald", .journal_socket = path_});
  Add("one\n");
  EXPECT_EQ(Receive(daemon), "PRIORITY=6\nSYSLOG_IDENTIFIER=sluice\nMESSAGE=one\n");
  close(daemon);
}

TEST_F(WriterTest, ADaemonStartedAnewIsFoundAgain) {
  const int first = Daemon();
  Open({.output = "syslog", .syslog_socket = path_});
  close(first);
  unlink(path_.c_str());
  Add("lost\n");
  ASSERT_TRUE(writer_->Drain(10s));
  EXPECT_EQ(writer_->dropped(), 1u);
  const int second = Daemon();
  Add("found\n");
  EXPECT_TRUE(Receive(second).ends_with("]: found"));
  EXPECT_EQ(writer_->dropped(), 1u);
  close(second);
}

}  // namespace
}  // namespace sluice::observe
