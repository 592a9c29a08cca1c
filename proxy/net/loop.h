// Loop: one thread's event loop and all that hangs on it: the clock, deadlines, the mailbox that is
// the only door for other threads, the graveyard where objects wait for the end of the turn, and
// the streams that have output to flush.
//
// One turn: timers, mailbox and sockets raise callbacks; each callback ends with EndCallback(), so
// that what it wrote leaves in one system call per stream; behind the last one EndTurn() runs what
// was put off until then, and the graveyard is emptied.
//
// Threads: everything but Post() and Stop() on the loop's own thread. The constructor sets SIGPIPE
// to ignored for the process, for a write to a peer that has gone must be an error, not the end.
#ifndef SLUICE_PROXY_NET_LOOP_H_
#define SLUICE_PROXY_NET_LOOP_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "proxy/base/deadline.h"
#include "proxy/base/mutex.h"
#include "proxy/base/time.h"

struct uv_loop_s;  // uv_loop_t; uv.h stays inside this room

namespace sluice::net {

class Loop;
class Socket;
struct WriteRequest;

using Task = absl::AnyInvocable<void()>;

// Work for the end of the current callback, or of the turn, when no frame of its owner is on the
// stack any more. Intrusive like Deadline: nothing is allocated, destruction cancels, deferring
// twice is once, and the first time decides for when.
class Deferred {
 public:
  Deferred() = default;
  Deferred(const Deferred&) = delete;
  Deferred& operator=(const Deferred&) = delete;
  virtual ~Deferred() { CancelDeferred(); }
  void CancelDeferred();

 private:
  friend class Loop;
  struct List {
    Deferred* first = nullptr;
    Deferred** end = &first;
  };
  virtual void OnDeferred() = 0;
  void Append(List& list);
  List* list_ = nullptr;
  Deferred** link_ = nullptr;  // what points here; null when not deferred
  Deferred* next_ = nullptr;
};

class Loop {
 public:
  Loop();
  // REQUIRES: every socket, acceptor, dial, resolver and watcher made on this loop is gone.
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Runs until Stop(), once in a loop's life. Then empties the mailbox unrun, drains the graveyard
  // and lets what was closed finish closing. Objects whose owners still hold them stay open until
  // their owners let go.
  void Run();
  // Any thread. Takes effect after the current turn; tasks posted before it still run.
  void Stop();
  // Any thread. Runs `task` on the loop's thread, in the order posted. A task posted after Run()
  // has returned is destroyed unrun.
  void Post(Task task);

  // The time of this turn: read at most once between two polls.
  TimePoint now();
  // How late the timer fired the last time it did; a sign that the thread is overloaded. Up to 5 ms
  // is the grain of the kernel's coarse clock and means nothing.
  Duration lag() const { return lag_; }
  // How long the last turn worked: as long may an answer have waited for us that was read in this.
  Duration turn() const { return turn_; }

  // Arms `deadline` to run `length` from now, at the grain of a millisecond and never early.
  // Lengths are few: one queue is kept for each, forever. Equal lengths run in the order armed; of
  // different ones that are due in the same turn any may be first. No system call.
  void Arm(Deadline& deadline, Duration length);

  // Destroys `dead` after all callbacks of this turn, in order of retirement.
  template <typename T>
  void Retire(std::unique_ptr<T> dead) {
    if (dead == nullptr) return;
    dead_.push_back({dead.release(), [](void* object) { delete static_cast<T*>(object); }});
  }

  // Runs `work` at the end of the callback that is running now, after its output was sent; what it
  // writes is sent too. First come, first run.
  void Defer(Deferred& work);
  // The same behind all callbacks of this turn: for what gathers the output of many streams.
  void DeferToTurnEnd(Deferred& work);

  // Sends what was written during a callback. Every callback that this room raises ends with it,
  // so nobody above needs to. Raises no events: those wait for the end of the callback.
  void FlushPending();

  // For the files of this room: what every callback raised from libuv ends with. Flushes, raises
  // OnReadEnd, OnWritable and OnFlushed where they are due, runs what was deferred, and again while
  // that made more to do.
  void EndCallback();

  uv_loop_s* uv();
  // The loop's read block: one for all sockets, good during one OnRead().
  std::span<char> read_block() { return {read_block_.get(), kReadBlock}; }

  // The usual read, and what a stream that keeps filling it is read with while its reader keeps up:
  // relaying a large body on loopback then takes about a seventh less processor time.
  static constexpr size_t kFirstRead = 64 * 1024;
  static constexpr size_t kReadBlock = 256 * 1024;

 private:
  friend class Deferred;
  friend class Socket;
  struct Handles;  // what libuv knows of the loop
  struct Dead {
    void* object;
    void (*destroy)(void*);
  };

  DeadlineQueue& QueueFor(Duration length);
  void SetTimer(TimePoint due);
  void OnTimer();
  void OnMail();
  void EndTurn();
  void Again();
  void Bury();
  void Tell();
  void RunDeferred();
  void Shutdown();
  WriteRequest* TakeRequest();
  void GiveRequest(WriteRequest* request);

  std::unique_ptr<Handles> handles_;
  std::unique_ptr<char[]> read_block_;

  TimePoint now_{};
  bool now_known_ = false;
  bool run_done_ = false;
  Duration turn_{};
  Duration lag_{};

  // A queue never moves: deadlines point into it. The length stands beside the pointer because
  // every request looks for some five of them.
  struct OfLength {
    Duration length;
    std::unique_ptr<DeadlineQueue> queue;
  };
  std::vector<OfLength> queues_;
  TimePoint timer_due_ = TimePoint::max();

  std::vector<Dead> dead_;
  std::vector<Dead> burying_;  // the batch at hand; keeps its capacity
  // Sockets with output to send, and with events to raise, when the current callback returns. Each
  // socket knows its place, and a place is null once its socket is gone.
  std::vector<Socket*> to_flush_;
  std::vector<Socket*> to_tell_;
  Deferred::List deferred_;
  Deferred::List at_turn_end_;

  // Write requests are held only while a write waits for the peer; a few are kept for reuse.
  WriteRequest* free_requests_ = nullptr;
  uint32_t free_request_count_ = 0;

  Mutex mutex_;
  std::vector<Task> mail_ SLUICE_GUARDED_BY(mutex_);
  bool mail_open_ SLUICE_GUARDED_BY(mutex_) = true;
  bool stop_ SLUICE_GUARDED_BY(mutex_) = false;
  std::vector<Task> batch_;  // the loop's half of the mailbox; keeps its capacity
};

}  // namespace sluice::net

#endif  // SLUICE_PROXY_NET_LOOP_H_
