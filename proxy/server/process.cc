#include "proxy/server/process.h"

#include <grp.h>
#include <pwd.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>

#include "absl/strings/str_format.h"

namespace sluice::server {
namespace {

absl::Status SystemError(std::string_view what) {
  return absl::InternalError(absl::StrFormat("%s: %s", what, std::strerror(errno)));
}

// The quota of the control group in processors; 0 when there is none (cgroup v2, then v1).
double CgroupQuota() {
  std::string quota;
  double period = 0;
  if (std::ifstream v2("/sys/fs/cgroup/cpu.max"); v2 >> quota >> period) {
    return quota == "max" || period <= 0 ? 0 : std::atof(quota.c_str()) / period;
  }
  double quota_us = 0;
  std::ifstream v1_quota("/sys/fs/cgroup/cpu/cpu.cfs_quota_us");
  std::ifstream v1_period("/sys/fs/cgroup/cpu/cpu.cfs_period_us");
  if (v1_quota >> quota_us && v1_period >> period && quota_us > 0 && period > 0) {
    return quota_us / period;
  }
  return 0;
}

}  // namespace

uint64_t RaiseFileLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  getrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur;
}

WallTime WallNow() {
  return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
}

uint32_t UsableProcessors() {
  cpu_set_t mask;
  CPU_ZERO(&mask);
  uint32_t count = 1;
  if (sched_getaffinity(0, sizeof mask, &mask) == 0) {
    count = static_cast<uint32_t>(std::max(CPU_COUNT(&mask), 1));
  }
  if (const double quota = CgroupQuota(); quota > 0) {
    count = std::min(count, static_cast<uint32_t>(std::max(1.0, std::ceil(quota))));
  }
  return count;
}

absl::Status DropPrivileges(const std::string& user, const std::string& group) {
  if (user.empty() && group.empty()) return absl::OkStatus();
  const passwd* entry = nullptr;
  if (!user.empty()) {
    entry = getpwnam(user.c_str());
    if (entry == nullptr) {
      return absl::NotFoundError(absl::StrFormat("process.user: no user '%s'", user));
    }
  }
  gid_t gid = entry != nullptr ? entry->pw_gid : getgid();
  if (!group.empty()) {
    const ::group* const named = getgrnam(group.c_str());
    if (named == nullptr) {
      return absl::NotFoundError(absl::StrFormat("process.group: no group '%s'", group));
    }
    gid = named->gr_gid;
  }
  // Already who we should be (started by the service manager as that user): nothing to ask for.
  if (getgid() == gid && (entry == nullptr || getuid() == entry->pw_uid)) return absl::OkStatus();
  if (setgroups(0, nullptr) != 0) return SystemError("dropping groups");
  if (setgid(gid) != 0) return SystemError("process.group");
  if (entry != nullptr && initgroups(user.c_str(), gid) != 0) return SystemError("process.user");
  if (entry != nullptr && setuid(entry->pw_uid) != 0) return SystemError("process.user");
  prctl(PR_SET_DUMPABLE, 1);
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<PidFile>> PidFile::Write(const std::string& path) {
  std::ofstream file(path, std::ios::trunc);
  file << getpid() << '\n';
  file.close();
  if (!file) return SystemError(absl::StrFormat("process.pid_file %s", path));
  return std::unique_ptr<PidFile>(new PidFile(path));
}

PidFile::~PidFile() {
  pid_t written = 0;
  if (std::ifstream(path_) >> written && written == getpid()) unlink(path_.c_str());
}

void NotifyManager(std::string_view state) {
  const char* const where = std::getenv("NOTIFY_SOCKET");
  if (where == nullptr || (where[0] != '/' && where[0] != '@')) return;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const size_t size = std::strlen(where);
  if (size >= sizeof address.sun_path) return;
  std::memcpy(address.sun_path, where, size);
  if (where[0] == '@') address.sun_path[0] = '\0';  // the abstract name space
  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return;
  sendto(fd, state.data(), state.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&address),
         static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + size));
  close(fd);
}

}  // namespace sluice::server
