// Outlier: passive health, the rule of OutlierSpec. A host that fails `failures` times in a row
// rests for `rest`. After the rest it is used again on probation: one more failure and it rests
// twice as long (up to rest_max), one success and all is forgotten. It comes back slowly
// (slow_start.h), and what fails more subtly is outlier_sweep.h's.
//
// At most OutlierSpec::max_ejected_percent of a pool rest at a time: with half of it gone the
// others have twice the work, and what fails then may fail of that. And timeouts that the others
// have too are an overload, or something behind all of them: no rest cures it, so instead the
// host's share shrinks (overload.h).
//
// What arrives while a host rests (requests that were on their way, or sent by the panic rule)
// changes nothing: a burst of late failures must not double the rest, and one late success must not
// call the whole traffic back to a host that just failed.
//
// Threads: any; all workers report to the same HostStats. Of several workers that report the
// deciding failure at once exactly one is told kBegan; if two hosts fail for two workers in the
// same microsecond, one more than the cap may rest. Cost: a success on a healthy host is one load;
// a failure that decides is linear in hosts.
#ifndef SLUICE_BALANCER_OUTLIER_H_
#define SLUICE_BALANCER_OUTLIER_H_

#include <cstddef>
#include <cstdint>
#include <utility>

#include "balancer/host.h"
#include "balancer/host_view.h"
#include "balancer/spec.h"

namespace sluice::balancer {

// What a report changed, for the caller to log and count.
enum class RestChange : uint8_t {
  kNone,
  kBegan,  // the host rests from now on; RestLeft() says how long
  kEnded,  // the first success after a rest: the host is as good as any
};

class Outlier {
 public:
  // `hosts`: the pool, of which those are that it is told of.
  explicit Outlier(const OutlierSpec& spec, HostView hosts = HostView())
      : spec_(spec), hosts_(std::move(hosts)) {}

  RestChange OnSuccess(HostStats& host, TimePoint now) const;
  // Only failures that speak against the host (Side::kUpstream) belong here. `timed_out`: of the
  // kind that Record() (outcome.h) was told as kTimedOut; to be called behind it.
  RestChange OnFailure(HostStats& host, bool timed_out, TimePoint now) const;

  // The n-th rest in a row, n >= 1.
  Duration RestLength(uint32_t n) const;

 private:
  RestChange BeginRest(HostStats& host, TimePoint now) const;
  // The others fail at least half as often as `host` does.
  bool OthersFailToo(const HostStats& host) const;

  const OutlierSpec spec_;
  const HostView hosts_;
};

// How many more of `hosts` may begin to rest, when at most this percentage may be away: of two or
// more one may always go, and one always stays.
size_t PlacesToRest(const HostView& hosts, uint32_t max_percent, TimePoint now);

// How much longer the host rests; zero when it does not.
Duration RestLeft(const HostStats& host, TimePoint now);

}  // namespace sluice::balancer

#endif  // SLUICE_BALANCER_OUTLIER_H_
