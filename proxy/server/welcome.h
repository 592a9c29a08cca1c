// Welcome: how many connections a listener takes in one turn of its loop. What a newcomer asks
// first is the dearest there is (a TLS handshake, an HTTP/2 session and all it begins with), and
// one that was cut may come again at once: unbounded, a crowd of them keeps every request that is
// under way waiting while all of it has its turn. So newcomers get kShare of a turn's time; the
// others wait in the kernel's backlog. Connections that cost little come in by kMost at a time.
//
// Threads: one loop's. Time: an argument.
#ifndef SLUICE_PROXY_SERVER_WELCOME_H_
#define SLUICE_PROXY_SERVER_WELCOME_H_

#include <algorithm>
#include <chrono>

#include "proxy/base/time.h"

namespace sluice::server {

class Welcome {
 public:
  static constexpr int kMost = 8;
  static constexpr Duration kShare = std::chrono::milliseconds(1);
  // What is spoken in a connection's first moments counts as a newcomer's.
  static constexpr Duration kNew = std::chrono::seconds(1);
  // What the server's half of a TLS handshake takes, near enough: most of it is one signature.
  static constexpr Duration kHandshake = std::chrono::microseconds(250);

  void Spent(Duration time) { spent_ += time; }

  // Connections to take in the turn that begins.
  int Next() {
    if (spent_ > kShare) {
      burst_ = std::max(1, static_cast<int>(burst_ * kShare / spent_));
    } else if (spent_ < kShare / 2) {
      burst_ = std::min(kMost, burst_ * 2);
    }
    spent_ = Duration::zero();
    return burst_;
  }

 private:
  int burst_ = kMost;
  Duration spent_{};  // since the last turn that took connections
};

}  // namespace sluice::server

#endif  // SLUICE_PROXY_SERVER_WELCOME_H_
