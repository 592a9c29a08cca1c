#include "proxy/upstream/judge.h"

#include <chrono>
#include <string>

#include "absl/strings/str_format.h"
#include "proxy/base/log.h"
#include "proxy/upstream/cluster.h"

namespace sluice::upstream {
namespace {

using balancer::Breaker;
using balancer::Ejection;

int64_t Milliseconds(Duration duration) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

Breaker::Counts EverOf(const balancer::HostStats& host) {
  return {.requests = host.settled.load(std::memory_order_relaxed),
          .errors = host.errors.load(std::memory_order_relaxed)};
}

std::string Evidence(const Ejection& about) {
  if (about.reason == Ejection::Reason::kLatency) {
    return absl::StrFormat(
        "its answers take %d ms, those of the others %d ms (%d requests in %d ms)",
        Milliseconds(about.latency), Milliseconds(about.others_latency), about.requests,
        Milliseconds(about.over));
  }
  return absl::StrFormat(
      "%d of %d requests in %d ms failed, %d of them timed out; %.1f %% at the others",
      about.errors, about.requests, Milliseconds(about.over), about.timeouts,
      100 * about.others_error_share);
}

void Report(const Server& server, const Ejection& about) {
  log::Warn(log::kUnlimited, "pool %s: %s is ejected for %d ms (time %d in a row, by %s): %s",
            server.pool, server.label, Milliseconds(about.rest), about.nth,
            observe::kEjectionReasons[static_cast<size_t>(about.reason)], Evidence(about));
}

void Report(const Cluster& cluster, const Breaker& breaker, Breaker::State state) {
  const std::string& pool = cluster.spec.name;
  switch (state) {
    case Breaker::State::kOpen:
      return log::Warn(log::kUnlimited,
                       "pool %s: circuit breaker opens for %d ms: %d of %d tries failed (%d %% "
                       "open it); requests are answered 503",
                       pool, Milliseconds(cluster.spec.breaker->open), breaker.evidence().errors,
                       breaker.evidence().requests, cluster.spec.breaker->error_percent);
    case Breaker::State::kHalfOpen:
      return log::Info(log::kUnlimited,
                       "pool %s: circuit breaker is half open: a tenth of the requests is let in, "
                       "and more until all are",
                       pool);
    case Breaker::State::kClosed:
      return log::Info(log::kUnlimited, "pool %s: circuit breaker is closed", pool);
  }
}

}  // namespace

// What the servers counted since the last tick is lost to the breaker.
void Judge::Adopt(const Cluster& cluster, TimePoint now) {
  sweep_.Adopt(cluster.spec.sweep, cluster.spec.outlier, cluster.hosts, now);
  ever_.assign(cluster.hosts.size(), {});
  SinceLast(cluster.hosts);
}

void Judge::Tick(const Cluster& cluster, uint32_t shard, TimePoint now) {
  for (const Ejection& about : sweep_.Sweep(now)) {
    Server& server = *cluster.servers[about.host];
    server.stats.shard(shard).ejections[static_cast<size_t>(about.reason)].Add();
    Report(server, about);
  }
  Breaker& breaker = cluster.state->breaker;
  const auto& spec = cluster.spec.breaker;
  const std::optional<Breaker::State> changed =
      breaker.Tick(spec ? &*spec : nullptr, SinceLast(cluster.hosts), now);
  if (changed) Report(cluster, breaker, *changed);
}

balancer::Breaker::Counts Judge::SinceLast(const balancer::HostView& hosts) {
  Breaker::Counts since;
  for (balancer::HostIndex host = 0; host < hosts.size(); ++host) {
    const Breaker::Counts now = EverOf(hosts.stats(host));
    since.requests += now.requests - ever_[host].requests;
    since.errors += now.errors - ever_[host].errors;
    ever_[host] = now;
  }
  return since;
}

}  // namespace sluice::upstream
