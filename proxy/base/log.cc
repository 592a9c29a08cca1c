#include "proxy/base/log.h"

#include <fcntl.h>
#include <spdlog/async_logger.h>
#include <spdlog/details/thread_pool.h>
#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

#include "proxy/base/block_signals.h"
#include "proxy/base/mutex.h"

namespace sluice::log {
namespace {

// Lines that may wait for a slow output; about 0.4 MiB, taken at Open().
constexpr size_t kWaitingLines = 1024;
// A longer message is cut: the log is for people.
constexpr size_t kMaxMessageBytes = 4096;
constexpr std::string_view kCut = " [cut]";

constexpr std::array<std::string_view, 4> kLevelNames = {"debug", "info", "warn", "error"};

class OutputFd {
 public:
  explicit OutputFd(int fd) : fd_(fd) {}
  ~OutputFd() {
    if (fd_ != STDERR_FILENO) close(fd_);
  }
  OutputFd(const OutputFd&) = delete;
  OutputFd& operator=(const OutputFd&) = delete;

  // Gives up on an error: there is nobody left to tell.
  void Write(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t n = write(fd_, bytes.data(), bytes.size());
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return;
      bytes.remove_prefix(static_cast<size_t>(n));
    }
  }

 private:
  const int fd_;
};

// Where lines go. The output can be exchanged while a write to the old one is stuck: the writer
// holds its own reference and no lock.
class OutputSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  void Use(std::shared_ptr<const OutputFd> output) {
    MutexLock lock(output_mutex_);
    output_ = std::move(output);
  }
  uint64_t written() const { return written_.load(std::memory_order_acquire); }

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    std::shared_ptr<const OutputFd> output;
    {
      MutexLock lock(output_mutex_);
      output = output_;
    }
    output->Write({line.data(), line.size()});
    written_.fetch_add(1, std::memory_order_release);
  }
  void flush_() override {}

  Mutex output_mutex_;
  std::shared_ptr<const OutputFd> output_ SLUICE_GUARDED_BY(output_mutex_) =
      std::make_shared<const OutputFd>(STDERR_FILENO);
  std::atomic<uint64_t> written_{0};
};

// Never destroyed: lines may be said until the process is gone, by any thread.
struct State {
  State() {
    sink = std::make_shared<OutputSink>();
    sink->set_formatter(std::make_unique<spdlog::pattern_formatter>(
        "%Y-%m-%dT%H:%M:%S.%eZ %v", spdlog::pattern_time_type::utc, "\n"));
    direct = std::make_shared<spdlog::logger>("sluice", sink);
    logger = direct.get();
  }

  std::shared_ptr<OutputSink> sink;
  std::shared_ptr<spdlog::logger> direct;
  std::atomic<spdlog::logger*> logger;
  std::atomic<Level> level{Level::kInfo};
  std::atomic<uint64_t> said{0};

  Mutex open_mutex;
  std::string path SLUICE_GUARDED_BY(open_mutex);  // empty: stderr
  // Set once, by the first Open().
  std::shared_ptr<spdlog::details::thread_pool> pool SLUICE_GUARDED_BY(open_mutex);
  std::shared_ptr<spdlog::async_logger> deferred SLUICE_GUARDED_BY(open_mutex);
  std::atomic<spdlog::details::thread_pool*> pool_for_count{nullptr};
};

State& Get() {
  static State& state = *new State;
  return state;
}

absl::Status UseFile(State& state, const std::string& path) {
  const int fd = open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
  if (fd < 0) return absl::ErrnoToStatus(errno, absl::StrFormat("log: cannot open %s", path));
  state.sink->Use(std::make_shared<const OutputFd>(fd));
  return absl::OkStatus();
}

absl::Status StartThread(State& state) SLUICE_REQUIRES(state.open_mutex) {
  if (state.pool != nullptr) return absl::OkStatus();
  try {
    state.pool = std::make_shared<spdlog::details::thread_pool>(kWaitingLines, 1, BlockSignals);
    state.deferred = std::make_shared<spdlog::async_logger>(
        "sluice", state.sink, state.pool, spdlog::async_overflow_policy::overrun_oldest);
  } catch (const std::exception& e) {
    return absl::ResourceExhaustedError(absl::StrFormat("log: no thread: %s", e.what()));
  }
  state.pool_for_count = state.pool.get();
  state.logger = state.deferred.get();
  return absl::OkStatus();
}

