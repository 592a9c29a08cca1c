#include "proxy/net/loop.h"

#include <uv.h>

#include <algorithm>
#include <csignal>
#include <utility>

#include "proxy/base/check.h"
#include "proxy/net/socket.h"
#include "proxy/net/socket_core.h"

namespace sluice::net {
namespace {

// 64 requests with their shells: 15 KiB a loop at most.
constexpr uint32_t kKeptRequests = 64;

// Events may cause writes that cause events. After so many rounds the rest waits for the next turn,
// so that one fast pair of streams cannot hold the loop.
constexpr int kTellRounds = 4;

void CloseHandle(uv_handle_t* handle) {
  if (uv_is_closing(handle) == 0) uv_close(handle, nullptr);
}

}  // namespace

struct Loop::Handles {
  uv_loop_t loop;
  uv_timer_t timer;
  uv_async_t mail;
  uv_prepare_t before_poll;
  uv_check_t after_poll;
  uv_idle_t again;  // runs while events are left over, and keeps the poll from sleeping
};

Loop::Loop() : handles_(std::make_unique<Handles>()), read_block_(new char[kReadBlock]) {
  std::signal(SIGPIPE, SIG_IGN);
  Handles& h = *handles_;
  SLUICE_CHECK(uv_loop_init(&h.loop) == 0);
  h.loop.data = this;
  SLUICE_CHECK(uv_timer_init(&h.loop, &h.timer) == 0);
  SLUICE_CHECK(uv_async_init(&h.loop, &h.mail, [](uv_async_t* mail) {
                 static_cast<Loop*>(mail->loop->data)->OnMail();
               }) == 0);
  SLUICE_CHECK(uv_prepare_init(&h.loop, &h.before_poll) == 0);
  SLUICE_CHECK(uv_check_init(&h.loop, &h.after_poll) == 0);
  SLUICE_CHECK(uv_idle_init(&h.loop, &h.again) == 0);
  // Timers run before the poll: what they put off and retired must not wait through it.
  uv_prepare_start(&h.before_poll, [](uv_prepare_t* handle) {
    Loop& loop = *static_cast<Loop*>(handle->loop->data);
    loop.EndTurn();
    loop.turn_ = loop.now_known_ ? std::chrono::steady_clock::now() - loop.now_ : Duration{};
    loop.now_known_ = false;
  });
  uv_check_start(&h.after_poll,
                 [](uv_check_t* handle) { static_cast<Loop*>(handle->loop->data)->EndTurn(); });
}

Loop::~Loop() {
  if (!run_done_) Shutdown();
  Handles& h = *handles_;
  CloseHandle(reinterpret_cast<uv_handle_t*>(&h.timer));
  CloseHandle(reinterpret_cast<uv_handle_t*>(&h.mail));
  CloseHandle(reinterpret_cast<uv_handle_t*>(&h.before_poll));
  CloseHandle(reinterpret_cast<uv_handle_t*>(&h.after_poll));
  CloseHandle(reinterpret_cast<uv_handle_t*>(&h.again));
  // A closing handle is done after one turn; a close callback may close another.
  for (int turn = 0; turn < 8; ++turn) {
    Bury();
    uv_run(&h.loop, UV_RUN_NOWAIT);
  }
  SLUICE_CHECK(uv_loop_close(&h.loop) == 0);
  while (free_requests_ != nullptr) delete std::exchange(free_requests_, free_requests_->next);
}

uv_loop_s* Loop::uv() { return &handles_->loop; }

void Loop::Run() {
  SLUICE_CHECK(!run_done_);
  now_known_ = false;
  EndCallback();
  uv_run(&handles_->loop, UV_RUN_DEFAULT);
  Shutdown();
}

void Loop::Shutdown() {
  run_done_ = true;
  std::vector<Task> unrun;
  {
    MutexLock lock(mutex_);
    mail_open_ = false;
    unrun.swap(mail_);
  }
  unrun.clear();
  EndCallback();
  EndTurn();
  uv_run(&handles_->loop, UV_RUN_NOWAIT);
  EndTurn();
}

void Loop::Stop() {
  MutexLock lock(mutex_);
  stop_ = true;
  if (mail_open_) uv_async_send(&handles_->mail);
}

void Loop::Post(Task task) {
  MutexLock lock(mutex_);
  if (!mail_open_) return;  // the caller's `task` is destroyed after the lock is gone
  mail_.push_back(std::move(task));
  // Later posts ride on the same wake-up.
  if (mail_.size() == 1) uv_async_send(&handles_->mail);
}

void Loop::OnMail() {
  bool stop = false;
  {
    MutexLock lock(mutex_);
    batch_.swap(mail_);
    stop = stop_;
  }
  for (Task& task : batch_) {
    task();
    task = nullptr;  // what it captured goes before the next one runs
  }
  batch_.clear();
  EndCallback();
  if (stop) uv_stop(&handles_->loop);
}

TimePoint Loop::now() {
  if (!now_known_) {
    now_ = std::chrono::steady_clock::now();
    now_known_ = true;
  }
  return now_;
}

void Loop::Arm(Deadline& deadline, Duration length) {
  QueueFor(length).Arm(deadline, now());
  if (const TimePoint due = now() + length; due < timer_due_) SetTimer(due);
}

DeadlineQueue& Loop::QueueFor(Duration length) {
  for (const OfLength& known : queues_) {
    if (known.length == length) return *known.queue;
  }
  return *queues_.emplace_back(OfLength{length, std::make_unique<DeadlineQueue>(length)}).queue;
}

// libuv counts from the time of its last poll, which may be long ago, so the moment is given to it
// in its own milliseconds: both clocks are CLOCK_MONOTONIC.
void Loop::SetTimer(TimePoint due) {
  timer_due_ = due;
  const int64_t due_ms = (due.time_since_epoch().count() + 999'999) / 1'000'000;
  const auto now_ms = static_cast<int64_t>(uv_now(&handles_->loop));
  uv_timer_start(
      &handles_->timer, [](uv_timer_t* timer) { static_cast<Loop*>(timer->loop->data)->OnTimer(); },
      static_cast<uint64_t>(std::max<int64_t>(due_ms - now_ms, 0)), 0);
}

void Loop::OnTimer() {
  now_known_ = false;
  lag_ = std::max(now() - timer_due_, Duration{});
  timer_due_ = TimePoint::max();
  // By index: a deadline that runs may arm one of a new length.
  for (size_t i = 0; i < queues_.size(); ++i) queues_[i].queue->Run(now());
  TimePoint earliest = TimePoint::max();
  for (const OfLength& known : queues_) {
    earliest = std::min(earliest, known.queue->earliest().value_or(TimePoint::max()));
  }
  if (earliest != TimePoint::max()) SetTimer(earliest);
  EndCallback();
}

// Destructors may retire and write; both are done with before the loop may sleep.
void Loop::Bury() {
  while (!dead_.empty()) {
    burying_.swap(dead_);
    for (const Dead& dead : burying_) dead.destroy(dead.object);
    burying_.clear();
    EndCallback();
  }
}

void Loop::FlushPending() {
  for (size_t i = 0; i < to_flush_.size(); ++i) {
    Socket* const socket = to_flush_[i];
    if (socket == nullptr) continue;
    socket->flush_place_ = Socket::kNowhere;
    socket->Flush();
  }
  to_flush_.clear();
}

void Loop::EndCallback() {
  for (int round = 0; round < kTellRounds; ++round) {
    FlushPending();
    if (to_tell_.empty() && deferred_.first == nullptr) return;
    Tell();
    RunDeferred();
  }
  FlushPending();
  if (!to_tell_.empty() || deferred_.first != nullptr) Again();
}

// The poll must not sleep: there is work left.
void Loop::Again() {
  uv_idle_start(&handles_->again, [](uv_idle_t* handle) {
    uv_idle_stop(handle);
    static_cast<Loop*>(handle->loop->data)->EndCallback();
  });
}

void Loop::EndTurn() {
  for (int round = 0; round < kTellRounds && at_turn_end_.first != nullptr; ++round) {
    while (Deferred* const work = at_turn_end_.first) {
      work->CancelDeferred();
      work->Append(deferred_);
    }
    EndCallback();
  }
  Bury();
  if (at_turn_end_.first != nullptr) Again();
}

// One round: who asks again during it comes in the next.
void Loop::Tell() {
  const size_t count = to_tell_.size();
  for (size_t i = 0; i < count; ++i) {
    Socket* const socket = std::exchange(to_tell_[i], nullptr);
    if (socket == nullptr) continue;
    socket->tell_place_ = Socket::kNowhere;
    socket->RaiseDue();
  }
  to_tell_.erase(to_tell_.begin(), to_tell_.begin() + static_cast<ptrdiff_t>(count));
  for (size_t i = 0; i < to_tell_.size(); ++i) {
    if (to_tell_[i] != nullptr) to_tell_[i]->tell_place_ = static_cast<uint32_t>(i);
  }
}

void Loop::Defer(Deferred& work) { work.Append(deferred_); }

void Loop::DeferToTurnEnd(Deferred& work) { work.Append(at_turn_end_); }

void Deferred::Append(List& list) {
  if (link_ != nullptr) return;
  link_ = list.end;
  *list.end = this;
  list.end = &next_;
  list_ = &list;
}

void Deferred::CancelDeferred() {
  if (link_ == nullptr) return;
  *link_ = next_;
  if (next_ != nullptr) {
    next_->link_ = link_;
  } else {
    list_->end = link_;
  }
  link_ = nullptr;
  next_ = nullptr;
}

// One round, like Tell(): no more than were there when it began.
void Loop::RunDeferred() {
  size_t left = 0;
  for (const Deferred* work = deferred_.first; work != nullptr; work = work->next_) ++left;
  while (deferred_.first != nullptr && left-- > 0) {
    Deferred* const work = deferred_.first;
    work->CancelDeferred();
    work->OnDeferred();
  }
}

WriteRequest* Loop::TakeRequest() {
  if (free_requests_ == nullptr) return new WriteRequest{};
  --free_request_count_;
  return std::exchange(free_requests_, free_requests_->next);
}

void Loop::GiveRequest(WriteRequest* request) {
  request->bytes.Clear();
  if (free_request_count_ == kKeptRequests) {
    delete request;
    return;
  }
  ++free_request_count_;
  request->next = std::exchange(free_requests_, request);
}

}  // namespace sluice::net
