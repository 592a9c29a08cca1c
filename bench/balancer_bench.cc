// What a pick costs, by strategy and pool size, and how well it spreads: `worst` is the longest
// queue over the mean one at the end of a run in which every server finishes at the same pace. The
// rival is a uniform draw.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <random>
#include <vector>

#include "absl/random/distributions.h"
#include "balancer/picker.h"

namespace sluice::balancer {
namespace {

HostView MakeHosts(int64_t count) {
  std::vector<Host> hosts;
  for (int64_t i = 0; i < count; ++i) {
    hosts.push_back({.weight = 1, .stats = std::make_shared<HostStats>()});
  }
  return HostView(std::move(hosts));
}

// Picks with as many requests in flight as there are two per host; the oldest finishes first.
template <typename PickFn>
void Spread(benchmark::State& state, const HostView& hosts, PickFn pick) {
  std::vector<HostIndex> in_flight(2 * hosts.size(), hosts.size());
  size_t oldest = 0;
  for (auto _ : state) {
    HostIndex& slot = in_flight[oldest];
    oldest = (oldest + 1) % in_flight.size();
    if (slot < hosts.size()) --hosts.stats(slot).active;
    slot = pick();
    ++hosts.stats(slot).active;
  }
  uint32_t worst = 0;
  for (HostIndex host = 0; host < hosts.size(); ++host) {
    worst = std::max(worst, hosts.active(host));
  }
  state.counters["worst"] = worst / 2.0;
}

void BM_Pick(benchmark::State& state) {
  const PickerKind& kind = kPickerKinds[state.range(0)];
  const HostView hosts = MakeHosts(state.range(1));
  const std::unique_ptr<Picker> picker = kind.make({}, hosts);
  std::mt19937_64 rng(1);
  state.SetLabel(std::string(kind.name));
  const TimePoint now{std::chrono::hours(1)};
  Spread(state, hosts, [&] { return *picker->Pick({.now = now}, rng); });
}
BENCHMARK(BM_Pick)->ArgsProduct({{0, 1}, {3, 10, 100, 1000}});

void BM_UniformDraw(benchmark::State& state) {
  const HostView hosts = MakeHosts(state.range(0));
  std::mt19937_64 rng(1);
  Spread(state, hosts, [&] { return absl::Uniform<HostIndex>(rng, 0, hosts.size()); });
}
BENCHMARK(BM_UniformDraw)->Arg(3)->Arg(10)->Arg(100)->Arg(1000);

// Question: what does the panic rule cost, when every host must be looked at?
void BM_PickInPanic(benchmark::State& state) {
  const HostView hosts = MakeHosts(state.range(0));
  const TimePoint now{std::chrono::hours(1)};
  for (HostIndex host = 0; host < hosts.size(); ++host) {
    hosts.stats(host).rest_until_ns = (now + std::chrono::hours(1)).time_since_epoch().count();
  }
  const std::unique_ptr<Picker> picker = MakeLeastRequest({}, hosts);
  std::mt19937_64 rng(1);
  for (auto _ : state) benchmark::DoNotOptimize(picker->Pick({.now = now}, rng));
}
BENCHMARK(BM_PickInPanic)->Arg(3)->Arg(10)->Arg(100);

}  // namespace
}  // namespace sluice::balancer
