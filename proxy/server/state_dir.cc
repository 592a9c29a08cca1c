#include "proxy/server/state_dir.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "proxy/base/block_signals.h"
#include "proxy/base/check.h"
#include "proxy/base/log.h"
#include "proxy/server/watched_file.h"

namespace sluice::server {
namespace {

constexpr auto kLastChance = std::chrono::seconds(1);

// No folder, and none of the names that are here for a while only.
bool IsPlain(std::string_view name) {
  const auto plain = [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '-' || c == '_';
  };
  return !name.empty() && name.front() != '.' && std::all_of(name.begin(), name.end(), plain);
}

std::string NameOfNew(const std::string& name) { return "." + name + ".new"; }

net::Fd InMemoryOnly(const std::string& path, std::string_view why) {
  log::Warn(
      log::kUnlimited,
      "state.dir %s: %s; what should outlive this process is in memory only: a restart forgets "
      "who is in a waiting room and inside, and all begin anew; which hooks of events ran; and "
      "what operators have ordered",
      path, why);
  return net::Fd();
}

}  // namespace

net::Fd StateDir::Open(const std::string& path) {
  if (path == "off") return net::Fd();
  // Where it is there already, whose it is and who may read it are the operator's affair.
  if (mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
    return InMemoryOnly(path, std::strerror(errno));
  }
  net::Fd dir(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!dir.valid() || faccessat(dir.get(), ".", W_OK | X_OK, AT_EACCESS) != 0) {
    return InMemoryOnly(path, std::strerror(errno));
  }
  // The kernel ends it with the process. Where the file system has no locks there is none.
  if (flock(dir.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    return InMemoryOnly(path, "another process has it");
  }
  return dir;
}

StateDir::StateDir(StateDirOptions options)
    : options_(std::move(options)), dir_(Open(options_.path)) {
  if (on_disk()) thread_ = std::thread([this] { Run(); });
}

StateDir::~StateDir() {
  if (!on_disk()) return;
  Flush(kLastChance);
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

absl::StatusOr<std::string> StateDir::Read(std::string_view name, size_t largest) const {
  SLUICE_CHECK(IsPlain(name));
  if (!on_disk()) return absl::NotFoundError("in memory only");
  return ReadWhole(absl::StrFormat("%s/%s", path(), name), largest);
}

void StateDir::Write(std::string_view name, std::string bytes) {
  SLUICE_CHECK(IsPlain(name));
  if (!on_disk()) return;
  {
    MutexLock lock(mutex_);
    if (const auto older = refused_.find(name); older != refused_.end()) refused_.erase(older);
    waiting_.insert_or_assign(std::string(name), std::move(bytes));
    SLUICE_CHECK(waiting_.size() + refused_.size() <= kMostFiles);
  }
  wake_.notify_one();
}

bool StateDir::Flush(Duration at_most) {
  if (!on_disk()) return true;
  {
    MutexLock lock(mutex_);
    TryAgain();
  }
  wake_.notify_one();
  std::unique_lock<std::mutex> lock(mutex_.native());
  return [&]() SLUICE_NO_THREAD_SAFETY {
    const bool tried = idle_.wait_for(
        lock, at_most, [this]() SLUICE_NO_THREAD_SAFETY { return waiting_.empty() && !busy_; });
    return tried && refused_.empty();
  }();
}

void StateDir::TryAgain() { waiting_.merge(refused_); }

void StateDir::Run() {
  BlockSignals();
  Contents::node_type work;
  while (TakeWork(work)) {
    const int error = Replace(work.key(), work.mapped());
    Note(work.key(), error);
    if (error == 0) continue;
    MutexLock lock(mutex_);
    if (waiting_.contains(work.key())) continue;
    if (refused_.empty()) retry_at_ = std::chrono::steady_clock::now() + options_.retry;
    refused_.insert(std::move(work));
  }
}

// Waits for something to write; false when it is time to go.
bool StateDir::TakeWork(Contents::node_type& work) {
  std::unique_lock<std::mutex> lock(mutex_.native());
  return [&]() SLUICE_NO_THREAD_SAFETY {
    busy_ = false;
    const auto awake = [this]() SLUICE_NO_THREAD_SAFETY { return !waiting_.empty() || stopping_; };
    while (!awake()) {
      if (idle_.notify_all(); refused_.empty()) {
        wake_.wait(lock);
      } else if (!wake_.wait_until(lock, retry_at_, awake)) {
        TryAgain();
      }
    }
    if (stopping_) return false;
    busy_ = true;
    work = waiting_.extract(waiting_.begin());
    return true;
  }();
}

int StateDir::Replace(const std::string& name, std::string_view bytes) const {
  if (bytes.size() > kLargest) return EFBIG;
  const std::string fresh = NameOfNew(name);
  int error = WriteNew(fresh, bytes);
  if (error == 0 && renameat(dir_.get(), fresh.c_str(), dir_.get(), name.c_str()) != 0) {
    error = errno;
  }
  if (error != 0) {
    // What was written of it would fill the disk further.
    unlinkat(dir_.get(), fresh.c_str(), 0);
    return error;
  }
  return fsync(dir_.get()) == 0 ? 0 : errno;
}

int StateDir::WriteNew(const std::string& name, std::string_view bytes) const {
  // One may be left of a process that was killed.
  unlinkat(dir_.get(), name.c_str(), 0);
  const net::Fd fd(openat(dir_.get(), name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!fd.valid()) return errno;
  while (!bytes.empty()) {
    const ssize_t n = options_.write(fd.get(), bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return n < 0 ? errno : ENOSPC;
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return fsync(fd.get()) == 0 ? 0 : errno;
}

// Tells of the first failure and of the end of them, not of each between.
void StateDir::Note(const std::string& name, int error) {
  const bool failed_before = !failing_.empty();
  if (error == 0) {
    written_.fetch_add(1, std::memory_order_relaxed);
    failing_.erase(name);
  } else {
    failed_.fetch_add(1, std::memory_order_relaxed);
    failing_.insert(name);
  }
  static log::Site site;
  if (!failed_before && error != 0) {
    log::Warn(site,
              "state.dir %s: %s cannot be written: %s; it is tried again, and until it works a "
              "restart finds what was there before",
              path(), name, std::strerror(error));
  } else if (failed_before && failing_.empty()) {
    log::Info(site, "state.dir %s: can be written to again; %d writes have failed since the start",
              path(), failed());
  }
}

}  // namespace sluice::server