void AppendEscaped(std::string_view message, std::string& line) {
  for (const char c : message) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      absl::StrAppendFormat(&line, "\\x%02x", byte);
    } else {
      line.push_back(c);
    }
  }
}

}  // namespace

std::optional<Level> ParseLevel(std::string_view name) {
  for (size_t i = 0; i < kLevelNames.size(); ++i) {
    if (kLevelNames[i] == name) return static_cast<Level>(i);
  }
  return std::nullopt;
}

absl::Status Open(const Options& options) {
  State& state = Get();
  MutexLock lock(state.open_mutex);
  if (absl::Status started = StartThread(state); !started.ok()) return started;
  if (options.output == "stderr") {
    state.sink->Use(std::make_shared<const OutputFd>(STDERR_FILENO));
    state.path.clear();
  } else {
    if (absl::Status used = UseFile(state, options.output); !used.ok()) return used;
    state.path = options.output;
  }
  state.level = options.level;
  return absl::OkStatus();
}

absl::Status Reopen() {
  State& state = Get();
  MutexLock lock(state.open_mutex);
  return state.path.empty() ? absl::OkStatus() : UseFile(state, state.path);
}

uint64_t Dropped() {
  auto* const pool = Get().pool_for_count.load();
  return pool == nullptr ? 0 : pool->overrun_counter();
}

bool Flush(Duration at_most) {
  State& state = Get();
  const uint64_t wanted = state.said.load(std::memory_order_acquire);
  const TimePoint give_up = std::chrono::steady_clock::now() + at_most;
  // Asked rather than told: this runs at exit and in tests, and the library has no such event.
  while (state.sink->written() + Dropped() < wanted) {
    if (std::chrono::steady_clock::now() >= give_up) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

void SetLevel(Level level) { Get().level = level; }
bool Enabled(Level level) { return level >= Get().level.load(std::memory_order_relaxed); }

Site::Answer Site::Ask(TimePoint now) {
  const auto second = static_cast<uint32_t>(
      std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count());
  uint64_t seen = window_.load(std::memory_order_relaxed);
  for (;;) {
    const auto seen_second = static_cast<uint32_t>(seen >> 32);
    const auto asked = static_cast<uint32_t>(seen);
    // A thread whose clock reading is a moment older counts into the newer second.
    const bool same = seen != 0 && second <= seen_second;
    const uint64_t next = same ? seen + 1 : (uint64_t{second} << 32) + 1;
    if (!window_.compare_exchange_weak(seen, next, std::memory_order_relaxed)) continue;
    if (same) return {.speak = asked < kLinesPerSecond, .held_back = 0};
    return {.speak = true, .held_back = asked > kLinesPerSecond ? asked - kLinesPerSecond : 0};
  }
}

void Write(Level level, std::string_view message) { internal::WriteAfter(level, message, 0); }

namespace internal {

bool MaySpeak(Level level, Site& site, uint32_t& held_back) {
  if (!Enabled(level)) return false;
  const Site::Answer answer = site.Ask(std::chrono::steady_clock::now());
  held_back = answer.held_back;
  return answer.speak;
}

void WriteAfter(Level level, std::string_view message, uint32_t held_back) {
  if (!Enabled(level)) return;
  std::string line(kLevelNames[static_cast<size_t>(level)]);
  line.push_back(' ');
  AppendEscaped(message.substr(0, kMaxMessageBytes), line);
  if (message.size() > kMaxMessageBytes) line.append(kCut);
  if (held_back > 0) absl::StrAppendFormat(&line, " (%d more like this held back)", held_back);
  State& state = Get();
  state.said.fetch_add(1, std::memory_order_release);
  state.logger.load()->log(spdlog::level::critical,
                           spdlog::string_view_t(line.data(), line.size()));
}

}  // namespace internal
}  // namespace sluice::log
