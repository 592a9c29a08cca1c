// ServersFile: a pool's servers_file (conf/server_list.h), watched (watched_file.h). When it is
// gone, empty or wrong the servers it had stay, and the log says so once.
//
// Threads: the supervisor's.
#ifndef SLUICE_PROXY_SERVER_SERVERS_FILE_H_
#define SLUICE_PROXY_SERVER_SERVERS_FILE_H_

#include <memory>
#include <string>
#include <vector>

#include "conf/config.h"
#include "proxy/server/watched_file.h"

namespace sluice::server {

class ServersFile {
 public:
  // `loaded` is the file as it was when the configuration was read, and good.
  ServersFile(std::string pool, const conf::File& loaded);

  const std::string& pool() const { return pool_; }
  const std::string& path() const { return file_.path(); }
  const std::vector<conf::Server>& servers() const { return servers_; }
  const std::string& content() const { return content_; }
  // The configuration was read again, and the file with it.
  void Take(const std::string& content);
  // True when the servers are others than before. To be called as often as WatchedFile::Look().
  bool Look();

 private:
  void Adopt(const std::string& content);
  void Keep(const std::string& why);

  const std::string pool_;
  WatchedFile file_;
  std::vector<conf::Server> servers_;
  std::string content_;  // that `servers_` are from
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
