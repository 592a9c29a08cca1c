#include "proxy/server/watched_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <functional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "proxy/net/fd.h"

namespace sluice::server {
namespace {

size_t HashOf(std::string_view content) { return std::hash<std::string_view>()(content); }

}  // namespace

absl::StatusOr<std::string> ReadWhole(const std::string& path, size_t largest) {
  constexpr size_t kStep = 256 << 10;
  const net::Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd.valid()) return absl::Status(absl::ErrnoToStatusCode(errno), std::strerror(errno));
  std::string content;
  for (;;) {
    const size_t size = content.size();
    content.resize(size + kStep);
    const ssize_t n = ::read(fd.get(), content.data() + size, kStep);
    if (n < 0) return absl::UnavailableError(std::strerror(errno));
    content.resize(size + static_cast<size_t>(n));
    if (n == 0) return content;
    if (content.size() > largest) {
      return absl::OutOfRangeError(absl::StrFormat("it is larger than %d bytes", largest));
    }
  }
}

WatchedFile::WatchedFile(std::string path, size_t largest, std::string_view content)
    : path_(std::move(path)), largest_(largest), last_(HashOf(content)) {}

void WatchedFile::Take(std::string_view content) { last_ = HashOf(content); }

std::optional<absl::StatusOr<std::string>> WatchedFile::Look() {
  const Stamp now = StampOf();
  const bool changing = now != std::exchange(seen_, now);
  unread_ = unread_ || changing;
  if (changing || !unread_) return std::nullopt;
  unread_ = false;
  absl::StatusOr<std::string> content = Read();
  if (!content.ok()) {
    last_.reset();
    return content;
  }
  const size_t hash = HashOf(*content);
  if (std::exchange(last_, hash) == hash) return std::nullopt;
  return content;
}

WatchedFile::Stamp WatchedFile::StampOf() const {
  struct stat file {};
  if (::stat(path_.c_str(), &file) != 0) return {};
  // The time of the last change of the inode too: a copy may keep the time of the content.
  const auto nanos = [](const timespec& at) { return at.tv_sec * 1'000'000'000 + at.tv_nsec; };
  return {file.st_ino, file.st_size, std::max(nanos(file.st_mtim), nanos(file.st_ctim))};
}

}  // namespace sluice::server
