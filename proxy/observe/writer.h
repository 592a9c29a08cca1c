// Writer: the thread that owns the access log's file. Workers never write: each gathers lines in a
// LogFeed and hands over a batch at a time, so a line costs a copy and a batch one short lock. When
// the disk or the reader of a pipe is stuck, batches wait up to a bound and are then dropped and
// counted; nothing ever blocks a worker.
//
// Outputs: a file (appended to; reopened on Reopen() for logrotate), "stdout", "syslog" (one RFC
// 5424 datagram a line to /dev/log), "journald" (one native datagram a line), "off".
//
// Threads: Push(), Reopen(), dropped() any; LogFeed one worker's.
#ifndef SLUICE_PROXY_OBSERVE_WRITER_H_
#define SLUICE_PROXY_OBSERVE_WRITER_H_

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "proxy/base/mutex.h"

namespace sluice::observe {

struct WriterOptions {
  std::string output = "stdout";
  uint32_t queue_lines = 65536;  // waiting for the thread; beyond: dropped and counted
};

class Writer {
 public:
  // Opens the output; an error says which and why.
  static absl::StatusOr<std::unique_ptr<Writer>> Open(const WriterOptions& options);
  // Writes what waits, for a second at most.
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  // Takes `batch` (whole lines) and leaves an empty string in its place, with capacity when one can
  // be spared.
  void Push(std::string& batch, uint32_t lines);
  // Opens the file again under its name before the next batch is written.
  void Reopen();
  // Lines lost: the queue was full, or the output failed.
  uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

 private:
  enum class Kind : uint8_t { kOff, kStream, kSyslog, kJournal };
  struct Batch {
    std::string text;
    uint32_t lines = 0;
  };

  Writer(const WriterOptions& options, Kind kind, int fd);
  void Run();
  void Write(const Batch& batch);
  bool WriteStream(std::string_view text);
  bool SendLine(std::string_view line);
  void ReopenNow();
  bool GivenUp();

  const WriterOptions options_;
  const Kind kind_;
  int fd_;
  std::string packet_;
  std::atomic<uint64_t> dropped_{0};
  std::atomic<bool> stopping_{false};
  std::atomic<int64_t> stop_by_ns_{0};

  Mutex mutex_;
  std::condition_variable wake_;
  std::vector<Batch> queue_ SLUICE_GUARDED_BY(mutex_);
  std::vector<std::string> spare_ SLUICE_GUARDED_BY(mutex_);
  uint32_t queued_lines_ SLUICE_GUARDED_BY(mutex_) = 0;
  bool reopen_ SLUICE_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

// One worker's lines on their way to the Writer, which outlives it.
class LogFeed {
 public:
  explicit LogFeed(Writer& writer) : writer_(writer) {}
  ~LogFeed() { Flush(); }

  void Add(std::string_view line) {
    batch_.append(line);
    ++lines_;
    if (batch_.size() >= kBatchBytes) Flush();
  }
  // Hands over what there is; the worker calls it on its tick.
  void Flush() {
    if (lines_ == 0) return;
    writer_.Push(batch_, lines_);
    lines_ = 0;
  }

 private:
  static constexpr size_t kBatchBytes = 32 * 1024;
  Writer& writer_;
  std::string batch_;
  uint32_t lines_ = 0;
};

}  // namespace sluice::observe

#endif  // SLUICE_PROXY_OBSERVE_WRITER_H_
