// H2Budget: what one HTTP/2 connection may ask of us without getting anything done. Every frame
// that costs its sender nearly nothing and us something is charged to a kind; each kind has a burst
// that well-behaved peers stay far below, and refills with time. Useful work earns some back, so
// that a connection which moves much may also say much.
//
// Threads: one. Time: an argument. Cost: an addition and two comparisons a frame.
#ifndef SLUICE_PROXY_HTTP_H2_BUDGET_H_
#define SLUICE_PROXY_HTTP_H2_BUDGET_H_

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "proxy/base/time.h"

namespace sluice::http {

class H2Budget {
 public:
  // `tolerance`: times what is said below.
  explicit H2Budget(double tolerance = 1) : tolerance_(tolerance) {}

  enum class Kind : uint8_t {
    kReset,     // streams the peer reset (CVE-2023-44487)
    kFault,     // streams we had to reset or refuse (CVE-2025-8671)
    kSettings,  // each wants an answer
    kPing,      // each wants an answer
    kEmpty,     // frames that carry nothing
    kWindow,    // WINDOW_UPDATE
    kOther,     // priorities, continuations; frames that nobody knows cost what their bytes do
  };

  // What a stream counts for that came to nothing, by the bytes its head unpacked to: reading them
  // was the work, and HPACK lets a peer mean thousands by one.
  static double Weight(uint64_t head_bytes) {
    return 1 + static_cast<double>(head_bytes) / kHeadUnit;
  }

  // False: the budget is spent, and the peer is to be cut.
  [[nodiscard]] bool Charge(Kind kind, TimePoint now, double count = 1) {
    Account& account = accounts_[static_cast<size_t>(kind)];
    const Terms& terms = kTerms[static_cast<size_t>(kind)];
    if (account.since == TimePoint{}) account.since = now;
    const double passed = std::chrono::duration<double>(now - account.since).count();
    account.used =
        std::max(0.0, account.used - passed * terms.refill_per_second * tolerance_) + count;
    account.since = now;
    return account.used <= terms.burst * tolerance_;
  }

  // Work was done that entitles the peer to `count` more.
  void Earn(Kind kind, double count) {
    Account& account = accounts_[static_cast<size_t>(kind)];
    account.used = std::max(0.0, account.used - count);
  }

  static std::string_view Why(Kind kind) { return kTerms[static_cast<size_t>(kind)].why; }
  static double Burst(Kind kind) { return kTerms[static_cast<size_t>(kind)].burst; }

 private:
  // A browser's head with all its cookies, nearly always.
  static constexpr double kHeadUnit = 8 * 1024;

  struct Terms {
    double burst;
    double refill_per_second;
    std::string_view why;
  };
  // A browser that leaves a page resets all of its hundred streams at once, and may do so on
  // several pages in a row; gRPC measures the path with pings as fast as answers come.
  static constexpr std::array<Terms, 7> kTerms = {{
      {400, 40, "too many streams were reset by the client"},
      {100, 10, "too many streams had to be reset"},
      {30, 1, "too many SETTINGS frames"},
      {200, 50, "too many PING frames"},
      {50, 5, "too many frames that carry nothing"},
      {1000, 200, "too many WINDOW_UPDATE frames"},
      {500, 50, "too many frames that change nothing"},
  }};

  struct Account {
    double used = 0;
    TimePoint since{};
  };
  double tolerance_;
  std::array<Account, kTerms.size()> accounts_;
};

}  // namespace sluice::http

#endif  // SLUICE_PROXY_HTTP_H2_BUDGET_H_
