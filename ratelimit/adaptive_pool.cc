#include "ratelimit/adaptive_pool.h"

#include <algorithm>
#include <utility>

namespace sluice::ratelimit {
namespace {

// A server that is so much more crowded than the median says little of what they share.
constexpr double kOwnTrouble = 1.5;
// Of the limit of all, from which on it is what holds requests back.
constexpr double kBound = 0.9;
// How much more or less crowded than the rest a server is whose part of that is not right.
constexpr double kApart = 1.1;
constexpr double kTelling = 20;  // recent answers, of which that is not chance
// Of recent answers, from one look to the next: they count for about a second.
constexpr double kFade = 0.9;

}  // namespace

void AdaptivePool::Adopt(std::span<const std::optional<size_t>> before) {
  std::vector<AdaptiveConcurrency> servers;
  servers.reserve(before.size());
  for (const std::optional<size_t>& was : before) {
    servers.push_back(was ? servers_[*was] : AdaptiveConcurrency(kServers));
  }
  servers_ = std::move(servers);
  recent_.assign(servers_.size(), 0);
  Publish();
}

// The median weighs servers by their recent answers: of one that has none, what is known is old.
double AdaptivePool::MostCrowding() {
  sorted_.clear();
  double sum = 0;
  for (size_t i = 0; i < servers_.size(); ++i) {
    sorted_.emplace_back(servers_[i].crowding(), recent_[i]);
    sum += recent_[i];
  }
  std::sort(sorted_.begin(), sorted_.end());
  double below = 0;
  for (const auto& [crowding, answers] : sorted_) {
    below += answers;
    if (2 * below >= sum) return crowding * kOwnTrouble;
  }
  return kOwnTrouble;
}

void AdaptivePool::Look(std::span<const ServerLook> looks, bool waits, TimePoint now) {
  if (servers_.size() < 2) {
    for (size_t i = 0; i < servers_.size(); ++i) servers_[i].Look(looks[i], {.waits = waits}, now);
    return Publish();
  }
  const double most = MostCrowding();
  ServerLook all{.silent = true};
  double allowed = 0;
  for (size_t i = 0; i < servers_.size(); ++i) {
    const ServerLook& look = looks[i];
    const AdaptiveConcurrency& server = servers_[i];
    all.in_flight += look.in_flight;
    recent_[i] = recent_[i] * kFade + look.answers;
    allowed += server.limit();
    if (server.crowding() > most) continue;
    all.answers += look.answers;
    all.stretch += look.stretch / (server.calm() == 0 ? 1 : server.calm());
    all.time += look.time;
    all.failures += look.failures;
    all.silent = all.silent && look.silent;
  }
  all_.Cap(allowed);
  all.wanted = waits || all.in_flight >= all_.limit();
  all_.Look(all, {.most = std::max(allowed, 1.0), .waits = waits}, now);
  // Calm of all is 1: what it is off by, they all are.
  const double off = all_.CallCalmOne();
  for (AdaptiveConcurrency& server : servers_) server.Rebase(off);
  const bool leads = std::min(static_cast<double>(all_.limit()), allowed) <
                     AdaptiveConcurrency::kLed * static_cast<double>(servers_.size());
  const double others = std::max(all_.crowding(), 0.8);
  // No server is full, so none would find out that its part of them all is too large or too small.
  const bool bound = waits && limit_ != 0 && all.in_flight >= kBound * limit_;
  for (size_t i = 0; i < servers_.size(); ++i) {
    const AdaptiveConcurrency& server = servers_[i];
    const bool small = 2 * server.limit() * static_cast<double>(servers_.size()) < allowed;
    ServerLook look = looks[i];
    const double apart = server.crowding() / others;
    // Of a limit that is far from what it holds, times would not tell when it is too high.
    const bool telling =
        server.calm() != 0 && recent_[i] >= kTelling && 2 * look.in_flight >= server.limit();
    look.wanted = look.wanted || (bound && telling && (apart < 1 / kApart || apart > kApart));
    servers_[i].Look(look, {.others = others, .small = small, .led = leads, .waits = waits}, now);
  }
  Publish();
}

bool AdaptivePool::finding() const {
  const auto begins = [](const AdaptiveConcurrency& server) { return server.finding(); };
  const auto count = std::count_if(servers_.begin(), servers_.end(), begins);
  const bool most = 2 * static_cast<size_t>(count) > servers_.size();
  return most && (servers_.size() < 2 || all_.finding());
}

void AdaptivePool::Publish() {
  uint64_t allowed = 0;
  for (const AdaptiveConcurrency& server : servers_) allowed += server.limit();
  limit_ = servers_.size() < 2 || all_.limit() >= allowed ? 0 : all_.limit();
}

}  // namespace sluice::ratelimit
