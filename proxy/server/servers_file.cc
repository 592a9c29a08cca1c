#include "proxy/server/servers_file.h"

#include <optional>
#include <utility>

#include "absl/status/statusor.h"
#include "conf/server_list.h"
#include "proxy/base/log.h"

namespace sluice::server {

ServersFile::ServersFile(std::string pool, const conf::File& loaded)
    : pool_(std::move(pool)), file_(loaded.name, conf::kLargestServerList, loaded.content) {
  Adopt(loaded.content);
}

void ServersFile::Take(const std::string& content) {
  file_.Take(content);
  Adopt(content);
}

void ServersFile::Adopt(const std::string& content) {
  absl::StatusOr<conf::ServerList> list = conf::ParseServerList(content);
  if (!list.ok()) return Keep(std::string(list.status().message()));
  if (!list->warning.empty()) {
    log::Warn(log::kUnlimited, "pool %s: %s: %s", pool_, path(), list->warning);
  }
  if (!good_) log::Info(log::kUnlimited, "pool %s: %s is good again", pool_, path());
  good_ = true;
  content_ = content;
  servers_ = std::move(list->servers);
}

bool ServersFile::Look() {
  const std::optional<absl::StatusOr<std::string>> content = file_.Look();
  if (!content) return false;
  if (!content->ok()) {
    Keep(std::string(content->status().message()));
    return false;
  }
  const std::string before = content_;
  Adopt(**content);
  if (content_ == before) return false;
  log::Info(log::kUnlimited, "pool %s: %s names %d servers", pool_, path(), servers_.size());
  return true;
}

void ServersFile::Keep(const std::string& why) {
  if (!std::exchange(good_, false)) return;
  log::Error(log::kUnlimited, "pool %s: %s: %s; the %d servers it had stay", pool_, path(), why,
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
