// HedgeDelay: how long a pool's requests usually wait for their answers, as the percentile that
// conf::Hedge names: when the second try of a request begins. Taken from what all workers saw in
// the last ten seconds or more, so that it follows the pool and a quiet minute forgets nothing.
//
// Threads: Update() the tick's, after() any. Cost: Update() adds up all servers' histograms, once a
// second; after() is a load.
#ifndef SLUICE_PROXY_UPSTREAM_HEDGE_H_
#define SLUICE_PROXY_UPSTREAM_HEDGE_H_

#include <atomic>

#include "conf/config.h"
#include "proxy/base/time.h"
#include "proxy/observe/histogram.h"

namespace sluice::upstream {

class HedgeDelay {
 public:
  // `answers`: all that was ever recorded of the pool's servers. A pool whose servers changed may
  // hand in less than before: then it begins anew.
  void Update(const conf::Hedge& spec, const observe::HistogramSnapshot& answers, TimePoint now);

  // Zero: no second tries (yet). One of few values, as net::Loop wants its lengths.
  Duration after() const { return Duration(after_ns_.load(std::memory_order_relaxed)); }

 private:
  std::atomic<int64_t> after_ns_{0};
  observe::HistogramSnapshot counted_;  // at the begin of the window
  TimePoint counted_at_{};
};

}  // namespace sluice::upstream

#endif  // SLUICE_PROXY_UPSTREAM_HEDGE_H_
