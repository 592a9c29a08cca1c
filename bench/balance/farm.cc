#include "bench/balance/farm.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <queue>
#include <random>
#include <utility>

#include "absl/container/inlined_vector.h"
#include "balancer/outcome.h"
#include "balancer/picker.h"
#include "balancer/slow_start.h"
#include "bench/load/chance.h"
#include "bench/load/quantile.h"

namespace sluice::balance {
namespace {

using balancer::HostIndex;
using balancer::HostStats;
using balancer::TimePoint;
using load::Exponential;
using load::ModelServer;
using load::Uniform;

constexpr TimePoint kBegin{1h};

struct Request {
  TimePoint came;
  TimePoint sent;
  size_t worker = 0;
  HostIndex host = 0;
  balancer::Result result = balancer::Result::kAnswered;
  absl::InlinedVector<HostIndex, 4> tried;
  std::optional<balancer::ActiveRequest> active;
};

struct Event {
  TimePoint at;
  std::unique_ptr<Request> request;
};
struct Later {
  bool operator()(const Event& a, const Event& b) const { return a.at > b.at; }
};

class Simulation {
 public:
  Simulation(const Farm& farm, std::string_view strategy, uint64_t seed)
      : farm_(farm), world_(seed), sends_(farm.servers.size(), 0) {
    std::vector<balancer::Host> hosts;
    for (const ServerModel& model : farm.servers) {
      servers_.emplace_back(model, kBegin);
      hosts.push_back({.weight = model.weight, .stats = std::make_shared<HostStats>()});
      if (model.cold > Duration::zero()) BeginSlowStart(*hosts.back().stats, kBegin);
    }
    hosts_ = balancer::HostView(std::move(hosts));
    for (uint32_t worker = 0; worker < farm.workers; ++worker) {
      chances_.emplace_back(seed + 1000 + worker);
      if (strategy == kSeesAll) continue;
      pickers_.push_back(balancer::MakePicker({.strategy = std::string(strategy)}, hosts_));
    }
  }

  Report Run() {
    const TimePoint end = kBegin + farm_.length;
    TimePoint next = kBegin;
    for (;;) {
      while (!events_.empty() && events_.top().at <= next) Settle(PopEvent());
      if (next >= end) break;
      auto request = std::make_unique<Request>();
      request->came = next;
      request->worker = world_() % farm_.workers;
      Send(std::move(request), next);
      next += Exponential(world_, 1e9 / farm_.rate);
      if (next >= end) next = TimePoint::max();  // what is on its way is still waited for
    }
    return MakeReport();
  }

 private:
  Event PopEvent() {
    // top() is const, but what moves out of it is not what it is ordered by.
    Event event = std::move(const_cast<Event&>(events_.top()));
    events_.pop();
    return event;
  }

  bool Counts(const Request& request) const { return request.came >= kBegin + farm_.warm_up; }

  HostIndex Pick(const Request& request, TimePoint now) {
    if (!pickers_.empty()) {
      return *pickers_[request.worker]->Pick(
          {.now = now, .tried = request.tried, .key = chances_[request.worker]()},
          chances_[request.worker]);
    }
    const auto cost = [&](const ModelServer& server) {
      const auto host = static_cast<size_t>(&server - servers_.data());
      if (Refuses(static_cast<HostIndex>(host))) return load::Seconds(farm_.length);
      return load::Seconds(server.Expected(now) - now) / (1 - 0.999 * server.model().failing);
    };
    const auto best = std::min_element(
        servers_.begin(), servers_.end(),
        [&](const ModelServer& a, const ModelServer& b) { return cost(a) < cost(b); });
    return static_cast<HostIndex>(best - servers_.begin());
  }

  bool Refuses(HostIndex host) const {
    const uint32_t most = servers_[host].model().refuses_at;
    return most != 0 && hosts_.active(host) >= most;
  }

