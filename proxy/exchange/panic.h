// Panic: the brake that stops all at once. While it is on, only routes of the classes it keeps are
// served; all others wait: with a ticket of their room where they have one, so that nobody loses
// his place by it, and else by being told to come back.
//
// Immutable, a part of a view. Threads: any.
#ifndef SLUICE_PROXY_EXCHANGE_PANIC_H_
#define SLUICE_PROXY_EXCHANGE_PANIC_H_

#include <array>
#include <cstddef>
#include <memory>

#include "proxy/admission/waiting_page.h"
#include "ratelimit/spec.h"

namespace sluice::exchange {

struct Panic {
  std::array<bool, ratelimit::kPriorityNames.size()> keeps{};    // by ratelimit::Priority
  std::shared_ptr<const admission::WaitingPage> page = nullptr;  // of routes without a room

  bool Keeps(ratelimit::Priority priority) const { return keeps[static_cast<size_t>(priority)]; }
};

}  // namespace sluice::exchange

#endif  // SLUICE_PROXY_EXCHANGE_PANIC_H_
