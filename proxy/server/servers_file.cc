#include "proxy/server/servers_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "conf/server_list.h"
#include "proxy/base/log.h"
#include "proxy/net/fd.h"

namespace sluice::server {

ServersFile::ServersFile(std::string pool, const conf::File& loaded)
    : pool_(std::move(pool)), path_(loaded.name) {
  Take(loaded.content);
}

void ServersFile::Take(const std::string& content) {
  absl::StatusOr<conf::ServerList> list = conf::ParseServerList(content);
  if (!list.ok()) return Keep(std::string(list.status().message()));
  if (!list->warning.empty()) {
    log::Warn(log::kUnlimited, "pool %s: %s: %s", pool_, path_, list->warning);
  }
  if (!good_) log::Info(log::kUnlimited, "pool %s: %s is good again", pool_, path_);
  good_ = true;
  content_ = content;
  servers_ = std::move(list->servers);
}

bool ServersFile::Look() {
  const Stamp now = StampOf();
  const bool changing = now != std::exchange(seen_, now);
  unread_ = unread_ || changing;
  if (changing || !unread_) return false;
  unread_ = false;
  const absl::StatusOr<std::string> content = Read();
  if (!content.ok()) {
    Keep(std::string(content.status().message()));
    return false;
  }
  if (good_ && *content == content_) return false;
  const std::string before = content_;
  Take(*content);
  if (content_ == before) return false;
  log::Info(log::kUnlimited, "pool %s: %s names %d servers", pool_, path_, servers_.size());
  return true;
}

ServersFile::Stamp ServersFile::StampOf() const {
  struct stat file {};
  if (::stat(path_.c_str(), &file) != 0) return {};
  // The time of the last change of the inode too: a copy may keep the time of the content.
  const auto nanos = [](const timespec& at) { return at.tv_sec * 1'000'000'000 + at.tv_nsec; };
  return {file.st_ino, file.st_size, std::max(nanos(file.st_mtim), nanos(file.st_ctim))};
}

// One byte more than it may have is enough to know that it is too large.
absl::StatusOr<std::string> ServersFile::Read() const {
  const net::Fd fd(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd.valid()) return absl::NotFoundError(std::strerror(errno));
  std::string content(conf::kLargestServerList + 1, '\0');
  size_t size = 0;
  while (size < content.size()) {
    const ssize_t n = ::read(fd.get(), content.data() + size, content.size() - size);
    if (n < 0) return absl::UnavailableError(std::strerror(errno));
    if (n == 0) break;
    size += static_cast<size_t>(n);
  }
  content.resize(size);
  return content;
}

void ServersFile::Keep(const std::string& why) {
  if (!std::exchange(good_, false)) return;
  log::Error(log::kUnlimited, "pool %s: %s: %s; the %d servers it had stay", pool_, path_, why,
             servers_.size());
}

std::shared_ptr<const conf::Config> ServersFiles::Look(std::shared_ptr<const conf::Config> config) {
  if (config != watched_) Watch(*config);
  std::shared_ptr<conf::Config> changed;
  for (size_t i = 0; i < files_.size(); ++i) {
    if (files_[i] == nullptr || !files_[i]->Look()) continue;
    if (changed == nullptr) changed = std::make_shared<conf::Config>(*config);
    changed->pools[i].servers_file.content = files_[i]->content();
    conf::ListServers(changed->pools[i], files_[i]->servers());
  }
  watched_ = changed == nullptr ? std::move(config) : std::move(changed);
  return watched_;
}

void ServersFiles::Watch(const conf::Config& config) {
  std::vector<std::unique_ptr<ServersFile>> before = std::move(files_);
  files_.clear();
  for (const conf::Pool& pool : config.pools) {
    std::unique_ptr<ServersFile>& file = files_.emplace_back();
    const conf::File& loaded = pool.servers_file;
    if (loaded.name.empty()) continue;
    for (std::unique_ptr<ServersFile>& known : before) {
      if (known == nullptr || known->pool() != pool.name || known->path() != loaded.name) continue;
      file = std::move(known);
    }
    if (file == nullptr) {
      file = std::make_unique<ServersFile>(pool.name, loaded);
    } else if (file->content() != loaded.content) {
      file->Take(loaded.content);
    }
  }
}

}  // namespace sluice::server
