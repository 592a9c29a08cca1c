// What decides about second tries (conf::Hedge).
//
// HedgeDelay: how long a pool's requests usually wait for their answers, as the percentile that
// conf::Hedge names: when the second try of a request begins. Taken from what all workers saw in
// the last ten seconds or more, so that it follows the pool and a quiet minute forgets nothing.
//
// Threads: Update() the tick's, after() any. Cost: Update() adds up all servers' histograms, once a
// second; after() is a load.
#ifndef SLUICE_PROXY_UPSTREAM_HEDGE_H_
#define SLUICE_PROXY_UPSTREAM_HEDGE_H_

#include <atomic>
#include <cstdint>

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

// HedgeBudget: second tries are for the slowest few, whatever happens. When all of a pool is slow
// every request is slower than usual, and to send each twice is what would keep it so: a hundred
// requests earn as many second tries as the percentile leaves, and few can be saved up.
//
// Threads: any. Cost: an atomic addition a request.
class HedgeBudget {
 public:
  // For a request that may want a second try.
  void Earn(uint32_t percentile) {
    if (hundredths_.load(std::memory_order_relaxed) >= kMost * 100) return;
    hundredths_.fetch_add(100 - static_cast<int64_t>(percentile), std::memory_order_relaxed);
  }
  // Whether it may have one now.
  bool Take() {
    int64_t left = hundredths_.load(std::memory_order_relaxed);
    while (left >= 100) {
      if (hundredths_.compare_exchange_weak(left, left - 100, std::memory_order_relaxed)) {
        return true;
      }
    }
    return false;
  }

 private:
  // As many as a server that stalls has in flight, or nearly.
  static constexpr int64_t kMost = 20;

  std::atomic<int64_t> hundredths_{0};
};

}  // namespace sluice::upstream

#endif  // SLUICE_PROXY_UPSTREAM_HEDGE_H_
