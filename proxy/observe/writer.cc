#include "proxy/observe/writer.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include "absl/strings/str_format.h"
#include "proxy/base/block_signals.h"
#include "proxy/base/log.h"

namespace sluice::observe {
namespace {

constexpr size_t kSpareBatches = 8;
constexpr auto kLastChance = std::chrono::seconds(1);
// What a pipe takes without blocking once poll() says it can be written to (PIPE_BUF).
constexpr size_t kPipePiece = 4096;
constexpr int kPollMs = 100;
constexpr int kPollsUntilStuck = 10;

int OpenFile(const std::string& path) {
  // Non-blocking so that opening a pipe that nobody reads is an error and not a wait.
  return open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0640);
}

int ConnectDatagram(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    errno = ENAMETOOLONG;
    return -1;
  }
  path.copy(address.sun_path, path.size());
  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd >= 0 && connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    const int error = errno;
    close(fd);
    errno = error;
    return -1;
  }
  return fd;
}

bool IsRegular(int fd) {
  struct stat status {};
  return fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
}

}  // namespace

int Writer::OpenOutput(const WriterOptions& options, Kind kind) {
  if (kind == Kind::kSyslog) return ConnectDatagram(options.syslog_socket);
  if (kind == Kind::kJournal) return ConnectDatagram(options.journal_socket);
  if (options.output == "stdout") return fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
  return OpenFile(options.output);
}

absl::StatusOr<std::unique_ptr<Writer>> Writer::Open(const WriterOptions& options) {
  Kind kind = Kind::kStream;
  if (options.output == "off") kind = Kind::kOff;
  if (options.output == "syslog") kind = Kind::kSyslog;
  if (options.output == "journald") kind = Kind::kJournal;
  const int fd = kind == Kind::kOff ? -1 : OpenOutput(options, kind);
  if (fd < 0 && kind != Kind::kOff) {
    return absl::UnavailableError(
        absl::StrFormat("access_log.output %s: %s", options.output, std::strerror(errno)));
  }
  return std::unique_ptr<Writer>(new Writer(options, kind, fd));
}

Writer::Writer(const WriterOptions& options, Kind kind, int fd)
    : options_(options), kind_(kind), fd_(fd) {
  if (kind_ != Kind::kOff) thread_ = std::thread([this] { Run(); });
}

Writer::~Writer() {
  Drain(kLastChance);
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
  if (fd_ >= 0) close(fd_);
}

bool Writer::Admit(const std::string& batch, uint32_t lines) {
  // One batch always finds room, however small the queue was made.
  if (waiting_lines_ == 0) return true;
  return waiting_lines_ + lines <= options_.queue_lines &&
         waiting_bytes_ + batch.size() <= options_.queue_lines * kLineBytes;
}

void Writer::Push(std::string& batch, uint32_t lines) {
  if (kind_ == Kind::kOff) return batch.clear();
  bool taken = false;
  {
    MutexLock lock(mutex_);
    taken = Admit(batch, lines);
    if (taken) {
      waiting_lines_ += lines;
      waiting_bytes_ += batch.size();
      queue_.push_back({std::exchange(batch, {}), lines});
      if (!spare_.empty()) {
        batch.swap(spare_.back());
        spare_.pop_back();
      }
    }
  }
  if (taken) {
    wake_.notify_one();
  } else {
    Lose(lines);
    batch.clear();
  }
}

void Writer::Reopen() {
  {
    MutexLock lock(mutex_);
    reopen_ = true;
  }
  wake_.notify_one();
}

bool Writer::Drain(Duration at_most) {
  if (kind_ == Kind::kOff) return true;
  std::unique_lock<std::mutex> lock(mutex_.native());
  return idle_.wait_for(lock, at_most, [this]() SLUICE_NO_THREAD_SAFETY {
    return queue_.empty() && !busy_ && !reopen_;
  });
}

void Writer::Run() {
  BlockSignals();
  std::vector<Batch> batches;
  while (TakeWork(batches)) {
    for (Batch& batch : batches) {
      if (reopen_.exchange(false)) ReopenNow();
      Write(batch);
      MutexLock lock(mutex_);
      waiting_lines_ -= batch.lines;
      waiting_bytes_ -= batch.text.size();
      batch.text.clear();
      if (spare_.size() < kSpareBatches) spare_.push_back(std::move(batch.text));
    }
    batches.clear();
    if (reopen_.exchange(false)) ReopenNow();
  }
}

// Waits for batches or a wish to reopen; false when it is time to go and nothing is left.
bool Writer::TakeWork(std::vector<Batch>& batches) {
  std::unique_lock<std::mutex> lock(mutex_.native());
  return [&]() SLUICE_NO_THREAD_SAFETY {
    busy_ = false;
    idle_.notify_all();
    wake_.wait(
        lock, [this]() SLUICE_NO_THREAD_SAFETY { return !queue_.empty() || reopen_ || stopping_; });
    busy_ = true;
    batches.swap(queue_);
    return !batches.empty() || reopen_;
  }();
}

