// WatchedFile: a file that others change while we run. Its content is handed over when it has
// changed and has then been left alone for one look, so that a file in the middle of being written
// is not.
//
// Looked at, not subscribed to: editors and mounted ConfigMaps change a file by putting another in
// its place, which a watch on the old one does not see. Cost: one stat() a look, and reading where
// something has changed.
//
// Threads: the supervisor's; reads a file, which nobody's request waits for.
#ifndef SLUICE_PROXY_SERVER_WATCHED_FILE_H_
#define SLUICE_PROXY_SERVER_WATCHED_FILE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace sluice::server {

// All of a file, or why it cannot be read: kNotFound where there is none, kOutOfRange where it is
// larger. Never waits for the other end of a pipe.
absl::StatusOr<std::string> ReadWhole(const std::string& path, size_t largest);

class WatchedFile {
 public:
  // `content` is what somebody has read there before; of more than `largest` bytes nothing is read.
  WatchedFile(std::string path, size_t largest, std::string_view content);

  const std::string& path() const { return path_; }
  // What is there now, if it is other than what was there last, or why it cannot be read; nothing:
  // all is as it was. To be called kLooksPerSecond times a second.
  std::optional<absl::StatusOr<std::string>> Look();
  absl::StatusOr<std::string> Read() const { return ReadWhole(path_, largest_); }
  // Somebody has read it again.
  void Take(std::string_view content);

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

  const std::string path_;
  const size_t largest_;
  std::optional<size_t> last_;  // a hash of the content; none: it could not be read
  Stamp seen_;                  // at the last look
  bool unread_ = true;          // it has changed since it was read
};

}  // namespace sluice::server

#endif  // SLUICE_PROXY_SERVER_WATCHED_FILE_H_
