// WaitingView: what a waiting room has to say to one visitor at one moment. The room makes it, the
// page words it (waiting_words.h). Values only; `message` must outlive the wording.
#ifndef SLUICE_PROXY_ADMISSION_WAITING_VIEW_H_
#define SLUICE_PROXY_ADMISSION_WAITING_VIEW_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "proxy/base/time.h"

namespace sluice::admission {

struct WaitingView {
  enum class State : uint8_t {
    kWaiting,   // in line
    kPrequeue,  // before the start of an event
    kPaused,    // in line, but nobody is let in
    kFull,      // no place in line either, and no ticket
    kEnter,     // called, and there is room: asking for the page again is served
  };
  State state = State::kWaiting;

  // From 1; 0: there is none to tell, as before a raffle. `ahead` is told only with it.
  uint64_t position = 0;
  uint64_t ahead = 0;

  // How long it will take, as a range; without `least` it is up to `most`, without `most` more
  // than `least`, without both unknown.
  std::optional<Duration> least = std::nullopt;
  std::optional<Duration> most = std::nullopt;

  std::chrono::seconds poll{10};  // when to ask again

  std::optional<WallTime> event_start = std::nullopt;
  WallTime now{};       // for the time left until then
  bool raffle = false;  // places are given by lot at the start

  // The operator's words: plain text, UTF-8. Beyond kLongestMessage it is cut.
  std::string_view message = {};
  static constexpr size_t kLongestMessage = 1000;  // bytes
};

}  // namespace sluice::admission

#endif  // SLUICE_PROXY_ADMISSION_WAITING_VIEW_H_
