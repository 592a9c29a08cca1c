#include "tests/bench/program.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <iterator>
#include <utility>

#include "tests/support/flow/moment.h"

namespace sluice::test {
namespace {

bool Readable(const net::Fd& fd) {
  pollfd news{fd.get(), POLLIN, 0};
  return ::poll(&news, 1, std::chrono::milliseconds(kPatience).count()) > 0;
}

}  // namespace

Program::Program(const std::string& name, std::vector<std::string> arguments) {
  const std::string path = SLUICE_BENCH_PROGRAMS "/" + name;
  std::vector<char*> argv = {const_cast<char*>(path.c_str())};
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);

  int ends[2] = {-1, -1};
  EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  output_ = net::Fd(ends[0]);
  const net::Fd write_end(ends[1]);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, write_end.get(), STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, write_end.get(), STDERR_FILENO);
  // Nothing else of the test's: an Origin ends when its pipe does.
  ::posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
  EXPECT_EQ(::posix_spawn(&pid_, path.c_str(), &actions, nullptr, argv.data(), environ), 0) << path;
  ::posix_spawn_file_actions_destroy(&actions);
  // By number: glibc 2.36 declares pidfd_open without C linkage.
  if (pid_ > 0) process_ = net::Fd(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
}

Program::~Program() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

const std::string& Program::where() {
  if (where_.empty()) where_ = "127.0.0.1:" + ReadLine();
  return where_;
}

int Program::Wait() {
  if (pid_ <= 0 || !Readable(process_)) return -1;
  int status = 0;
  ::waitpid(std::exchange(pid_, -1), &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int Program::Terminate() {
  if (pid_ > 0) ::kill(pid_, SIGTERM);
  return Wait();
}

std::string Program::Said() {
  std::string all;
  for (std::string line = ReadLine(); !line.empty(); line = ReadLine()) all += line + "\n";
  return all;
}

size_t Program::Descriptors() const {
  const std::filesystem::directory_iterator open("/proc/" + std::to_string(pid_) + "/fd");
  return static_cast<size_t>(std::distance(begin(open), end(open)));
}

std::string Program::ReadLine() {
  std::string line;
  char byte = 0;
  while (Readable(output_) && ::read(output_.get(), &byte, 1) == 1 && byte != '\n') line += byte;
  return line;
}

}  // namespace sluice::test
