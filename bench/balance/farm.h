// Farm: servers, the requests that come and the workers that spread them, simulated. Discrete
// events in simulated time, all chance from one seed: the same farm, strategy and seed give the
// same report on every machine. What is under test is the real picker and the real HostStats; what
// is simulated is a queue in front of each server's slots.
//
// Requests come as they come (open loop, Poisson), each to one of the workers by chance, and their
// time counts from then, tries on other servers included. No network, no connections, no limits.
//
// One thread, no clock. Cost: about 0.3 us a request and server.
#ifndef SLUICE_BENCH_BALANCE_FARM_H_
#define SLUICE_BENCH_BALANCE_FARM_H_

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "balancer/host.h"
#include "bench/load/farm/model_server.h"

namespace sluice::balance {

using balancer::Duration;
using namespace std::chrono_literals;

using load::ServerModel;

struct Farm {
  std::string name;
  std::vector<ServerModel> servers;
  double rate = 1000;  // requests per second
  Duration length = 40s;
  Duration warm_up = 5s;  // not reported
  uint32_t workers = 4;   // each with a picker of its own
  uint32_t tries = 3;     // of what fails, not of what is refused
};

struct Report {
  Duration p50{0};
  Duration p99{0};
  Duration p999{0};
  double failed = 0;           // share of requests that failed on the last try, or were refused
  std::vector<double> shares;  // of the tries, by server
};

// What no strategy can know: when every server will be free, stalls to come included.
inline constexpr std::string_view kSeesAll = "(sees all)";

// REQUIRES: `strategy` is a name of kPickerKinds, or kSeesAll.
Report Simulate(const Farm& farm, std::string_view strategy, uint64_t seed);

// The farms that the strategies are judged by.
std::vector<Farm> Farms();

}  // namespace sluice::balance

#endif  // SLUICE_BENCH_BALANCE_FARM_H_
