// StateDir: the directory of what must outlive the process ([state] dir): keys, what waiting rooms
// know. Files are few and small, and each is written as a whole, by a thread of the StateDir:
// beside the old one, to the disk, then in its place, so that whoever reads, after a power cut too,
// finds all of an old content or all of a new one. Only the newest content of a file waits to be
// written, so a slow disk makes what is written older and never a queue.
//
// A full disk, or any other that cannot be written to, is one line in the log and a counter, and a
// line when it works again; what could not be written is tried again until there is newer. Where
// there is no directory that can be written to, everything is in memory only: one line says so,
// writing does nothing, and reading finds nothing. So it is for a second process on the same
// directory, since two would take each other's files away; the first has it until it ends, however
// it does. The directory is made if the one around it is there, for this user only, and so are the
// files. Whoever else may write there can make himself tickets.
//
// Threads: any, but for Read(), which waits for the disk, and is for the start. Memory: of each
// file what waits, and of one what is being written.
#ifndef SLUICE_PROXY_SERVER_STATE_DIR_H_
#define SLUICE_PROXY_SERVER_STATE_DIR_H_

#include <sys/types.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <thread>

#include "absl/status/statusor.h"
#include "proxy/base/mutex.h"
#include "proxy/base/time.h"
#include "proxy/net/fd.h"

namespace sluice::server {

struct StateDirOptions {
  std::string path;  // "off": in memory only, and nothing is said of it
  // What could not be written is tried again so much later.
  Duration retry = std::chrono::seconds(5);
  // write(2), but in tests of disks that are slow or full.
  std::function<ssize_t(int, const void*, size_t)> write = ::write;
};

class StateDir {
 public:
  // Of one file; larger ones are neither read nor written. A million visitors take half of it.
  static constexpr size_t kLargest = size_t{64} << 20;
  static constexpr size_t kMostFiles = 16;

  // After privileges are dropped: what is made belongs to whom the process runs as.
  explicit StateDir(StateDirOptions options);
  // Writes what waits, for a second at most; a disk that is at it holds it for longer.
  ~StateDir();
  StateDir(const StateDir&) = delete;
  StateDir& operator=(const StateDir&) = delete;

  const std::string& path() const { return options_.path; }
  bool on_disk() const { return dir_.valid(); }

  // What stands in the file. kNotFound: there is none; kOutOfRange: more than `largest` bytes.
  absl::StatusOr<std::string> Read(std::string_view name, size_t largest = kLargest) const;
  // In place of whatever the file holds, or waits for it. Never waits for the disk.
  // REQUIRES: a name of letters, digits, '.', '-' and '_' that does not begin with '.'; at most
  // kMostFiles different ones.
  void Write(std::string_view name, std::string bytes);
  // Waits until all that was handed over has been tried; whether it is all on the disk by then.
  bool Flush(Duration at_most);

  uint64_t written() const { return written_.load(std::memory_order_relaxed); }  // files
  uint64_t failed() const { return failed_.load(std::memory_order_relaxed); }    // tries

 private:
  using Contents = std::map<std::string, std::string, std::less<>>;  // by name

  static net::Fd Open(const std::string& path);
  void Run();
  bool TakeWork(Contents::node_type& work);
  void TryAgain() SLUICE_REQUIRES(mutex_);
  int Replace(const std::string& name, std::string_view bytes) const;  // errno; 0: done
  int WriteNew(const std::string& name, std::string_view bytes) const;
  void Note(const std::string& name, int error);

  const StateDirOptions options_;
  const net::Fd dir_;  // invalid: in memory only
  std::atomic<uint64_t> written_{0};
  std::atomic<uint64_t> failed_{0};
  std::set<std::string> failing_;  // files; the thread's own

  Mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable idle_;
  Contents waiting_ SLUICE_GUARDED_BY(mutex_);
  Contents refused_ SLUICE_GUARDED_BY(mutex_);  // by the disk; nothing newer waits
  TimePoint retry_at_ SLUICE_GUARDED_BY(mutex_);
  bool busy_ SLUICE_GUARDED_BY(mutex_) = false;
  bool stopping_ SLUICE_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace sluice::server

#endif  // SLUICE_PROXY_SERVER_STATE_DIR_H_
