// Switches: how one server of the storefront misbehaves, changed while it runs.
//
// Threads: any. Slowness and failures hold from the next request on; a crash or a recovery is
// carried out on the storefront's loop soon after the call. Must not be used once the storefront is
// gone.
#ifndef SLUICE_PROXY_DEMO_SWITCHES_H_
#define SLUICE_PROXY_DEMO_SWITCHES_H_

#include <atomic>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "proxy/base/time.h"

namespace sluice::demo {

class Switches {
 public:
  // `changed` is called from whatever thread asks for a crash or a recovery.
  explicit Switches(absl::AnyInvocable<void() const> changed) : changed_(std::move(changed)) {}

  // Added to the service time of every request.
  void SetSlow(Duration extra) { slow_ns_ = extra.count(); }
  // This share of the requests, 0 to 1, is answered with 500.
  void SetFailRate(double share) { fail_rate_ = share; }
  // The listener closes and every connection is reset. The server comes back by itself, on the same
  // port; with zero it stays away until Recover().
  void CrashFor(Duration down) {
    down_ns_ = down.count();
    crashed_ = true;
    changed_();
  }
  // Undoes all of the above.
  void Recover() {
    slow_ns_ = 0;
    fail_rate_ = 0;
    crashed_ = false;
    changed_();
  }

  // For the server: it listens again.
  void SetUp() { crashed_ = false; }

  Duration slow() const { return Duration(slow_ns_.load()); }
  double fail_rate() const { return fail_rate_; }
  bool crashed() const { return crashed_; }
  Duration down() const { return Duration(down_ns_.load()); }  // zero: until Recover()

 private:
  std::atomic<Duration::rep> slow_ns_{0};
  std::atomic<Duration::rep> down_ns_{0};
  std::atomic<double> fail_rate_{0};
  std::atomic<bool> crashed_{false};
  const absl::AnyInvocable<void() const> changed_;
};

}  // namespace sluice::demo

#endif  // SLUICE_PROXY_DEMO_SWITCHES_H_
