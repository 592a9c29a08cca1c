// ChildProcess: another program, run beside this process for at most a time.
//
// It has its own session and process group, no signal blocked or ignored, /dev/null to read from,
// and none of our descriptors, which its exec closes. What it writes, to stdout and stderr alike,
// is told line by line up to a bound, and taken and dropped beyond, so that it never waits for us.
// When its time is over its group gets SIGTERM, and SIGKILL `mercy` later, or as soon as it has
// ended itself. What it leaves running when it ends in time goes on without us, but for its output,
// which nobody reads any more.
//
// Threads: the loop's. Cost: a fork of this process, for which the loop stands still until the
// program is there.
#ifndef SLUICE_PROXY_NET_CHILD_PROCESS_H_
#define SLUICE_PROXY_NET_CHILD_PROCESS_H_

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "proxy/base/deadline.h"
#include "proxy/net/loop.h"

namespace sluice::net {

struct ChildOptions {
  std::vector<std::string> command;  // a program by its absolute path, and its arguments
  // "NAME=value", beside and in place of what this process has.
  std::vector<std::string> environment = {};
  Duration timeout = std::chrono::minutes(1);
  Duration mercy = std::chrono::seconds(5);
};

// How it ended.
struct ChildEnd {
  int status = 0;  // of exit()
  int signal = 0;  // not 0: ended by it, and there is no status
  bool timed_out = false;

  bool ok() const { return status == 0 && signal == 0 && !timed_out; }
  std::string What() const;  // "exit status 3", "signal 9 (Killed)"
};

class ChildProcess {
 public:
  // Of what it writes.
  static constexpr size_t kMostOutput = 4096;  // bytes
  static constexpr size_t kMostLines = 64;

  // Without its newline; bytes as they came; not empty. The last one may be cut, when there was
  // more. From the loop, before the end; it must not destroy the child.
  using OnLine = absl::AnyInvocable<void(std::string_view line)>;
  // Once, from the loop. It may destroy the child.
  using OnEnd = absl::AnyInvocable<void(const ChildEnd& end)>;

  // The error is the system's: there is no such program, or it may not be run.
  // REQUIRES: a command.
  static absl::StatusOr<std::unique_ptr<ChildProcess>> Start(Loop& loop,
                                                             const ChildOptions& options,
                                                             OnLine on_line, OnEnd on_end);
  // One that has not ended is killed with its group, and tells nothing any more. The kernel's
  // record of it (a zombie) is then left for the end of this process.
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  int pid() const;

 private:
  struct Core;  // owned by libuv until its close callbacks

  ChildProcess(Loop& loop, const ChildOptions& options, OnLine on_line, OnEnd on_end);

  void OnOutput();
  void OnExit(int status, int signal);
  void OnTimeout();
  bool ReadOutput();
  void TellLines();
  void TellLine(std::string_view line);
  void SignalGroup(int signal) const;

  Loop& loop_;
  const Duration mercy_;
  OnLine on_line_;
  OnEnd on_end_;
  Core* core_;
  std::string line_;  // what was read of the next one
  size_t read_ = 0;   // bytes; kMostOutput at most
  size_t told_ = 0;   // lines
  bool ended_ = false;
  bool timed_out_ = false;
  BoundDeadline<ChildProcess, &ChildProcess::OnTimeout> deadline_{this};
};

}  // namespace sluice::net

#endif  // SLUICE_PROXY_NET_CHILD_PROCESS_H_
