// A shop in simulated time: servers with workers and a queue before them, maybe a database behind
// all of them, more visitors than it can serve, and an AdaptivePool that says how many requests
// are let in. An hour of it takes about a second.
#ifndef SLUICE_TESTS_RATELIMIT_SIMULATED_SHOP_H_
#define SLUICE_TESTS_RATELIMIT_SIMULATED_SHOP_H_

#include <chrono>
#include <cmath>
#include <cstdint>
#include <deque>
#include <queue>
#include <random>
#include <vector>

#include "ratelimit/adaptive_pool.h"
#include "ratelimit/calm_times.h"

namespace sluice::ratelimit {

struct SimulatedServer {
  uint32_t workers = 8;
  double slowness = 1;  // times the kind's time
};

struct SimulatedDatabase {
  double query_ms = 0;  // 0: none
  uint32_t parallel = 3;
  double growth = 0.07;  // of a query's time, for each beyond `parallel`
};

class SimulatedShop {
 public:
  using TimePoint = AdaptivePool::TimePoint;
  struct Kind {
    double share = 1;
    double ms = 80;
  };

  explicit SimulatedShop(const std::vector<SimulatedServer>& servers, uint32_t seed = 1)
      : random_(seed) {
    for (const SimulatedServer& server : servers) AddServer(server);
  }

  void AddServer(SimulatedServer server) {
    std::vector<std::optional<size_t>> before;
    for (size_t i = 0; i < servers_.size(); ++i) before.emplace_back(i);
    before.emplace_back(std::nullopt);
    servers_.push_back({.is = server});
    looks_.resize(servers_.size());
    pool_.Adopt(before);
  }
  SimulatedServer& server(size_t i) { return servers_[i].is; }
  SimulatedDatabase database;
  std::vector<Kind> kinds = {{1, 80}};
  double arrivals_per_s = 10000;  // far more than anything here serves
  double patience_ms = 1000;      // in our queue
  double failing = 0;             // share that fails at once

  struct Seen {
    double per_s = 0;    // answers, in units of the mean request
    double stretch = 0;  // mean of the time at the servers over what it takes alone
    double p99_stretch = 0;
    double held = 0;  // mean in flight
  };
  // Runs for so long and tells about the last part.
  Seen Run(double seconds, double last_seconds);
  AdaptivePool& pool() { return pool_; }
  uint64_t refused() const { return refused_; }
  double calm_ms(uint64_t kind) const {
    return std::chrono::duration<double, std::milli>(calm_.Of(kind)).count();
  }

 private:
  struct Request {
    size_t kind = 0;
    size_t server = 0;
    double arrived = 0;
    double sent = 0;
    double web_ms = 0;
    double alone_ms = 0;
  };
  struct Event {
    double at;
    bool query;
    Request request;
    bool operator<(const Event& other) const { return at > other.at; }
  };
  struct Server {
    SimulatedServer is;
    uint32_t in_flight = 0;
    uint32_t working = 0;
    bool wanted = false;
    bool silent = true;
    std::deque<Request> waiting = {};
  };
  struct Done {
    double at, stretch, work;
  };

  TimePoint Now() const {
    return TimePoint(std::chrono::nanoseconds(static_cast<int64_t>(1e12 + now_ms_ * 1e6)));
  }
  // Log-normal, sigma 0.5, mean 1.
  double Draw() { return std::exp(0.5 * normal_(random_) - 0.125); }
  double MeanMs() const {
    double sum = 0, share = 0;
    for (const Kind& kind : kinds) {
      sum += kind.share * (kind.ms + database.query_ms);
      share += kind.share;
    }
    return sum / share;
  }

  void OnArrival();

  uint32_t Total() const {
    uint32_t sum = 0;
    for (const Server& server : servers_) sum += server.in_flight;
    return sum;
  }
  void Serve();
  void NoteFull();
  void Send(Request request);
  void Work(Server& server);
  void Query();
  void OnEvent(const Event& event);
  void Finish(const Request& request);
  void Tick();

  std::mt19937_64 random_;
  std::normal_distribution<> normal_;
  AdaptivePool pool_;
  CalmTimes calm_;
  std::vector<Server> servers_;
  std::vector<ServerLook> looks_;
  std::priority_queue<Event> events_;
  std::deque<Request> queue_;
  std::deque<Request> queries_waiting_;
  uint32_t queries_ = 0;
  bool waited_ = false;
  double now_ms_ = 0;
  double arrival_ms_ = 0;
  double tick_ms_ = 0;
  uint64_t refused_ = 0;
  std::vector<Done> done_;
};

}  // namespace sluice::ratelimit

#endif  // SLUICE_TESTS_RATELIMIT_SIMULATED_SHOP_H_
