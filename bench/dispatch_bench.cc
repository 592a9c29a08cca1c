// What a place at a server costs a request: while there is room, and while range(0) others wait, in
// a closed loop on one worker: a request ends, its place goes to who is next by the worker's
// mailbox, and another request comes and joins the queue. The turns of the loop are in it, shared
// by the 64 places that the servers have.
#include <benchmark/benchmark.h>

#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/random/random.h"
#include "proxy/upstream/cluster.h"

namespace sluice::upstream {
namespace {

constexpr size_t kServers = 4;
constexpr uint32_t kPlacesEach = 16;

std::shared_ptr<const Cluster> MakeCluster() {
  auto config = std::make_shared<conf::Config>();
  conf::Pool& pool = config->pools.emplace_back();
  pool.name = "web";
  pool.queue = 1'000'000;
  auto state = std::make_shared<PoolState>("web", 1);
  std::vector<Member> members;
  for (size_t i = 0; i < kServers; ++i) {
    const std::string address = "10.0.0." + std::to_string(i + 1) + ":80";
    members.push_back(
        {.server = std::make_shared<Server>(state, address, *Address::Parse(address), 1)});
    members.back().server->health->limit = kPlacesEach;
  }
  return std::make_shared<const Cluster>(config, config->pools[0],
                                         std::make_shared<const Transport>(), state, members);
}

struct Shop;

struct Shopper final : Dispatch::Waiter {
  explicit Shopper(Shop& at, uint64_t name) : shop(at), client(name) {}
  void Come();
  void OnPlaced(Placed got) override;
  void OnRefused(const Dispatch::Refused&) override;

  Shop& shop;
  const uint64_t client;
  std::optional<Placed> placed;
};

struct Shop {
  net::Loop loop;
  std::shared_ptr<const Cluster> cluster = MakeCluster();
  std::unique_ptr<balancer::Picker> picker =
      balancer::MakePicker(cluster->spec.picker, cluster->hosts);
  absl::InsecureBitGen random;
  benchmark::State* state = nullptr;
  std::deque<Shopper> shoppers;
  uint64_t refused = 0;

  std::optional<Placed> TryPlace() {
    const balancer::PickInput in = {.now = loop.now()};
    return cluster->state->dispatch.TryPlace(
        {.cluster = cluster, .picker = *picker, .in = in, .rng = random});
  }
};

// Holders, so that none is dropped for its long wait.
void Shopper::Come() {
  const balancer::PickInput in = {.now = shop.loop.now()};
  Dispatch::Answer answer = shop.cluster->state->dispatch.Place(
      {.cluster = shop.cluster, .picker = *shop.picker, .in = in, .rng = shop.random},
      {.client = client, .holder = true}, *this, shop.loop);
  if (answer.result == Dispatch::Result::kPlaced) placed = std::move(answer.placed);
}

void Shopper::OnPlaced(Placed got) {
  if (shop.state->KeepRunning()) {
    got = Placed();
    return Come();
  }
  for (Shopper& shopper : shop.shoppers) shopper.Leave();
  shop.loop.Stop();
}

void Shopper::OnRefused(const Dispatch::Refused&) { ++shop.refused; }

void BM_PlaceWithRoom(benchmark::State& state) {
  Shop shop;
  for (auto _ : state) benchmark::DoNotOptimize(shop.TryPlace());
}
BENCHMARK(BM_PlaceWithRoom);

void BM_PlaceWhileOthersWait(benchmark::State& state) {
  Shop shop;
  shop.state = &state;
  const auto waiting = static_cast<uint64_t>(state.range(0));
  for (uint64_t i = 0; i < waiting + kServers * kPlacesEach; ++i) {
    shop.shoppers.emplace_back(shop, i).Come();
  }
  // Those who were placed at once begin to end.
  shop.loop.Post([&] {
    for (Shopper& shopper : shop.shoppers) {
      if (!shopper.placed) continue;
      shopper.placed.reset();
      shopper.Come();
    }
  });
  shop.loop.Run();
  if (shop.refused > 0) state.SkipWithError("somebody was refused");
}
BENCHMARK(BM_PlaceWhileOthersWait)->Arg(100)->Arg(10'000)->Arg(100'000);

}  // namespace
}  // namespace sluice::upstream
