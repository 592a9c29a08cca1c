// Deadlines: timeouts that cost nothing. A proxy has many timeouts of few lengths, and equal
// lengths expire in the order armed, so one intrusive list per length is always sorted: arm, re-arm
// and cancel are O(1), nothing is allocated, destruction cancels.
//
// Threads: one loop's. Time: an argument. net/loop.h owns the queues and the one timer.
#ifndef SLUICE_PROXY_BASE_DEADLINE_H_
#define SLUICE_PROXY_BASE_DEADLINE_H_

#include <optional>

#include "proxy/base/time.h"

namespace sluice {

// A timeout that lives inside the object it guards. Implement OnDeadline() by inheriting, or use
// BoundDeadline for an object that has several.
class Deadline {
 public:
  Deadline() = default;
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;
  virtual ~Deadline() { Cancel(); }

  void Cancel() {
    if (prev_ == nullptr) return;
    prev_->next_ = next_;
    next_->prev_ = prev_;
    prev_ = next_ = nullptr;
  }
  bool armed() const { return prev_ != nullptr; }

 private:
  friend class DeadlineQueue;
  virtual void OnDeadline() {}

  Deadline* prev_ = nullptr;
  Deadline* next_ = nullptr;
  TimePoint due_{};
};

// A deadline that calls one method of its owner: BoundDeadline<Conn, &Conn::OnIdle> idle_{this}.
template <typename Owner, void (Owner::*kMethod)()>
class BoundDeadline final : public Deadline {
 public:
  explicit BoundDeadline(Owner* owner) : owner_(owner) {}

 private:
  void OnDeadline() override { (owner_->*kMethod)(); }
  Owner* const owner_;
};

// All deadlines of one length.
class DeadlineQueue {
 public:
  explicit DeadlineQueue(Duration length);
  ~DeadlineQueue();
  DeadlineQueue(const DeadlineQueue&) = delete;
  DeadlineQueue& operator=(const DeadlineQueue&) = delete;

  void Arm(Deadline& deadline, TimePoint now);
  // Runs what is due and was armed before. A deadline is off the list before its call: it may
  // re-arm or be destroyed.
  void Run(TimePoint now);
  std::optional<TimePoint> earliest() const;

 private:
  const Duration length_;
  Deadline head_;
  Deadline marker_;  // in the list during Run() only
};

}  // namespace sluice

#endif  // SLUICE_PROXY_BASE_DEADLINE_H_
