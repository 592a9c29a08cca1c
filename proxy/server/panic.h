// The panic switch, as operators turn it (exchange/panic.h): one order keeps only the named
// classes, one order, or time, undoes it. It holds through reloads and restarts.
//
// Threads: the supervisor's.
#ifndef SLUICE_PROXY_SERVER_PANIC_H_
#define SLUICE_PROXY_SERVER_PANIC_H_

#include <array>
#include <string>
#include <string_view>

#include "proxy/base/time.h"
#include "proxy/server/overlay.h"
#include "ratelimit/spec.h"

namespace sluice::server {

struct PanicOrder {
  bool on = false;
  std::array<bool, ratelimit::kPriorityNames.size()> keeps{};  // by ratelimit::Priority
  Duration lasts{0};                                           // 0: until it is undone
  std::string reason = {};

  std::string What() const;  // "keeps critical, high"
};

inline constexpr std::string_view kPanicDeeds[] = {"on", "off"};

struct PanicState {
  PanicOrder order;
  Author author;
  TimePoint until = TimePoint::max();
};

}  // namespace sluice::server

#endif  // SLUICE_PROXY_SERVER_PANIC_H_