  void Send(std::unique_ptr<Request> request, TimePoint now) {
    const HostIndex host = Pick(*request, now);
    if (Counts(*request)) ++sends_[host];
    HostStats& stats = hosts_.stats(host);
    const bool refused = Refuses(host);
    request->host = host;
    request->sent = now;
    request->active.emplace(stats, now);
    ModelServer& server = servers_[host];
    const ServerModel& model = server.model();
    const bool fails = model.failing > 0 && Uniform(world_) < model.failing;
    request->result = refused ? balancer::Result::kOverloaded
                      : fails ? balancer::Result::kFailed
                              : balancer::Result::kAnswered;
    const Duration work =
        fails ? model.fail_after : Exponential(world_, static_cast<double>(model.mean.count()));
    const TimePoint done = refused ? now + 500us : server.Take(now, server.Stretched(work, now));
    events_.push({done, std::move(request)});
  }

  void Settle(Event event) {
    const TimePoint now = event.at;
    Request& request = *event.request;
    request.active->Settle({.result = request.result, .latency = now - request.sent}, now);
    request.active.reset();
    request.tried.push_back(request.host);
    if (request.result == balancer::Result::kFailed && request.tried.size() < farm_.tries &&
        request.tried.size() < servers_.size()) {
      return Send(std::move(event.request), now);
    }
    if (!Counts(request)) return;
    if (request.result == balancer::Result::kAnswered) {
      times_.push_back(now - request.came);
    } else {
      ++failed_;
    }
  }

  Report MakeReport() {
    Report report;
    report.p50 = load::Quantile(times_, 500);
    report.p99 = load::Quantile(times_, 990);
    report.p999 = load::Quantile(times_, 999);
    const double all = static_cast<double>(times_.size()) + static_cast<double>(failed_);
    report.failed = static_cast<double>(failed_) / std::max(all, 1.0);
    double sends = 0;
    for (const uint64_t count : sends_) sends += static_cast<double>(count);
    for (const uint64_t count : sends_) {
      report.shares.push_back(static_cast<double>(count) / std::max(sends, 1.0));
    }
    return report;
  }

  const Farm& farm_;
  std::mt19937_64 world_;                 // what comes, and how long it takes
  std::vector<std::mt19937_64> chances_;  // the pickers', by worker
  std::vector<ModelServer> servers_;
  balancer::HostView hosts_;
  std::vector<std::unique_ptr<balancer::Picker>> pickers_;  // by worker; none: sees all
  std::priority_queue<Event, std::vector<Event>, Later> events_;
  std::vector<uint64_t> sends_;
  std::vector<Duration> times_;
  uint64_t failed_ = 0;
};

}  // namespace

Report Simulate(const Farm& farm, std::string_view strategy, uint64_t seed) {
  return Simulation(farm, strategy, seed).Run();
}

std::vector<Farm> Farms() {
  const auto servers = [](size_t count) { return std::vector<ServerModel>(count); };
  std::vector<Farm> farms;
  const auto add = [&](std::string name, std::vector<ServerModel> models, double rate) -> auto& {
    farms.push_back({.name = std::move(name), .servers = std::move(models), .rate = rate});
    return farms.back().servers;
  };
  add("8 equal, load 70 %", servers(8), 4480);
  add("8 equal, load 2 %", servers(8), 128);
  for (ServerModel& one : add("8 of one slot, load 50 %", servers(8), 400)) one.slots = 1;
  add("one 3x slower", servers(4), 1600)[0].mean = 30ms;
  for (const double rate : {2500.0, 3300.0}) {
    auto& uneven =
        add("6 uneven, " + std::to_string(static_cast<int>(rate)) + "/s", servers(6), rate);
    uneven[0].mean = 30ms;
    uneven[1].stall_every = 3s;
    uneven[1].stall_length = 300ms;
  }
  auto& stalls = add("one stalls 2 s of 10", servers(4), 1600);
  stalls[0].stall_every = 10s;
  stalls[0].stall_length = 2s;
  add("one starts cold", servers(4), 2000)[0].cold = 20s;
  auto& weights = add("weights 4 1 2 2, one slower", servers(4), 2100);
  weights[0].weight = 4;
  weights[0].slots = 16;
  weights[1].slots = 4;
  weights[2].weight = weights[3].weight = 2;
  weights[2].mean = 20ms;
  add("one fails 30 % in 1 ms", servers(4), 1600)[0].failing = 0.3;
  add("one fails all in 1 ms", servers(4), 1600)[0].failing = 1;
  add("one takes 4 at once", servers(4), 1600)[0].refuses_at = 4;
  return farms;
}

}  // namespace sluice::balance
