#include "proxy/demo/alarm.h"

namespace sluice::demo {

void Alarm::Cancel() {
  if (in_ == nullptr) return;
  in_->waiting_.erase(at_);
  in_ = nullptr;
}

Alarms::~Alarms() {
  while (!waiting_.empty()) waiting_.begin()->second->Cancel();
}

void Alarms::Arm(Alarm& alarm, Duration after) {
  alarm.Cancel();
  alarm.in_ = this;
  alarm.at_ = waiting_.emplace(loop_.now() + after, &alarm);
  if (alarm.at_ == waiting_.begin()) Rearm();
}

void Alarms::OnDeadline() {
  const TimePoint now = loop_.now();
  while (!waiting_.empty() && waiting_.begin()->first <= now) {
    Alarm* const due = waiting_.begin()->second;
    due->Cancel();  // off the list before its call: it may arm itself again or die
    due->OnAlarm();
  }
  Rearm();
}

void Alarms::Rearm() {
  Cancel();
  if (waiting_.empty()) return;
  const Duration left = waiting_.begin()->first - loop_.now();
  Duration step = std::chrono::milliseconds(1);
  while (step * 2 <= left && step < std::chrono::seconds(4)) step *= 2;
  loop_.Arm(*this, step);
}

}  // namespace sluice::demo
