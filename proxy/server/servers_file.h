// ServersFile: a pool's servers_file (conf/server_list.h), watched. What it names is taken over
// when it has changed and then been left alone for one look, so that a file in the middle of being
// written is not; when it is gone, empty or wrong the servers it had stay, and the log says so
// once.
//
// Looked at, not subscribed to: editors and mounted ConfigMaps change a file by putting another in
// its place, which a watch on the old one does not see. Cost: one stat() a look.
//
// Threads: the supervisor's; reads a file, which nobody's request waits for.
#ifndef SLUICE_PROXY_SERVER_SERVERS_FILE_H_
#define SLUICE_PROXY_SERVER_SERVERS_FILE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "conf/config.h"

namespace sluice::server {

class ServersFile {
 public:
  // `loaded` is the file as it was when the configuration was read, and good.
  ServersFile(std::string pool, const conf::File& loaded);

  const std::string& pool() const { return pool_; }
  const std::string& path() const { return path_; }
  const std::vector<conf::Server>& servers() const { return servers_; }
  const std::string& content() const { return content_; }
  // The configuration was read again, and the file with it.
  void Take(const std::string& content);
  // True when the servers are others than before. To be called kLooksPerSecond times a second.
  bool Look();

  static constexpr uint32_t kLooksPerSecond = 2;

 private:
  // What changes when a file does; all zeros for none.
  struct Stamp {
    uint64_t inode = 0;
    int64_t size = 0;
    int64_t changed_ns = 0;
    bool operator==(const Stamp&) const = default;
  };

  Stamp StampOf() const;
  absl::StatusOr<std::string> Read() const;
  void Keep(const std::string& why);

  const std::string pool_;
  const std::string path_;
  std::vector<conf::Server> servers_;
  std::string content_;  // that `servers_` are from
  Stamp seen_;           // at the last look
  bool unread_ = true;   // it has changed since it was read
  bool good_ = true;
};

// Those of all pools.
class ServersFiles {
 public:
  // `config`, or when files have changed since it was read, a copy with the servers they list now.
  // To be called as often as ServersFile::Look().
  std::shared_ptr<const conf::Config> Look(std::shared_ptr<const conf::Config> config);

 private:
  void Watch(const conf::Config& config);

  std::shared_ptr<const conf::Config> watched_;
  std::vector<std::unique_ptr<ServersFile>> files_;  // as Config::pools; null: the pool has none
};

}  // namespace sluice::server

#endif  // SLUICE_PROXY_SERVER_SERVERS_FILE_H_
