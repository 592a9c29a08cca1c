#include "proxy/demo/slots.h"

#include <algorithm>

namespace sluice::demo {

Slots::Worker Slots::Take() {
  // Who comes now does not overtake who waits.
  if (working_ >= workers_ || !waiting_.empty()) return Worker();
  most_working_ = std::max(most_working_, ++working_);
  return Worker(this);
}

bool Slots::Wait(Waiter& waiter) {
  if (waiting_.size() >= queue_) return false;
  waiting_.push_back(&waiter);
  return true;
}

void Slots::Forget(Waiter& waiter) { std::erase(waiting_, &waiter); }

void Slots::Leave() {
  if (waiting_.empty()) {
    --working_;
    return;
  }
  Waiter* const next = waiting_.front();
  waiting_.pop_front();
  next->OnWorker(Worker(this));  // the count stays: the worker changes hands
}

}  // namespace sluice::demo
