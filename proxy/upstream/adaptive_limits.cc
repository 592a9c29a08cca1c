#include "proxy/upstream/adaptive_limits.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_format.h"
#include "proxy/base/log.h"
#include "proxy/upstream/cluster.h"

namespace sluice::upstream {
namespace {

constexpr double kStretchUnit = 1024;
constexpr Duration kFinding = std::chrono::seconds(10);
constexpr Duration kBetweenWords = std::chrono::seconds(10);

uint64_t FailedOf(const balancer::HostStats& host) {
  return host.errors.load(std::memory_order_relaxed) +
         host.overloads.load(std::memory_order_relaxed);
}

// Those who were refused because the queue is full, or none, would have waited too.
uint64_t QueuedOf(const PoolState& pool) {
  uint64_t sum = 0;
  pool.stats.ForEach([&](const observe::PoolStats& stats) {
    for (const observe::QueueStats& of_class : stats.queue) {
      sum += of_class.queued.value();
      for (const observe::Cell& end : of_class.ended) sum += end.value();
    }
  });
  return sum;
}

}  // namespace

void AdaptiveLimits::NoteTime(const Server& server, uint64_t kind, uint64_t sort, Duration time,
                              Duration longest) {
  balancer::HostStats& host = *server.health;
  ratelimit::CalmTimes& calm = server.state->calm_times;
  const ratelimit::CalmTimes::Server now = {
      .crowding = static_cast<double>(host.crowding.load(std::memory_order_relaxed)),
      .at_rest = host.at_rest.load(std::memory_order_relaxed)};
  const double of_sort = calm.Add(sort, time, now);
  const double of_kind = calm.Add(kind, time, now);
  const double stretch = of_kind != 0 ? of_kind : of_sort;
  if (stretch == 0 || calm.Of(kind) >= longest) return;
  host.timed.fetch_add(1, std::memory_order_relaxed);
  host.stretch.fetch_add(static_cast<uint32_t>(stretch * kStretchUnit), std::memory_order_relaxed);
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(time).count();
  host.timed_us.fetch_add(static_cast<uint32_t>(us), std::memory_order_relaxed);
}

void AdaptiveLimits::Adopt(const Cluster& cluster) {
  std::vector<Known> known;
  std::vector<std::optional<size_t>> before;
  for (const std::shared_ptr<Server>& server : cluster.servers) {
    const balancer::HostStats& host = *server->health;
    if (!host.adaptive.load(std::memory_order_relaxed)) continue;
    const auto was = std::find_if(known_.begin(), known_.end(),
                                  [&](const Known& other) { return other.server == server.get(); });
    if (was != known_.end()) {
      before.emplace_back(static_cast<size_t>(was - known_.begin()));
      known.push_back(*was);
      continue;
    }
    before.emplace_back(std::nullopt);
    Known& fresh = known.emplace_back(Known{.server = server.get()});
    LookAt(fresh, false);
    fresh.ramp_from_ns = host.ramp_from_ns.load(std::memory_order_relaxed);
  }
  known_ = std::move(known);
  rule_.Adopt(before);
  Publish(cluster);
}

ratelimit::ServerLook AdaptiveLimits::LookAt(Known& known, bool waits) const {
  const balancer::HostStats& host = *known.server->health;
  const uint64_t settled = host.settled.load(std::memory_order_relaxed);
  const uint64_t failed = FailedOf(host);
  const uint32_t timed = host.timed.load(std::memory_order_relaxed);
  const uint32_t stretch = host.stretch.load(std::memory_order_relaxed);
  const uint32_t timed_us = host.timed_us.load(std::memory_order_relaxed);
  const uint32_t active = host.active.load(std::memory_order_relaxed);
  // What happens between looks is not seen: if the pool has no limit of its own, whoever waited
  // found every server full. One that is full while others have room would be given more, too.
  const bool wanted =
      active >= host.limit.load(std::memory_order_relaxed) || (waits && rule_.limit() == 0);
  // Differences of what wraps.
  const ratelimit::ServerLook look = {
      .answers = static_cast<double>(timed - known.timed),
      .stretch = static_cast<double>(stretch - known.stretch) / kStretchUnit,
      .time = std::chrono::microseconds(timed_us - known.timed_us),
      .failures = static_cast<double>(failed - known.failed),
      .silent = settled == known.settled,
      .in_flight = active,
      .wanted = wanted};
  known.settled = settled;
  known.failed = failed;
  known.timed = timed;
  known.stretch = stretch;
  known.timed_us = timed_us;
  return look;
}

void AdaptiveLimits::Tick(const Cluster& cluster, TimePoint now) {
  finding_ = false;
  if (known_.empty()) return;
  const uint64_t queued = QueuedOf(*cluster.state);
  const bool waits = cluster.state->dispatch.waiting() > 0 || queued != queued_;
  queued_ = queued;
  looks_.clear();
  for (size_t i = 0; i < known_.size(); ++i) {
    const int64_t ramp = known_[i].server->health->ramp_from_ns.load(std::memory_order_relaxed);
    if (std::exchange(known_[i].ramp_from_ns, ramp) != ramp) rule_.Restart(i);
    looks_.push_back(LookAt(known_[i], waits));
  }
  rule_.Look(looks_, waits, now);
  if (waits && first_wait_ == TimePoint{}) first_wait_ = now;
  finding_ = first_wait_ == TimePoint{} || now - first_wait_ < kFinding || rule_.finding();
  Publish(cluster);
  Tell(cluster, waits, now);
}

void AdaptiveLimits::Publish(const Cluster& cluster) const {
  for (size_t i = 0; i < known_.size(); ++i) {
    const ratelimit::AdaptiveConcurrency& rule = rule_.server(i);
    balancer::HostStats& host = *known_[i].server->health;
    host.crowding.store(static_cast<float>(rule.slowness()), std::memory_order_relaxed);
    host.at_rest.store(rule.at_rest(), std::memory_order_relaxed);
    host.limit.store(rule.limit(), std::memory_order_relaxed);
  }
  const bool all = known_.size() == cluster.servers.size();
  cluster.state->limit.store(all ? rule_.limit() : 0, std::memory_order_relaxed);
  cluster.state->finding.store(all && rule_.finding(), std::memory_order_relaxed);
}

// While somebody waits, and not at each of the steps.
void AdaptiveLimits::Tell(const Cluster& cluster, bool waits, TimePoint now) {
  if (!waits || now - told_ < kBetweenWords) return;
  told_ = now;
  std::string limits;
  uint64_t sum = 0;
  for (size_t i = 0; i < known_.size(); ++i) {
    sum += rule_.server(i).limit();
    if (i < 8) absl::StrAppendFormat(&limits, "%s%d", i == 0 ? "" : ", ", rule_.server(i).limit());
  }
  if (known_.size() > 8) limits += ", ...";
  log::Info(log::kUnlimited,
            "pool %s: its servers carry %d requests at once (%s each), answers take %.1f times as "
            "long as in calm; %d wait",
            cluster.spec.name, rule_.limit() == 0 ? sum : uint64_t{rule_.limit()}, limits,
            rule_.crowding(), cluster.state->dispatch.waiting());
}

}  // namespace sluice::upstream