void Writer::ReopenNow() {
  if (options_.output == "stdout") return;
  const int fd = OpenOutput(options_, kind_);
  if (fd < 0) {
    log::Error(log::kUnlimited, "access_log.output %s: %s; the old one stays in use",
               options_.output, std::strerror(errno));
    return;
  }
  close(std::exchange(fd_, fd));
  torn_ = false;
}

// Tells of the first failure and of the end of it, not of each line between.
void Writer::Note(int error) {
  if (error == failing_) return;
  failing_ = error;
  static log::Site site;
  if (error != 0) {
    log::Error(site, "access_log.output %s: %s; lines are lost", options_.output,
               std::strerror(error));
  } else {
    log::Info(site, "access_log.output %s: writes again; %d lines lost since the start",
              options_.output, dropped());
  }
}

void Writer::Write(const Batch& batch) {
  if (kind_ == Kind::kStream) return WriteLines(batch.text);
  std::string_view rest = batch.text;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find('\n'), rest.size() - 1);
    if (!SendLine(rest.substr(0, end))) Lose(1);
    rest.remove_prefix(end + 1);
  }
}

void Writer::WriteLines(std::string_view text) {
  // What failed in the middle of a line must not become the beginning of the next one.
  if (torn_ && WriteStream("\n") == 1) torn_ = false;
  const size_t taken = torn_ ? 0 : WriteStream(text);
  if (taken == text.size()) return;
  if (taken > 0) torn_ = text[taken - 1] != '\n';
  text.remove_prefix(taken);
  Lose(static_cast<uint64_t>(std::count(text.begin(), text.end(), '\n')));
}

// Returns how many bytes were written before the output failed.
size_t Writer::WriteStream(std::string_view text) {
  const bool regular = IsRegular(fd_);
  size_t taken = 0;
  while (taken < text.size()) {
    if (!regular && !WaitWritable()) return taken;
    const size_t piece = regular ? text.size() - taken : std::min(text.size() - taken, kPipePiece);
    const ssize_t n = write(fd_, text.data() + taken, piece);
    if (n > 0) {
      taken += static_cast<size_t>(n);
      Note(0);
    } else if (errno != EINTR && errno != EAGAIN) {
      Note(errno);
      return taken;
    }
  }
  return taken;
}

// False when what is being written should be given up: at the end, or for a new output.
bool Writer::WaitWritable() {
  for (int polls = 1;; ++polls) {
    pollfd ready{.fd = fd_, .events = POLLOUT, .revents = 0};
    if (poll(&ready, 1, stopping_ ? 0 : kPollMs) > 0) return true;
    if (stopping_ || reopen_) return false;
    if (polls >= kPollsUntilStuck) Note(ETIMEDOUT);
  }
}

void Writer::MakePacket(std::string_view line) {
  if (kind_ == Kind::kJournal) {
    // The native protocol: a field a line; a log line holds no newline.
    packet_ = "PRIORITY=6\nSYSLOG_IDENTIFIER=sluice\nMESSAGE=";
    packet_ += line;
    packet_ += '\n';
    return;
  }
  const time_t now = time(nullptr);
  if (now != stamp_second_) {
    // Facility local0, severity informational; local time and no host name, as local daemons
    // expect it. They do not read RFC 5424 here.
    tm parts{};
    localtime_r(&now, &parts);
    char text[32];
    stamp_.assign(text, strftime(text, sizeof text, "<134>%b %e %H:%M:%S ", &parts));
    absl::StrAppendFormat(&stamp_, "sluice[%d]: ", getpid());
    stamp_second_ = now;
  }
  packet_ = stamp_;
  packet_ += line;
}

bool Writer::SendLine(std::string_view line) {
  MakePacket(line);
  bool connected_anew = false;
  for (;;) {
    if (send(fd_, packet_.data(), packet_.size(), MSG_NOSIGNAL) >= 0) {
      Note(0);
      return true;
    }
    if (errno == EINTR) continue;
    if (errno == EMSGSIZE) return false;  // this line only
    if (errno == EAGAIN || errno == ENOBUFS) {
      if (!WaitWritable()) return false;
      continue;
    }
    // The daemon was started anew: the old connection is to nobody.
    const int error = errno;
    const int fd = connected_anew ? -1 : OpenOutput(options_, kind_);
    if (fd < 0) {
      Note(error);
      return false;
    }
    close(std::exchange(fd_, fd));
    connected_anew = true;
  }
}

}  // namespace sluice::observe
