// OutlierSweep: passive health by volume, the rule of SweepSpec. Where Outlier (outlier.h) sees
// failures in a row at one server, this compares the servers of a pool with each other: one that
// fails or dawdles while the others do not is ejected, and with the evidence for it. Nobody is
// ejected for what all suffer: a broken database, or an overload in which every server times out,
// is not cured by leaving fewer of them, so without others that are better there is no ejection.
//
// Threads: one, the tick's; it reads the counters that all workers write. Cost: linear in hosts,
// once in a tick; nothing on the way of a request.
#ifndef SLUICE_BALANCER_OUTLIER_SWEEP_H_
#define SLUICE_BALANCER_OUTLIER_SWEEP_H_

#include <cstdint>
#include <vector>

#include "balancer/host.h"
#include "balancer/host_view.h"
#include "balancer/spec.h"

namespace sluice::balancer {

// Why a server was ejected, to be logged as it is.
struct Ejection {
  enum class Reason : uint8_t {
    kErrorShare,      // error_percent or more, and twice the others' share
    kErrorDeviation,  // fewer, but more than chance explains beside the others
    kLatency,         // slow_factor times the others' or more, and 100 ms
  };
  HostIndex host = 0;
  Reason reason = Reason::kErrorShare;
  Duration over{0};       // the time in which the following were counted
  uint64_t requests = 0;  // answers and failures
  uint64_t errors = 0;
  uint64_t timeouts = 0;  // of the errors
  double others_error_share = 0;
  Duration latency{0};         // mean, zero when none was measured
  Duration others_latency{0};  // the median of the others' means
  uint32_t nth = 1;            // in a row; each rests twice as long
  Duration rest{0};
};

class OutlierSweep {
 public:
  // Judges these hosts by these rules from now on. Of those it knew it forgets nothing: neither
  // what was counted nor how often they were ejected.
  void Adopt(const SweepSpec& spec, const OutlierSpec& rests, HostView hosts, TimePoint now);

  // Looks at all, ejects those that deserve it (host.rest_until_ns) up to the cap, worst first.
  // Good until the next call.
  const std::vector<Ejection>& Sweep(TimePoint now);

 private:
  // The counters of a host when the window began, or the host came back.
  struct Mark {
    TimePoint at;
    uint64_t settled = 0;
    uint64_t errors = 0;
    uint64_t timeouts = 0;
    uint32_t ejections = 0;  // in a row: each window without one takes one off
    bool ejected = false;    // in this window
  };
  struct Counts {
    uint64_t requests = 0;
    uint64_t errors = 0;
    uint64_t timeouts = 0;
  };

  void BeginWindow(TimePoint now);
  void SetMark(HostIndex host, TimePoint now);
  Counts CountsOf(HostIndex host) const;
  Duration OthersLatency(HostIndex host) const;
  // True with reason and evidence when the host is to be ejected.
  bool Judge(Ejection& about, const Counts& all) const;

  SweepSpec spec_;
  OutlierSpec rests_;
  HostView hosts_;
  TimePoint begun_{};
  std::vector<Mark> marks_;           // by host
  std::vector<Ejection> candidates_;  // keeps its capacity: most sweeps eject nobody
};

}  // namespace sluice::balancer

#endif  // SLUICE_BALANCER_OUTLIER_SWEEP_H_
