// Ticker: calls back again and again, `period` after the last time it did. A loop that was late
// skips what it missed. Destroying it stops it.
//
// Threads: the loop's. Cost: a deadline; see Loop::Arm() about the number of different periods.
#ifndef SLUICE_PROXY_NET_TIMER_H_
#define SLUICE_PROXY_NET_TIMER_H_

#include <utility>

#include "absl/functional/any_invocable.h"
#include "proxy/base/deadline.h"
#include "proxy/net/loop.h"

namespace sluice::net {

class Ticker final : private Deadline {
 public:
  // The first call comes one period from now. It must not destroy the Ticker: Loop::Retire() it.
  Ticker(Loop& loop, Duration period, absl::AnyInvocable<void()> tick)
      : loop_(loop), period_(period), tick_(std::move(tick)) {
    loop_.Arm(*this, period_);
  }

 private:
  void OnDeadline() override {
    loop_.Arm(*this, period_);
    tick_();
  }

  Loop& loop_;
  const Duration period_;
  absl::AnyInvocable<void()> tick_;
};

}  // namespace sluice::net

#endif  // SLUICE_PROXY_NET_TIMER_H_
