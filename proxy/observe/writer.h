// Writer: the thread that owns the access log's output. Workers never write: each gathers lines in
// a LogFeed and hands over a batch at a time, so a line costs a copy and a batch one short lock.
// When the disk is full or the reader of a pipe is stuck, batches wait up to a bound and what comes
// after is dropped and counted; nothing ever blocks a worker. Beginning and end of such a time are
// said in the operational log.
//
// Outputs: a file or named pipe (appended to; opened anew on Reopen() for logrotate), "stdout",
// "syslog" (one datagram a line to the local daemon, RFC 3164), "journald" (one native datagram a
// line), "off".
//
// Threads: Push(), Reopen(), Drain(), dropped() any; LogFeed one worker's.
// Memory: a line waiting for the thread may have kLineBytes on average; beyond that, or beyond
// queue_lines, the queue is full.
#ifndef SLUICE_PROXY_OBSERVE_WRITER_H_
#define SLUICE_PROXY_OBSERVE_WRITER_H_

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "proxy/base/mutex.h"
#include "proxy/base/time.h"

namespace sluice::observe {

struct WriterOptions {
  std::string output = "stdout";
  uint32_t queue_lines = 65536;  // waiting for the thread; beyond: dropped and counted
  std::string syslog_socket = "/dev/log";
  std::string journal_socket = "/run/systemd/journal/socket";
};

class Writer {
 public:
  // Opens the output; an error says which and why.
  static absl::StatusOr<std::unique_ptr<Writer>> Open(const WriterOptions& options);
  // Writes what waits, for a second at most. A disk on which write() itself does not return holds
  // it for longer.
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  // Takes `batch` (whole lines) and leaves an empty string in its place, with capacity when one can
  // be spared.
  void Push(std::string& batch, uint32_t lines);
  // Opens the output again under its name before the next batch is written.
  void Reopen();
  // Waits until nothing waits; false if that took longer.
  bool Drain(Duration at_most);
  // Lines lost: the queue was full, or the output failed.
  uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

 private:
  enum class Kind : uint8_t { kOff, kStream, kSyslog, kJournal };
  struct Batch {
    std::string text;
    uint32_t lines = 0;
  };
  static constexpr size_t kLineBytes = 512;

  Writer(const WriterOptions& options, Kind kind, int fd);
  static int OpenOutput(const WriterOptions& options, Kind kind);

  bool Admit(const std::string& batch, uint32_t lines) SLUICE_REQUIRES(mutex_);
  void Run();
  bool TakeWork(std::vector<Batch>& batches);
  void Write(const Batch& batch);
  void WriteLines(std::string_view text);
  size_t WriteStream(std::string_view text);
  bool SendLine(std::string_view line);
  void MakePacket(std::string_view line);
  bool WaitWritable();
  void ReopenNow();
  void Note(int error);
  void Lose(uint64_t lines) { dropped_.fetch_add(lines, std::memory_order_relaxed); }

  const WriterOptions options_;
  const Kind kind_;
  std::atomic<uint64_t> dropped_{0};
  std::atomic<bool> stopping_{false};
  std::atomic<bool> reopen_{false};

  // The thread's own.
  int fd_;
  bool torn_ = false;  // the output ends in the middle of a line
  int failing_ = 0;    // errno of the failure last told of; 0: all is well
  int64_t stamp_second_ = -1;
  std::string stamp_;  // what a syslog line begins with
  std::string packet_;

  Mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable idle_;
  std::vector<Batch> queue_ SLUICE_GUARDED_BY(mutex_);
  std::vector<std::string> spare_ SLUICE_GUARDED_BY(mutex_);
  // Of the queue and of what the thread has taken from it but not finished.
  uint64_t waiting_lines_ SLUICE_GUARDED_BY(mutex_) = 0;
  uint64_t waiting_bytes_ SLUICE_GUARDED_BY(mutex_) = 0;
  bool busy_ SLUICE_GUARDED_BY(mutex_) = false;
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
  static constexpr size_t kBatchBytes = size_t{32} * 1024;
  Writer& writer_;
  std::string batch_;
  uint32_t lines_ = 0;
};

}  // namespace sluice::observe

#endif  // SLUICE_PROXY_OBSERVE_WRITER_H_
