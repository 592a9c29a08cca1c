#include "balancer/outcome.h"

#include <algorithm>
#include <limits>

#include "balancer/overload.h"

namespace sluice::balancer {
namespace {

// The mean is over the last 64 answers, so two equal servers with exponential service times differ
// by a tenth; fewer would make them look unequal, more would take longer to see a change. Where
// answers are rare the last ten seconds count instead.
constexpr double kSamples = 64;
constexpr double kMemoryNs = 10e9;
constexpr double kMostOfOneSample = 0.25;
// One answer counts for at most three times the mean: those that a server held back during a pause
// of its own say little about the next one. A server that stays slow still gets there, by a
// fraction of itself with every answer.
constexpr double kMostOfMean = 3;
constexpr int kFailingSamples = 32;

uint32_t Micros(double us) {
  return static_cast<uint32_t>(
      std::clamp(us, 1.0, static_cast<double>(std::numeric_limits<uint32_t>::max())));
}

void RecordLatency(HostStats& host, double us, double gap_ns, uint64_t before) {
  const double peak = host.peak_us.load(std::memory_order_relaxed);
  const double sunk = peak + (us - peak) * gap_ns / (gap_ns + kMemoryNs);
  host.peak_us.store(Micros(us > peak ? us : sunk), std::memory_order_relaxed);

  const double mean = host.service_us.load(std::memory_order_relaxed);
  if (mean == 0) return host.service_us.store(Micros(us), std::memory_order_relaxed);
  const double steady = std::clamp(gap_ns / kMemoryNs, 1 / kSamples, kMostOfOneSample);
  const double part = std::max(steady, 1 / (static_cast<double>(before) + 1));
  const double counted = before < 8 ? us : std::min(us, kMostOfMean * mean);
  host.service_us.store(Micros(mean + (counted - mean) * part), std::memory_order_relaxed);
}

}  // namespace

Result ResultOf(int status, bool retry_after) {
  if (status == 429 || (status == 503 && retry_after)) return Result::kOverloaded;
  // 501 and 505 refuse what was asked for.
  return status < 500 || status == 501 || status == 505 ? Result::kAnswered : Result::kFailed;
}

void Record(HostStats& host, const Outcome& outcome, TimePoint now) {
  const int64_t now_ns = Nanos(now);
  const int64_t last_ns = host.settled_at_ns.exchange(now_ns, std::memory_order_relaxed);
  const uint64_t before = host.settled.fetch_add(1, std::memory_order_relaxed);
  if (outcome.result == Result::kOverloaded) {
    host.overloads.fetch_add(1, std::memory_order_relaxed);
    Shrink(host, outcome.retry_after, now);
  }
  const bool failed = outcome.result == Result::kFailed || outcome.result == Result::kTimedOut;
  if (failed) {
    host.errors.fetch_add(1, std::memory_order_relaxed);
    if (outcome.result == Result::kTimedOut) {
      host.timeouts.fetch_add(1, std::memory_order_relaxed);
    }
  }
  const auto failing = static_cast<int>(host.failing.load(std::memory_order_relaxed));
  if (failed || failing != 0) {
    // Away from zero upwards and to zero downwards, so that the last trace goes too.
    const int step = ((failed ? static_cast<int>(kWhole) : 0) - failing) / kFailingSamples;
    const int next = failing + step - (failed || step != 0 ? 0 : 1);
    host.failing.store(static_cast<uint32_t>(std::max(next, 0)), std::memory_order_relaxed);
  }
  const double us = static_cast<double>(outcome.latency.count()) / 1e3;
  if (outcome.result != Result::kAnswered && us < host.service_us.load(std::memory_order_relaxed)) {
    return;
  }
  // A clock that steps back counts as no time at all.
  const auto gap_ns = static_cast<double>(std::max<int64_t>(now_ns - last_ns, 0));
  RecordLatency(host, us, gap_ns, before);
}

}  // namespace sluice::balancer
