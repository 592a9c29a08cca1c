// Loop: one thread's event loop and all that hangs on it: the clock, deadlines, the mailbox that is
// the only door for other threads, the graveyard where objects wait for the end of the turn, and
// the streams that have output to flush.
//
// Threads: everything but Post() and Stop() on the loop's own thread.
#ifndef SLUICE_PROXY_NET_LOOP_H_
#define SLUICE_PROXY_NET_LOOP_H_

#include <uv.h>

#include <memory>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "proxy/base/deadline.h"
#include "proxy/base/mutex.h"
#include "proxy/base/time.h"

namespace sluice::net {

class Socket;

using Task = absl::AnyInvocable<void()>;

// Work for the end of the current callback, when no frame of its owner is on the stack any more.
// Intrusive like Deadline: nothing is allocated, destruction cancels, deferring twice is once.
class Deferred {
 public:
  Deferred() = default;
  Deferred(const Deferred&) = delete;
  Deferred& operator=(const Deferred&) = delete;
  virtual ~Deferred() { CancelDeferred(); }
  void CancelDeferred();

 private:
  friend class Loop;
  virtual void OnDeferred() = 0;
  Deferred* deferred_prev_ = nullptr;
  Deferred* deferred_next_ = nullptr;
};

class Loop {
 public:
  Loop();
  // REQUIRES: every handle made on this loop has been closed or released.
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Runs until Stop(). Then closes what is still open and drains the graveyard.
  void Run();
  // Any thread. Takes effect after the current turn.
  void Stop();
  // Any thread. Runs `task` on the loop's thread, in the order posted. A task posted after Run()
  // has returned is destroyed unrun.
  void Post(Task task);

  // The time of this turn: read at most once between two polls.
  TimePoint now();
  // How late the last turn was against its timer; a sign that the thread is overloaded.
  Duration lag() const { return lag_; }

  // Arms `deadline` to run `length` from now. Lengths are few: one queue is kept for each.
  void Arm(Deadline& deadline, Duration length);

  // Destroys `dead` after all callbacks of this turn, in order of retirement.
  template <typename T>
  void Retire(std::unique_ptr<T> dead) {
    if (dead != nullptr) dead_.push_back(std::shared_ptr<void>(std::move(dead)));
  }

  // Runs `work` at the end of the callback that is running now, after its output was flushed; what
  // it writes is flushed again, until nothing is left to do.
  void Defer(Deferred& work);

  // Flushes what was written during a callback, then runs what was deferred, until both are empty.
  // Every callback that this room raises ends with it, so nobody above needs to.
  void FlushPending();

  uv_loop_t* uv() { return &loop_; }
  // The loop's read block: one for all sockets, good during one OnRead().
  std::span<char> read_block() { return {read_block_.get(), kReadBlock}; }

  static constexpr size_t kReadBlock = 64 * 1024;

 private:
  friend class Socket;
  void AddPending(Socket& socket);
  // ... timers, mailbox, graveyard
};

}  // namespace sluice::net

#endif  // SLUICE_PROXY_NET_LOOP_H_
