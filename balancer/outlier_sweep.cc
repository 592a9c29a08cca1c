#include "balancer/outlier_sweep.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "balancer/outlier.h"
#include "balancer/slow_start.h"

namespace sluice::balancer {
namespace {

// A difference below this is not worth a server, however certain it is.
constexpr double kLeastDifference = 0.1;
constexpr Duration kLeastSlowness = std::chrono::milliseconds(100);

double Part(uint64_t part, uint64_t whole) {
  return static_cast<double>(part) / static_cast<double>(std::max<uint64_t>(whole, 1));
}

double ErrorShare(const Ejection& about) { return Part(about.errors, about.requests); }

Duration ServiceOf(const HostStats& host) {
  return std::chrono::microseconds(host.service_us.load(std::memory_order_relaxed));
}

}  // namespace

void OutlierSweep::Adopt(const SweepSpec& spec, const OutlierSpec& rests, HostView hosts,
                         TimePoint now) {
  std::map<const HostStats*, Mark> known;
  for (HostIndex host = 0; host < hosts_.size(); ++host) {
    known.emplace(&hosts_.stats(host), marks_[host]);
  }
  if (known.empty()) begun_ = now;
  spec_ = spec;
  rests_ = rests;
  hosts_ = std::move(hosts);
  marks_.assign(hosts_.size(), Mark());
  for (HostIndex host = 0; host < hosts_.size(); ++host) {
    const auto found = known.find(&hosts_.stats(host));
    if (found == known.end()) {
      SetMark(host, now);
    } else {
      marks_[host] = found->second;
    }
  }
}

const std::vector<Ejection>& OutlierSweep::Sweep(TimePoint now) {
  Counts all;
  candidates_.clear();
  for (HostIndex host = 0; host < hosts_.size(); ++host) {
    if (!hosts_.Open(host)) continue;
    if (hosts_.Away(host, now)) {
      // What still comes back from before says nothing about how it returns.
      SetMark(host, now);
      continue;
    }
    const Counts counts = CountsOf(host);
    all.requests += counts.requests;
    all.errors += counts.errors;
    candidates_.push_back({.host = host,
                           .over = now - marks_[host].at,
                           .requests = counts.requests,
                           .errors = counts.errors,
                           .timeouts = counts.timeouts});
  }
  std::erase_if(candidates_, [&](Ejection& about) { return !Judge(about, all); });
  std::sort(candidates_.begin(), candidates_.end(), [](const Ejection& a, const Ejection& b) {
    return std::pair(ErrorShare(a), a.latency) > std::pair(ErrorShare(b), b.latency);
  });
  candidates_.resize(
      std::min(candidates_.size(), PlacesToRest(hosts_, rests_.max_ejected_percent, now)));
  for (Ejection& about : candidates_) {
    Mark& mark = marks_[about.host];
    about.nth = ++mark.ejections;
    about.rest = Outlier(rests_).RestLength(about.nth);
    HostStats& stats = hosts_.stats(about.host);
    BeginSlowStart(stats, now + about.rest);
    stats.rest_until_ns.store(Nanos(now + about.rest), std::memory_order_relaxed);
    mark.ejected = true;
    SetMark(about.host, now);  // what it was ejected for is paid for
  }
  // A clock that stepped back begins a window too, or the old one would last for that much longer.
  if (now - begun_ >= spec_.window || now < begun_) BeginWindow(now);
  return candidates_;
}

void OutlierSweep::BeginWindow(TimePoint now) {
  begun_ = now;
  for (HostIndex host = 0; host < hosts_.size(); ++host) {
    Mark& mark = marks_[host];
    const bool good = !mark.ejected && !hosts_.Away(host, now);
    if (good && mark.ejections > 0) --mark.ejections;
    mark.ejected = false;
    SetMark(host, now);
  }
}

void OutlierSweep::SetMark(HostIndex host, TimePoint now) {
  const HostStats& stats = hosts_.stats(host);
  Mark& mark = marks_[host];
  mark.at = now;
  mark.settled = stats.settled.load(std::memory_order_relaxed);
  mark.errors = stats.errors.load(std::memory_order_relaxed);
  mark.timeouts = stats.timeouts.load(std::memory_order_relaxed);
}

OutlierSweep::Counts OutlierSweep::CountsOf(HostIndex host) const {
  const HostStats& stats = hosts_.stats(host);
  const Mark& mark = marks_[host];
  return {.requests = stats.settled.load(std::memory_order_relaxed) - mark.settled,
          .errors = stats.errors.load(std::memory_order_relaxed) - mark.errors,
          .timeouts = stats.timeouts.load(std::memory_order_relaxed) - mark.timeouts};
}

Duration OutlierSweep::OthersLatency(HostIndex host) const {
  std::vector<Duration> others;
  for (HostIndex other = 0; other < hosts_.size(); ++other) {
    const Duration service = ServiceOf(hosts_.stats(other));
    if (other != host && hosts_.Open(other) && service > Duration::zero())
      others.push_back(service);
  }
  if (others.empty()) return Duration::zero();
  const auto middle = others.begin() + static_cast<std::ptrdiff_t>(others.size() / 2);
  std::nth_element(others.begin(), middle, others.end());
  return *middle;
}

bool OutlierSweep::Judge(Ejection& about, const Counts& all) const {
  const uint64_t others = all.requests - about.requests;
  if (about.requests < spec_.min_requests || others < spec_.min_requests) return false;
  const double share = ErrorShare(about);
  // One failure more than was seen: without any the least chance of one would be a deviation.
  const double expected = Part(all.errors - about.errors + 1, others + 2);
  about.others_error_share = Part(all.errors - about.errors, others);
  about.latency = ServiceOf(hosts_.stats(about.host));
  about.others_latency = OthersLatency(about.host);
  if (share * 100 >= spec_.error_percent && share >= 2 * expected) {
    about.reason = Ejection::Reason::kErrorShare;
    return true;
  }
  const double chance = std::sqrt(expected * (1 - expected) / static_cast<double>(about.requests));
  if (share - expected >= std::max(kLeastDifference, spec_.deviations * chance)) {
    about.reason = Ejection::Reason::kErrorDeviation;
    return true;
  }
  about.reason = Ejection::Reason::kLatency;
  return spec_.slow_factor != 0 && about.others_latency > Duration::zero() &&
         about.latency - about.others_latency >= kLeastSlowness &&
         about.latency >= about.others_latency * spec_.slow_factor;
}

}  // namespace sluice::balancer
