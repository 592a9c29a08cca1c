#include "proxy/base/deadline.h"

namespace sluice {

DeadlineQueue::DeadlineQueue(Duration length) : length_(length) {
  head_.prev_ = head_.next_ = &head_;
}

DeadlineQueue::~DeadlineQueue() {
  while (head_.next_ != &head_) head_.next_->Cancel();
  head_.prev_ = head_.next_ = nullptr;
}

void DeadlineQueue::Arm(Deadline& deadline, TimePoint now) {
  deadline.Cancel();
  deadline.due_ = now + length_;
  deadline.prev_ = head_.prev_;
  deadline.next_ = &head_;
  head_.prev_->next_ = &deadline;
  head_.prev_ = &deadline;
}

void DeadlineQueue::Run(TimePoint now) {
  // What is armed from now on waits for the next run, or a deadline of no length that arms itself
  // again would hold the loop for ever.
  Arm(marker_, now);
  while (head_.next_ != &marker_ && head_.next_->due_ <= now) {
    Deadline* const due = head_.next_;
    due->Cancel();
    due->OnDeadline();
  }
  marker_.Cancel();
}

std::optional<TimePoint> DeadlineQueue::earliest() const {
  if (head_.next_ == &head_) return std::nullopt;
  return head_.next_->due_;
}

}  // namespace sluice
