// AccessFiles: the access list that is in force: of the configuration, and of its files as they are
// now (watched_file.h). While one of them is gone or wrong what was in force stays, and the log
// says so once.
//
// Threads: the supervisor's. Cost of a change: reading both files and building the list, some 0.5 s
// for a million networks, for which nobody's request waits.
#ifndef SLUICE_PROXY_SERVER_ACCESS_FILES_H_
#define SLUICE_PROXY_SERVER_ACCESS_FILES_H_

#include <memory>
#include <optional>
#include <string>

#include "conf/config.h"
#include "proxy/admission/access_list.h"
#include "proxy/server/watched_file.h"

namespace sluice::server {

class AccessFiles {
 public:
  using List = std::shared_ptr<const admission::AccessList>;

  // The configuration was read, and `list` built of it.
  void Take(const conf::Access& access, List list);
  // True when the list is another than before. To be called as often as WatchedFile::Look().
  bool Look();

  const List& list() const { return list_; }  // null before Take()
  // All files are as the list is.
  bool good() const { return good_; }

 private:
  void Keep(const std::string& why);

  conf::Access access_;  // without the content of the files
  std::optional<WatchedFile> deny_;
  std::optional<WatchedFile> allow_;
  List list_;
  bool good_ = true;
};

}  // namespace sluice::server

#endif  // SLUICE_PROXY_SERVER_ACCESS_FILES_H_
