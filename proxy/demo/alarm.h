// Alarms: delays of any length on a loop whose own deadlines want few lengths. One deadline serves
// them all: it is armed with the largest power of two (in milliseconds) that fits before the next
// alarm, again and again until that is due. A 30 ms alarm so costs five short wake-ups; fit for the
// pretended service times of a demo, not for a proxy's hot path.
//
// Threads: the loop's. Precision: up to 1 ms late.
#ifndef SLUICE_PROXY_DEMO_ALARM_H_
#define SLUICE_PROXY_DEMO_ALARM_H_

#include <map>

#include "proxy/base/deadline.h"
#include "proxy/net/loop.h"

namespace sluice::demo {

class Alarms;

// Lives inside the object that waits; destruction cancels.
class Alarm {
 public:
  Alarm() = default;
  Alarm(const Alarm&) = delete;
  Alarm& operator=(const Alarm&) = delete;
  virtual ~Alarm() { Cancel(); }
  void Cancel();
  bool armed() const { return in_ != nullptr; }

 private:
  friend class Alarms;
  virtual void OnAlarm() = 0;

  Alarms* in_ = nullptr;
  std::multimap<TimePoint, Alarm*>::iterator at_;
};

template <typename Owner, void (Owner::*kMethod)()>
class BoundAlarm final : public Alarm {
 public:
  explicit BoundAlarm(Owner* owner) : owner_(owner) {}

 private:
  void OnAlarm() override { (owner_->*kMethod)(); }
  Owner* const owner_;
};

class Alarms final : private Deadline {
 public:
  explicit Alarms(net::Loop& loop) : loop_(loop) {}
  ~Alarms() override;

  // An alarm that is armed already is moved.
  void Arm(Alarm& alarm, Duration after);

 private:
  friend class Alarm;
  void OnDeadline() override;
  void Rearm();

  net::Loop& loop_;
  std::multimap<TimePoint, Alarm*> waiting_;
};

}  // namespace sluice::demo

#endif  // SLUICE_PROXY_DEMO_ALARM_H_
