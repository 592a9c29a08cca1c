// What a pick costs, by strategy, pool size and workers, and how well it spreads: `worst` is the
// longest queue over the mean one at the end of a run in which every server finishes at the same
// pace. The rival is a uniform draw. And what an outcome costs, which every strategy pays.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <random>
#include <vector>

#include "absl/random/distributions.h"
#include "balancer/hash.h"
#include "balancer/outcome.h"
#include "balancer/picker.h"

namespace sluice::balancer {
namespace {

constexpr TimePoint kBegin{std::chrono::hours(1)};
constexpr Duration kBetweenRequests = std::chrono::microseconds(20);  // 50,000 a second and worker

HostView MakeHosts(int64_t count) {
  std::vector<Host> hosts;
  for (int64_t i = 0; i < count; ++i) {
    hosts.push_back({.stats = std::make_shared<HostStats>(), .id = Mix(static_cast<uint64_t>(i))});
    Record(*hosts.back().stats, {.latency = std::chrono::milliseconds(10)}, kBegin);
  }
  return HostView(std::move(hosts));
}

// The same for all threads of a benchmark, and for all benchmarks.
const HostView& SharedHosts(int64_t count) {
  static const HostView kThree = MakeHosts(3);
  static const HostView kTen = MakeHosts(10);
  static const HostView kThousand = MakeHosts(1000);
  return count == 3 ? kThree : count == 10 ? kTen : kThousand;
}

double Worst(const HostView& hosts) {
  uint32_t worst = 0;
  uint64_t sum = 0;
  for (HostIndex host = 0; host < hosts.size(); ++host) {
    worst = std::max(worst, hosts.active(host));
    sum += hosts.active(host);
  }
  return worst * static_cast<double>(hosts.size()) /
         static_cast<double>(std::max<uint64_t>(sum, 1));
}

// The requests in flight of one worker: two per host, the oldest finishes first.
class InFlight {
 public:
  explicit InFlight(const HostView& hosts) : hosts_(hosts), slots_(2 * hosts.size()) {}

  ~InFlight() {
    for (size_t i = 0; i < (full_ ? slots_.size() : oldest_); ++i) {
      hosts_.stats(slots_[i]).active.fetch_sub(1, std::memory_order_relaxed);
    }
  }

  void Replace(HostIndex host) {
    HostIndex& slot = slots_[oldest_];
    oldest_ = (oldest_ + 1) % slots_.size();
    if (full_) hosts_.stats(slot).active.fetch_sub(1, std::memory_order_relaxed);
    full_ = full_ || oldest_ == 0;
    slot = host;
    hosts_.stats(host).active.fetch_add(1, std::memory_order_relaxed);
  }

 private:
  const HostView& hosts_;
  std::vector<HostIndex> slots_;
  size_t oldest_ = 0;
  bool full_ = false;
};

// The counters move as they would in the proxy, so that workers pull at each other's cache lines;
// doing so is a part of what is measured (BM_UniformDraw has it too).
void BM_Pick(benchmark::State& state) {
  const HostView& hosts = SharedHosts(state.range(1));
  const PickerKind& kind = kPickerKinds[state.range(0)];
  const std::unique_ptr<Picker> picker = kind.make({}, hosts);
  InFlight in_flight(hosts);
  std::mt19937_64 rng(static_cast<uint64_t>(state.thread_index()));
  TimePoint now = kBegin;
  uint64_t key = 0;
  // Maglev builds its table before the clock runs.
  benchmark::DoNotOptimize(picker->Pick({.now = now, .key = key}, rng));
  for (auto _ : state) {
    now += kBetweenRequests;
    in_flight.Replace(*picker->Pick({.now = now, .key = Mix(++key)}, rng));
  }
  if (state.thread_index() != 0) return;
  state.SetLabel(std::string(kind.name));
  state.counters["worst"] = Worst(hosts);
}
BENCHMARK(BM_Pick)
    ->ArgsProduct({benchmark::CreateDenseRange(0, std::size(kPickerKinds) - 1, 1), {3, 10, 1000}})
    ->ThreadRange(1, 4)
    ->UseRealTime();

void BM_UniformDraw(benchmark::State& state) {
  const HostView& hosts = SharedHosts(state.range(0));
  InFlight in_flight(hosts);
  std::mt19937_64 rng(static_cast<uint64_t>(state.thread_index()));
  for (auto _ : state) in_flight.Replace(absl::Uniform<HostIndex>(rng, 0, hosts.size()));
  if (state.thread_index() == 0) state.counters["worst"] = Worst(hosts);
}
BENCHMARK(BM_UniformDraw)->Arg(3)->Arg(10)->Arg(1000)->ThreadRange(1, 4)->UseRealTime();

// Question: what does it cost to count a request in and out and to remember its latency?
void BM_Settle(benchmark::State& state) {
  static HostStats host;
  TimePoint now = kBegin;
  for (auto _ : state) {
    ActiveRequest request(host, now);
    request.Settle({.latency = std::chrono::milliseconds(10)}, now += kBetweenRequests);
  }
}
BENCHMARK(BM_Settle)->ThreadRange(1, 4)->UseRealTime();

// Question: what does the panic rule cost, when no host can be used?
void BM_PickInPanic(benchmark::State& state) {
  const HostView hosts = MakeHosts(state.range(0));
  for (HostIndex host = 0; host < hosts.size(); ++host) {
    hosts.stats(host).rest_until_ns = Nanos(kBegin + std::chrono::hours(1));
  }
  const std::unique_ptr<Picker> picker = MakePicker({}, hosts);
  std::mt19937_64 rng(1);
  for (auto _ : state) benchmark::DoNotOptimize(picker->Pick({.now = kBegin}, rng));
}
BENCHMARK(BM_PickInPanic)->Arg(3)->Arg(10)->Arg(100);

}  // namespace
}  // namespace sluice::balancer
