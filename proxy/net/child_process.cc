#include "proxy/net/child_process.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <unistd.h>
#include <uv.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include "absl/strings/str_format.h"
#include "proxy/base/check.h"
#include "proxy/net/error.h"
#include "proxy/net/fd.h"

namespace sluice::net {
namespace {

// One that writes without end must not hold the loop.
constexpr size_t kMostReads = 16;

// Those of this process that are not set anew, then the new ones.
std::vector<std::string> EnvironmentWith(const std::vector<std::string>& added) {
  const auto name = [](std::string_view line) { return line.substr(0, line.find('=')); };
  std::vector<std::string> all;
  for (char** line = environ; *line != nullptr; ++line) {
    const bool replaced = std::any_of(added.begin(), added.end(), [&](const std::string& other) {
      return name(other) == name(*line);
    });
    if (!replaced) all.emplace_back(*line);
  }
  all.insert(all.end(), added.begin(), added.end());
  return all;
}

// As exec() wants them. REQUIRES: `texts` stay as they are.
std::vector<char*> PointersTo(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

std::string ChildEnd::What() const {
  if (signal != 0) return absl::StrFormat("signal %d (%s)", signal, ::strsignal(signal));
  return absl::StrFormat("exit status %d", status);
}

struct ChildProcess::Core {
  uv_process_t process;
  uv_poll_t output;
  Fd pipe;
  ChildProcess* owner;
  int open = 0;  // handles

  int Spawn(Loop& loop, const ChildOptions& options);
  void Close();

  static void OnUvOutput(uv_poll_t* handle, int, int) {
    ChildProcess* const owner = static_cast<Core*>(handle->data)->owner;
    if (owner == nullptr) return;
    Loop& loop = owner->loop_;
    owner->OnOutput();
    loop.EndCallback();
  }
  static void OnUvExit(uv_process_t* handle, int64_t status, int signal) {
    ChildProcess* const owner = static_cast<Core*>(handle->data)->owner;
    if (owner == nullptr) return;
    Loop& loop = owner->loop_;
    owner->OnExit(static_cast<int>(status), signal);
    loop.EndCallback();
  }
  static void OnClosed(uv_handle_t* handle) {
    auto* const core = static_cast<Core*>(handle->data);
    if (--core->open == 0) delete core;
  }
};

// What is there of it afterwards is to be closed, whatever comes of it.
int ChildProcess::Core::Spawn(Loop& loop, const ChildOptions& options) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return -errno;
  pipe = Fd(ends[0]);
  const Fd theirs(ends[1]);
  ::fcntl(pipe.get(), F_SETFL, O_NONBLOCK);
  if (const int error = uv_poll_init(loop.uv(), &output, pipe.get()); error != 0) return error;
  output.data = this;
  ++open;
  if (const int error = uv_poll_start(&output, UV_READABLE, OnUvOutput); error != 0) return error;

  std::array<uv_stdio_container_t, 3> stdio{};
  stdio[0].flags = UV_IGNORE;
  for (const size_t fd : {1, 2}) {
    stdio[fd].flags = UV_INHERIT_FD;
    stdio[fd].data.fd = theirs.get();
  }
  std::vector<std::string> command = options.command;
  std::vector<std::string> environment = EnvironmentWith(options.environment);
  const std::vector<char*> arguments = PointersTo(command);
  const std::vector<char*> variables = PointersTo(environment);
  uv_process_options_t spawn{};
  spawn.exit_cb = OnUvExit;
  spawn.file = command.front().c_str();
  spawn.args = const_cast<char**>(arguments.data());
  spawn.env = const_cast<char**>(variables.data());
  spawn.flags = UV_PROCESS_DETACHED;
  spawn.stdio_count = static_cast<int>(stdio.size());
  spawn.stdio = stdio.data();
  process.data = this;
  ++open;
  // Ours are so already; whoever started this process may have left it others.
  ::close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
  return uv_spawn(loop.uv(), &process, &spawn);
}

void ChildProcess::Core::Close() {
  owner = nullptr;
  if (open == 0) {
    delete this;
    return;
  }
  const bool spawned = open == 2;
  uv_close(reinterpret_cast<uv_handle_t*>(&output), OnClosed);
  if (spawned) uv_close(reinterpret_cast<uv_handle_t*>(&process), OnClosed);
}

absl::StatusOr<std::unique_ptr<ChildProcess>> ChildProcess::Start(Loop& loop,
                                                                  const ChildOptions& options,
                                                                  OnLine on_line, OnEnd on_end) {
  SLUICE_CHECK(!options.command.empty());
  std::unique_ptr<ChildProcess> child(
      new ChildProcess(loop, options, std::move(on_line), std::move(on_end)));
  if (const int error = child->core_->Spawn(loop, options); error != 0) {
    child->ended_ = true;
    return absl::Status(absl::ErrnoToStatusCode(-error), std::string(ErrorText(error)));
  }
  loop.Arm(child->deadline_, options.timeout);
  return child;
}

ChildProcess::ChildProcess(Loop& loop, const ChildOptions& options, OnLine on_line, OnEnd on_end)
    : loop_(loop),
      mercy_(options.mercy),
      on_line_(std::move(on_line)),
      on_end_(std::move(on_end)),
      core_(new Core{.process = {}, .output = {}, .pipe = {}, .owner = this}) {}

ChildProcess::~ChildProcess() {
  if (!ended_) SignalGroup(SIGKILL);
  core_->Close();
}

int ChildProcess::pid() const { return core_->process.pid; }

void ChildProcess::OnOutput() {
  if (!ReadOutput()) uv_poll_stop(&core_->output);
}

// What is there; false when there will be no more.
bool ChildProcess::ReadOutput() {
  std::array<char, kMostOutput> block;
  for (size_t reads = 0; reads < kMostReads; ++reads) {
    const ssize_t n = ::read(core_->pipe.get(), block.data(), block.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno == EAGAIN;
    if (n == 0) return false;
    const size_t kept = std::min(static_cast<size_t>(n), kMostOutput - read_);
    read_ += kept;
    line_.append(block.data(), kept);
    TellLines();
  }
  return true;
}

void ChildProcess::TellLines() {
  size_t begin = 0;
  for (size_t end; (end = line_.find('\n', begin)) != std::string::npos; begin = end + 1) {
    TellLine(std::string_view(line_).substr(begin, end - begin));
  }
  line_.erase(0, begin);
}

void ChildProcess::TellLine(std::string_view line) {
  if (!line.empty() && told_++ < kMostLines) on_line_(line);
}

// What somebody it left behind may still write is not waited for.
void ChildProcess::OnExit(int status, int signal) {
  ended_ = true;
  deadline_.Cancel();
  if (timed_out_) SignalGroup(SIGKILL);
  ReadOutput();
  uv_poll_stop(&core_->output);
  TellLine(line_);
  OnEnd on_end = std::move(on_end_);
  on_end({.status = status, .signal = signal, .timed_out = timed_out_});
}

void ChildProcess::OnTimeout() {
  SignalGroup(std::exchange(timed_out_, true) ? SIGKILL : SIGTERM);
  loop_.Arm(deadline_, mercy_);
}

void ChildProcess::SignalGroup(int signal) const { ::kill(-pid(), signal); }

}  // namespace sluice::net
