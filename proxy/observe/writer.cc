#include "proxy/observe/writer.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include "absl/strings/str_format.h"
#include "proxy/base/log.h"

namespace sluice::observe {
namespace {

constexpr size_t kSpareBatches = 8;
constexpr auto kLastChance = std::chrono::seconds(1);
// What a pipe takes without blocking once poll() says it can be written to (PIPE_BUF).
constexpr size_t kPipePiece = 4096;
constexpr int kPollMs = 100;

int64_t NowNs() { return std::chrono::steady_clock::now().time_since_epoch().count(); }

int OpenFile(const std::string& path) {
  // Non-blocking so that opening a pipe that nobody reads is an error and not a wait.
  return open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0640);
}

int ConnectDatagram(const char* path) {
  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path, sizeof address.sun_path - 1);
  if (fd >= 0 && connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    const int error = errno;
    close(fd);
    errno = error;
    return -1;
  }
  return fd;
}

constexpr const char* kSyslogSocket = "/dev/log";
constexpr const char* kJournalSocket = "/run/systemd/journal/socket";

bool IsPipe(int fd) {
  struct stat status {};
  return fstat(fd, &status) != 0 || !S_ISREG(status.st_mode);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Writer>> Writer::Open(const WriterOptions& options) {
  Kind kind = Kind::kStream;
  int fd = -1;
  if (options.output == "off") {
    kind = Kind::kOff;
  } else if (options.output == "stdout") {
    fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
  } else if (options.output == "syslog") {
    kind = Kind::kSyslog;
    fd = ConnectDatagram(kSyslogSocket);
  } else if (options.output == "journald") {
    kind = Kind::kJournal;
    fd = ConnectDatagram(kJournalSocket);
  } else {
    fd = OpenFile(options.output);
  }
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
  stop_by_ns_ = NowNs() + std::chrono::nanoseconds(kLastChance).count();
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
  if (fd_ >= 0) close(fd_);
}

void Writer::Push(std::string& batch, uint32_t lines) {
  bool taken = false;
  {
    MutexLock lock(mutex_);
    if (kind_ != Kind::kOff && queued_lines_ + lines <= options_.queue_lines) {
      taken = true;
      queued_lines_ += lines;
      queue_.push_back({std::move(batch), lines});
      batch = std::string();
      if (!spare_.empty()) {
        batch.swap(spare_.back());
        spare_.pop_back();
      }
    }
  }
  if (taken) {
    wake_.notify_one();
  } else {
    dropped_.fetch_add(lines, std::memory_order_relaxed);
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

void Writer::Run() {
  std::vector<Batch> batches;
  for (;;) {
    bool reopen = false;
    {
      std::unique_lock<std::mutex> lock(mutex_.native());
      wake_.wait(lock, [this]() SLUICE_NO_THREAD_SAFETY {
        return !queue_.empty() || reopen_ || stopping_;
      });
      if (queue_.empty() && !reopen_ && stopping_) return;
    }
    {
      MutexLock lock(mutex_);
      batches.swap(queue_);
      queued_lines_ = 0;
      reopen = std::exchange(reopen_, false);
    }
    if (reopen) ReopenNow();
    for (Batch& batch : batches) {
      Write(batch);
      batch.text.clear();
      MutexLock lock(mutex_);
      if (spare_.size() < kSpareBatches) spare_.push_back(std::move(batch.text));
    }
    batches.clear();
  }
}

void Writer::ReopenNow() {
  if (kind_ != Kind::kStream || options_.output == "stdout") return;
  const int fd = OpenFile(options_.output);
  if (fd < 0) {
    log::Error(log::kUnlimited, "access_log.output %s: %s; the old file stays in use",
               options_.output, std::strerror(errno));
    return;
  }
  close(std::exchange(fd_, fd));
}

bool Writer::GivenUp() { return stopping_ && NowNs() > stop_by_ns_; }

void Writer::Write(const Batch& batch) {
  if (kind_ == Kind::kStream) {
    if (!WriteStream(batch.text)) dropped_.fetch_add(batch.lines, std::memory_order_relaxed);
    return;
  }
  std::string_view rest = batch.text;
  while (!rest.empty()) {
    const size_t end = rest.find('\n');
    if (!SendLine(rest.substr(0, end))) dropped_.fetch_add(1, std::memory_order_relaxed);
    rest.remove_prefix(std::min(end, rest.size() - 1) + 1);
  }
}

bool Writer::WriteStream(std::string_view text) {
  const bool pipe = IsPipe(fd_);
  while (!text.empty()) {
    if (pipe) {
      pollfd ready{fd_, POLLOUT, 0};
      if (poll(&ready, 1, kPollMs) == 0) {
        if (GivenUp()) return false;
        continue;
      }
      if ((ready.revents & POLLOUT) == 0) return false;  // its reader has gone
    }
    const ssize_t n =
        write(fd_, text.data(), pipe ? std::min(text.size(), kPipePiece) : text.size());
    if (n >= 0) {
      text.remove_prefix(static_cast<size_t>(n));
    } else if (errno != EINTR && errno != EAGAIN) {
      static log::Site site;
      log::Error(site, "access_log.output %s: %s; lines are dropped", options_.output,
                 std::strerror(errno));
      return false;
    }
  }
  return true;
}

bool Writer::SendLine(std::string_view line) {
  packet_.clear();
  if (kind_ == Kind::kSyslog) {
    // Facility local0, severity informational; the daemon adds time and host itself.
    packet_ += "<134>1 - - sluice - - - ";
    packet_ += line;
  } else {
    // The native protocol: a field a line; a log line holds no newline.
    packet_ += "PRIORITY=6\nSYSLOG_IDENTIFIER=sluice\nMESSAGE=";
    packet_ += line;
    packet_ += '\n';
  }
  for (;;) {
    if (send(fd_, packet_.data(), packet_.size(), MSG_NOSIGNAL) >= 0) return true;
    if (errno == EINTR) continue;
    if (errno != EAGAIN || GivenUp()) return false;
    pollfd ready{fd_, POLLOUT, 0};
    if (poll(&ready, 1, kPollMs) <= 0) return false;
  }
}

}  // namespace sluice::observe
