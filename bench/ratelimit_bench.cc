// What a rate limit costs one request, by threads and by how many keys there are: one key alone, a
// refusal, keys in a table, keys in a table that is too small, two limits in a chain, and a limit
// of a fleet. The rival is what one writes first: a map of token buckets behind a mutex. `admitted`
// is the share that passed, `bytes` what a key costs. And what it costs to wait for a place at a
// server, in order or newest first.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <mutex>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "proxy/admission/quota_gate.h"
#include "ratelimit/admission_queue.h"
#include "ratelimit/gate_chain.h"
#include "ratelimit/keyed_gate.h"

namespace sluice::ratelimit {
namespace {

using namespace std::chrono_literals;

// 1,000/s with a burst of 100 and a microsecond between requests: nearly all are refused. 1 ns and
// a burst of a second: all pass.
constexpr RateSpec kRefuses = {.rate = {.count = 1000, .per = 1s}, .burst = 100};
constexpr RateSpec kPasses = {.rate = {.count = 1'000'000'000, .per = 1s}, .burst = 1'000'000'000};
// Each key owes something for a minute after its first request.
constexpr RateSpec kRemembers = {.rate = {.count = 60, .per = 1h}, .burst = 60};

// As spread as a keyed hash, and cheaper than one.
KeyHash HashOf(uint64_t name) {
  uint64_t x = (name + 1) * 0x9E3779B97F4A7C15u;
  x = (x ^ (x >> 32)) * 0xD6E8FEB86659FD93u;
  return x ^ (x >> 32);
}

void Note(benchmark::State& state, int64_t admitted) {
  const double share = static_cast<double>(admitted) / static_cast<double>(state.iterations());
  state.counters["admitted"] = benchmark::Counter(share, benchmark::Counter::kAvgThreads);
}

void BM_OneKey(benchmark::State& state, const RateSpec& spec) {
  static Gcra::Cell cell;
  if (state.thread_index() == 0) cell = 0;
  const Gcra rate(spec);
  TimePoint now{1h};
  int64_t admitted = 0;
  for (auto _ : state) {
    now += 1us;
    admitted += rate.Charge(cell, now).allowed ? 1 : 0;
  }
  Note(state, admitted);
}
BENCHMARK_CAPTURE(BM_OneKey, passes, kPasses)->ThreadRange(1, 2)->UseRealTime();
BENCHMARK_CAPTURE(BM_OneKey, refuses, kRefuses)->ThreadRange(1, 2)->UseRealTime();

// The same key over and over, from each thread: in the table, with its two looks at the slot.
void BM_OneKeyOfATable(benchmark::State& state, const RateSpec& spec) {
  static std::unique_ptr<KeyedGate> gate;
  if (state.thread_index() == 0) {
    gate = std::make_unique<KeyedGate>(KeyedSpec{.limit = spec, .keys = 1000});
  }
  TimePoint now{1h};
  int64_t admitted = 0;
  for (auto _ : state) {
    now += 1us;
    admitted += gate->Charge(HashOf(1), now).allowed ? 1 : 0;
  }
  Note(state, admitted);
}
BENCHMARK_CAPTURE(BM_OneKeyOfATable, passes, kPasses)->ThreadRange(1, 2)->UseRealTime();
BENCHMARK_CAPTURE(BM_OneKeyOfATable, refuses, kRefuses)->ThreadRange(1, 2)->UseRealTime();

// Keys drawn evenly out of range(0), all of which owe something; the table is for range(1).
void BM_Keyed(benchmark::State& state) {
  static std::unique_ptr<KeyedGate> gate;
  const auto keys = static_cast<uint64_t>(state.range(0));
  if (state.thread_index() == 0) {
    gate = std::make_unique<KeyedGate>(
        KeyedSpec{.limit = kRemembers, .keys = static_cast<uint64_t>(state.range(1))});
    for (uint64_t name = 0; name < keys; ++name) gate->Charge(HashOf(name), TimePoint{1h});
  }
  uint64_t draw = static_cast<uint64_t>(state.thread_index()) * 77'777;
  TimePoint now{1h};
  int64_t admitted = 0;
  for (auto _ : state) {
    draw = draw * 6364136223846793005u + 1442695040888963407u;
    now += 1us;
    admitted += gate->Charge(HashOf((draw >> 33) % keys), now).allowed ? 1 : 0;
  }
  Note(state, admitted);
  if (state.thread_index() == 0) {
    state.counters["bytes"] = static_cast<double>(gate->bytes()) / static_cast<double>(keys);
  }
}
BENCHMARK(BM_Keyed)
    ->Args({10'000, 10'000})
    ->Args({1'000'000, 1'000'000})
    ->Args({4'000'000, 1'000'000})
    ->ThreadRange(1, 2)
    ->UseRealTime();

// This machine's part of a limit that many share: range(0) keys, 1 is the same key from each
// thread. One instance, and a store that has spoken: what passes is on this machine's share.
void BM_Quota(benchmark::State& state) {
  static std::unique_ptr<admission::QuotaGate> gate;
  const auto keys = static_cast<uint64_t>(state.range(0));
  if (state.thread_index() == 0) {
    gate = std::make_unique<admission::QuotaGate>(
        "all", KeyedSpec{.limit = kRemembers, .keys = keys}, admission::WhenSilent::kShare);
    gate->SetStanding(1);
    for (uint64_t name = 0; name < keys; ++name) gate->Charge(HashOf(name), TimePoint{1h}, 1);
  }
  uint64_t draw = static_cast<uint64_t>(state.thread_index()) * 77'777;
  TimePoint now{1h};
  int64_t admitted = 0;
  for (auto _ : state) {
    draw = draw * 6364136223846793005u + 1442695040888963407u;
    now += 1us;
    admitted += gate->Charge(HashOf((draw >> 33) % keys), now, 1).allowed ? 1 : 0;
  }
  Note(state, admitted);
  if (state.thread_index() == 0) {
    state.counters["bytes"] = static_cast<double>(gate->bytes()) / static_cast<double>(keys);
  }
}
BENCHMARK(BM_Quota)->Arg(1)->Arg(10'000)->Arg(1'000'000)->ThreadRange(1, 2)->UseRealTime();

void BM_TwoLimits(benchmark::State& state) {
  static std::array<std::unique_ptr<KeyedGate>, 2> gates;
  if (state.thread_index() == 0) {
    for (auto& gate : gates) {
      gate = std::make_unique<KeyedGate>(KeyedSpec{.limit = kPasses, .keys = 1000});
    }
  }
  TimePoint now{1h};
  int64_t admitted = 0;
  for (auto _ : state) {
    now += 1us;
    const std::array<Claim, 2> claims = {Claim{gates[0].get(), HashOf(1)},
                                         Claim{gates[1].get(), HashOf(2)}};
    admitted += ChargeAll(claims, now).verdict.allowed ? 1 : 0;
  }
  Note(state, admitted);
}
BENCHMARK(BM_TwoLimits)->ThreadRange(1, 2)->UseRealTime();

// The rival. It forgets nobody, so its memory has no bound.
class MapOfBuckets {
 public:
  bool Charge(KeyHash key, TimePoint now, const RateSpec& spec) {
    const std::lock_guard lock(mutex_);
    const auto [it, is_new] =
        buckets_.try_emplace(key, Bucket{static_cast<double>(spec.burst), now});
    Bucket& bucket = it->second;
    const double rate =
        static_cast<double>(spec.rate.count) / static_cast<double>(spec.rate.per.count());
    bucket.tokens =
        std::min(static_cast<double>(spec.burst),
                 bucket.tokens + rate * static_cast<double>((now - bucket.filled).count()));
    bucket.filled = now;
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }
  size_t bytes() const { return buckets_.capacity() * (sizeof(KeyHash) + sizeof(Bucket) + 1); }

 private:
  struct Bucket {
    double tokens;
    TimePoint filled;
  };
  std::mutex mutex_;
  absl::flat_hash_map<KeyHash, Bucket> buckets_;
};

void BM_MutexAndMap(benchmark::State& state) {
  static std::unique_ptr<MapOfBuckets> map;
  const auto keys = static_cast<uint64_t>(state.range(0));
  if (state.thread_index() == 0) {
    map = std::make_unique<MapOfBuckets>();
    for (uint64_t name = 0; name < keys; ++name)
      map->Charge(HashOf(name), TimePoint{1h}, kRemembers);
  }
  uint64_t draw = static_cast<uint64_t>(state.thread_index()) * 77'777;
  TimePoint now{1h};
  int64_t admitted = 0;
  for (auto _ : state) {
    draw = draw * 6364136223846793005u + 1442695040888963407u;
    now += 1us;
    admitted += map->Charge(HashOf((draw >> 33) % keys), now, kRemembers) ? 1 : 0;
  }
  Note(state, admitted);
  if (state.thread_index() == 0) {
    state.counters["bytes"] = static_cast<double>(map->bytes()) / static_cast<double>(keys);
  }
}
BENCHMARK(BM_MutexAndMap)
    ->Arg(1)
    ->Arg(10'000)
    ->Arg(1'000'000)
    ->Arg(4'000'000)
    ->ThreadRange(1, 2)
    ->UseRealTime();

// The admission queue with range(0) waiting, of as many clients as range(1) says, all visitors of
// one class: one is served and another joins, at a pace that lets the queue stand or not.
void BM_AdmissionQueue(benchmark::State& state, Duration pace) {
  const auto waiting = static_cast<size_t>(state.range(0));
  const auto clients = static_cast<uint64_t>(state.range(1));
  std::vector<AdmissionQueue::Entry> entries(waiting + 1);
  AdmissionQueue queue;
  TimePoint now{1h};
  uint64_t draw = 1;
  const auto join = [&](AdmissionQueue::Entry& entry) {
    draw = draw * 6364136223846793005u + 1442695040888963407u;
    entry.client = (draw >> 33) % clients;
    entry.deadline = now + 1h;
    queue.Join(entry, {.entries = waiting + 1}, now, [](AdmissionQueue::Entry&) {});
  };
  for (AdmissionQueue::Entry& entry : entries) join(entry);
  int64_t stood = 0;
  for (auto _ : state) {
    now += pace;
    AdmissionQueue::Entry* const next =
        queue.Next(now, [](const AdmissionQueue::Entry&) { return true; });
    queue.Serve(*next, now);
    join(*next);
    stood += queue.Stands(Priority::kNormal, now) ? 1 : 0;
  }
  state.counters["stood"] = static_cast<double>(stood) / static_cast<double>(state.iterations());
  for (AdmissionQueue::Entry& entry : entries) queue.Leave(entry, now);
}
BENCHMARK_CAPTURE(BM_AdmissionQueue, in_order, 1ns)
    ->Args({100, 100})
    ->Args({10'000, 10'000})
    ->Args({10'000, 100})
    ->Args({1'000'000, 1'000'000});
BENCHMARK_CAPTURE(BM_AdmissionQueue, newest_first, 1ms)->Args({10'000, 10'000});

// The same, and who leaves is any of them: its client gave up.
void BM_AdmissionQueueLeave(benchmark::State& state) {
  const auto waiting = static_cast<size_t>(state.range(0));
  std::vector<AdmissionQueue::Entry> entries(waiting);
  AdmissionQueue queue;
  TimePoint now{1h};
  uint64_t draw = 1;
  const auto join = [&](AdmissionQueue::Entry& entry) {
    entry.client = draw >> 33;
    entry.deadline = now + 1h;
    queue.Join(entry, {.entries = waiting}, now, [](AdmissionQueue::Entry&) {});
  };
  for (AdmissionQueue::Entry& entry : entries) join(entry);
  for (auto _ : state) {
    now += 1ns;
    draw = draw * 6364136223846793005u + 1442695040888963407u;
    AdmissionQueue::Entry& leaves = entries[(draw >> 33) % waiting];
    queue.Leave(leaves, now);
    join(leaves);
  }
  for (AdmissionQueue::Entry& entry : entries) queue.Leave(entry, now);
}
BENCHMARK(BM_AdmissionQueueLeave)->Arg(10'000);

}  // namespace
}  // namespace sluice::ratelimit
