// Outlier: passive health, the rule of OutlierSpec. A host that fails `failures` times in a row
// rests for `rest`. After the rest it is used again on probation: one more failure and it rests
// twice as long (up to rest_max), one success and all is forgotten. It comes back slowly
// (slow_start.h), and what fails more subtly is outlier_sweep.h's.
//
// What arrives while a host rests (requests that were on their way, or sent by the panic rule)
// changes nothing: a burst of late failures must not double the rest, and one late success must not
// call the whole traffic back to a host that just failed.
//
// Threads: any; all workers report to the same HostStats. Of several workers that report the
// deciding failure at once exactly one is told kBegan. Cost: a success on a healthy host is one
// load.
#ifndef SLUICE_BALANCER_OUTLIER_H_
#define SLUICE_BALANCER_OUTLIER_H_

#include <cstdint>

#include "balancer/host.h"
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
  explicit Outlier(const OutlierSpec& spec) : spec_(spec) {}

  RestChange OnSuccess(HostStats& host, TimePoint now) const;
  // Only failures that speak against the host (Side::kUpstream) belong here.
  RestChange OnFailure(HostStats& host, TimePoint now) const;

  // The n-th rest in a row, n >= 1.
  Duration RestLength(uint32_t n) const;

 private:
  RestChange BeginRest(HostStats& host, TimePoint now) const;

  const OutlierSpec spec_;
};

// How much longer the host rests; zero when it does not.
Duration RestLeft(const HostStats& host, TimePoint now);

}  // namespace sluice::balancer

#endif  // SLUICE_BALANCER_OUTLIER_H_
