// What a waiting room costs by how many wait: a visit of one of them, a tick and the worst of many
// (a second of ticks looks at every ticket), a snapshot, and the longest that any visit took while
// the room grew, when its tables do. `bytes` are those of one who waits.
#include <benchmark/benchmark.h>
#include <malloc.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <vector>

#include "ratelimit/waiting_room.h"

namespace sluice::ratelimit {
namespace {

using Clock = std::chrono::steady_clock;

double Since_us(Clock::time_point begin) {
  return std::chrono::duration<double, std::micro>(Clock::now() - begin).count();
}

uint64_t Mixed(uint64_t id) {
  id = (id ^ (id >> 31)) * 0x9e3779b97f4a7c15;
  return id ^ (id >> 29);
}

// So many who came within ten minutes and have shown their tickets.
struct FullRoom {
  explicit FullRoom(uint64_t waiters) {
    const size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
    const RoomTime begin = now;
    tickets.reserve(waiters);
    for (uint64_t i = 0; i < waiters; ++i) {
      now = begin + i * 600 * kSecond / waiters;
      tickets.push_back(*Come(nullptr, Mixed(i + 1)).ticket);
    }
    const size_t reserved = waiters * sizeof(Ticket);
    for (uint64_t i = 0; i < waiters; ++i) {
      const Clock::time_point start = Clock::now();
      tickets[i] = *Come(&tickets[i], i).ticket;
      longest_us = std::max(longest_us, Since_us(start));
    }
    const size_t after = mallinfo2().uordblks + mallinfo2().hblkhd;
    bytes = static_cast<double>(after - before - reserved) / static_cast<double>(waiters);
    Tick();
  }
  WaitingRoom::Answer Come(const Ticket* shown, uint64_t random) {
    return room.Come(
        shown, [] { return false; }, random, now);
  }
  void Tick() { room.Tick(false, 1, now); }

  WaitingRoom room{{.most_waiting = 2'000'000}};
  RoomTime now = RoomTime{1'700'000'000} * kSecond;
  std::vector<Ticket> tickets;
  double longest_us = 0;
  double bytes = 0;
};

void BM_WaitingRoomVisit(benchmark::State& state) {
  FullRoom full(static_cast<uint64_t>(state.range(0)));
  uint64_t i = 0;
  for (auto _ : state) {
    const Ticket& ticket = full.tickets[Mixed(++i) % full.tickets.size()];
    benchmark::DoNotOptimize(full.Come(&ticket, i).ahead);
  }
  state.counters["bytes"] = full.bytes;
  state.counters["longest_us"] = full.longest_us;
}
BENCHMARK(BM_WaitingRoomVisit)->Arg(1000)->Arg(100'000)->Arg(1'000'000);

void BM_WaitingRoomFirstVisit(benchmark::State& state) {
  FullRoom full(static_cast<uint64_t>(state.range(0)));
  uint64_t i = 0;
  for (auto _ : state) {
    ++i;
    benchmark::DoNotOptimize(full.Come(nullptr, Mixed(i)).ahead);
  }
}
BENCHMARK(BM_WaitingRoomFirstVisit)->Arg(100'000);

void BM_WaitingRoomTick(benchmark::State& state) {
  FullRoom full(static_cast<uint64_t>(state.range(0)));
  double longest_us = 0;
  for (auto _ : state) {
    const Clock::time_point start = Clock::now();
    full.Tick();
    longest_us = std::max(longest_us, Since_us(start));
  }
  state.counters["longest_us"] = longest_us;
}
BENCHMARK(BM_WaitingRoomTick)->Arg(1000)->Arg(100'000)->Arg(1'000'000);

void BM_WaitingRoomSnapshot(benchmark::State& state) {
  FullRoom full(static_cast<uint64_t>(state.range(0)));
  size_t slots = 0;
  for (auto _ : state) slots = full.room.Save(full.now).line.counts.size();
  state.counters["bytes"] = static_cast<double>(slots * sizeof(uint32_t));
}
BENCHMARK(BM_WaitingRoomSnapshot)->Arg(1'000'000);

}  // namespace
}  // namespace sluice::ratelimit
