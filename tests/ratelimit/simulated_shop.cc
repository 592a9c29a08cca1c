#include "tests/ratelimit/simulated_shop.h"

#include <algorithm>
#include <utility>

namespace sluice::ratelimit {

SimulatedShop::Seen SimulatedShop::Run(double seconds, double last_seconds) {
  const double end = now_ms_ + seconds * 1e3;
  const double from = end - last_seconds * 1e3;
  done_.clear();
  if (arrival_ms_ < now_ms_) arrival_ms_ = now_ms_;
  if (tick_ms_ <= now_ms_) tick_ms_ = now_ms_ + 100;
  double held = 0;
  uint64_t ticks = 0;
  for (;;) {
    const double event = events_.empty() ? 1e18 : events_.top().at;
    const double next = std::min({event, arrival_ms_, tick_ms_});
    if (next > end) break;
    now_ms_ = next;
    if (next == event) {
      const Event top = events_.top();
      events_.pop();
      OnEvent(top);
    } else if (next == arrival_ms_) {
      OnArrival();
    } else {
      Tick();
      tick_ms_ += 100;
      for (const Server& server : servers_) held += now_ms_ >= from ? server.in_flight : 0;
      ticks += now_ms_ >= from ? 1 : 0;
    }
  }
  now_ms_ = end;
  Seen seen;
  std::vector<double> stretches;
  double work = 0;
  for (const Done& done : done_) {
    if (done.at < from) continue;
    stretches.push_back(done.stretch);
    work += done.work;
  }
  if (stretches.empty()) return seen;
  seen.per_s = work / last_seconds;
  for (const double s : stretches) seen.stretch += s / static_cast<double>(stretches.size());
  std::sort(stretches.begin(), stretches.end());
  seen.p99_stretch = stretches[stretches.size() * 99 / 100];
  seen.held = held / static_cast<double>(std::max<uint64_t>(ticks, 1));
  return seen;
}

void SimulatedShop::OnArrival() {
  arrival_ms_ += std::exponential_distribution<>(arrivals_per_s / 1e3)(random_);
  double at = 0, share = 0;
  for (const Kind& kind : kinds) share += kind.share;
  at = std::uniform_real_distribution<>(0, share)(random_);
  size_t kind = 0;
  while (kind + 1 < kinds.size() && (at -= kinds[kind].share) > 0) ++kind;
  Request request{.kind = kind, .arrived = now_ms_};
  // So many of the crowd are of use; the rest only costs the simulation time.
  if (queue_.size() < 200) queue_.push_back(request);
  Serve();
}

void SimulatedShop::Serve() {
  while (!queue_.empty()) {
    if (now_ms_ - queue_.front().arrived > patience_ms) {
      queue_.pop_front();
      ++refused_;
      continue;
    }
    if (pool_.limit() != 0 && Total() >= pool_.limit()) {
      waited_ = true;
      NoteFull();
      return;
    }
    // The emptiest for its limit.
    size_t best = servers_.size();
    double best_load = 0;
    for (size_t i = 0; i < servers_.size(); ++i) {
      const uint32_t limit = pool_.server(i).limit();
      if (servers_[i].in_flight >= limit) continue;
      const double load = static_cast<double>(servers_[i].in_flight) / limit;
      if (best == servers_.size() || load < best_load) best = i, best_load = load;
    }
    if (best == servers_.size()) {
      waited_ = true;
      NoteFull();
      return;
    }
    Request request = queue_.front();
    queue_.pop_front();
    request.server = best;
    Send(request);
  }
}

void SimulatedShop::NoteFull() {
  for (size_t i = 0; i < servers_.size(); ++i) {
    if (servers_[i].in_flight >= pool_.server(i).limit()) servers_[i].wanted = true;
  }
}

void SimulatedShop::Send(Request request) {
  Server& server = servers_[request.server];
  ++server.in_flight;
  request.sent = now_ms_;
  if (failing > 0 && std::uniform_real_distribution<>()(random_) < failing) {
    request.web_ms = -1;
    events_.push({now_ms_ + 1, false, request});
    return;
  }
  request.web_ms = kinds[request.kind].ms * server.is.slowness * Draw();
  request.alone_ms = kinds[request.kind].ms * server.is.slowness + database.query_ms;
  server.waiting.push_back(request);
  Work(server);
}

void SimulatedShop::Work(Server& server) {
  while (server.working < server.is.workers && !server.waiting.empty()) {
    ++server.working;
    const Request request = server.waiting.front();
    server.waiting.pop_front();
    events_.push({now_ms_ + request.web_ms, false, request});
  }
}

void SimulatedShop::Query() {
  while (queries_ < database.parallel && !queries_waiting_.empty()) {
    const Request request = queries_waiting_.front();
    queries_waiting_.pop_front();
    ++queries_;
    const double beyond = static_cast<double>(queries_waiting_.size());
    events_.push(
        {now_ms_ + database.query_ms * Draw() * (1 + database.growth * beyond), true, request});
  }
}

void SimulatedShop::OnEvent(const Event& event) {
  if (!event.query && event.request.web_ms >= 0 && database.query_ms > 0) {
    queries_waiting_.push_back(event.request);
    return Query();
  }
  if (event.query) {
    --queries_;
    Query();
  }
  Finish(event.request);
}

void SimulatedShop::Finish(const Request& request) {
  Server& server = servers_[request.server];
  --server.in_flight;
  ServerLook& look = looks_[request.server];
  const bool failed = request.web_ms < 0;
  server.silent = false;
  if (!failed) {
    --server.working;
    Work(server);
    const double ms = now_ms_ - request.sent;
    const AdaptiveConcurrency& rule = pool_.server(request.server);
    const auto time = std::chrono::nanoseconds(static_cast<int64_t>(ms * 1e6));
    const double stretch =
        calm_.Add(request.kind, time, {.crowding = rule.slowness(), .at_rest = rule.at_rest()});
    if (stretch > 0) {
      look.answers += 1;
      look.stretch += stretch;
      look.time += time;
    }
    done_.push_back(
        {now_ms_, ms / request.alone_ms, (kinds[request.kind].ms + database.query_ms) / MeanMs()});
  } else {
    look.failures += 1;
  }
  Serve();
}

void SimulatedShop::Tick() {
  for (size_t i = 0; i < servers_.size(); ++i) {
    looks_[i].in_flight = servers_[i].in_flight;
    looks_[i].silent = std::exchange(servers_[i].silent, true);
    looks_[i].wanted = std::exchange(servers_[i].wanted, false);
  }
  pool_.Look(looks_, std::exchange(waited_, false), Now());
  looks_.assign(servers_.size(), {});
  Serve();
}

}  // namespace sluice::ratelimit
