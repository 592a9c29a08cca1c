// What a server process asks of the operating system besides sockets: descriptors, processors, the
// date, who to be, and telling the service manager how it is doing.
//
// Threads: the main one; WallNow() any.
#ifndef SLUICE_PROXY_SERVER_PROCESS_H_
#define SLUICE_PROXY_SERVER_PROCESS_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proxy/base/time.h"

namespace sluice::server {

// Raises RLIMIT_NOFILE to its hard limit. Returns the limit in force.
uint64_t RaiseFileLimit();

// The date and time, for what is compared with dates. Not for a request: net::Loop has its clock.
WallTime WallNow();

// How many processors this process may use: its affinity mask, cut by the cgroup's CPU quota.
uint32_t UsableProcessors();

// Becomes `user` and `group` (either may be empty). Group alone, or a user's own groups.
absl::Status DropPrivileges(const std::string& user, const std::string& group);

// A file that holds the id of this process, while this lives; one that was there is replaced. It
// is left alone in the end when another process has written its own, or when what this one has
// become may not remove it.
class PidFile {
 public:
  static absl::StatusOr<std::unique_ptr<PidFile>> Write(const std::string& path);
  ~PidFile();
  PidFile(const PidFile&) = delete;
  PidFile& operator=(const PidFile&) = delete;

 private:
  explicit PidFile(std::string path) : path_(std::move(path)) {}
  const std::string path_;
};

// Tells the service manager (sd_notify protocol: a datagram to $NOTIFY_SOCKET): "READY=1",
// "RELOADING=1", "STOPPING=1", "STATUS=…". Nothing when there is none.
void NotifyManager(std::string_view state);

}  // namespace sluice::server

#endif  // SLUICE_PROXY_SERVER_PROCESS_H_
