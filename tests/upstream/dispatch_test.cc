// Places at servers: who gets one, who waits, and that none is lost or given twice.
#include "proxy/upstream/dispatch.h"

#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <memory>
#include <thread>
#include <vector>

#include "absl/random/random.h"
#include "proxy/upstream/cluster.h"
#include "tests/support/loop_fixture.h"

namespace sluice::upstream {
namespace {

using Result = Dispatch::Result;

// A pool of `servers` that each take `limit` requests.
std::shared_ptr<const Cluster> MakeCluster(size_t servers, uint32_t limit, uint32_t queue = 16) {
  auto config = std::make_shared<conf::Config>();
  conf::Pool& pool = config->pools.emplace_back();
  pool.name = "web";
  pool.queue = queue;
  auto state = std::make_shared<PoolState>("web", 1);
  std::vector<Member> members;
  for (size_t i = 0; i < servers; ++i) {
    const std::string address = "10.0.0." + std::to_string(i + 1) + ":80";
    members.push_back(
        {.server = std::make_shared<Server>(state, address, *Address::Parse(address), 1)});
    members.back().server->health->limit = limit;
  }
  return std::make_shared<const Cluster>(config, config->pools[0],
                                         std::make_shared<const Transport>(), state, members);
}

class Shopper final : public Dispatch::Waiter {
 public:
  std::optional<Placed> placed;
  int order = 0;
  static inline int orders = 0;

 private:
  void OnPlaced(Placed got) override {
    placed = std::move(got);
    order = ++orders;
  }
};

class DispatchTest : public net::LoopTest {
 protected:
  void Pool(size_t servers, uint32_t limit, uint32_t queue = 16) {
    cluster_ = MakeCluster(servers, limit, queue);
    picker_ = balancer::MakePicker(cluster_->spec.picker, cluster_->hosts);
    dispatch_ = &cluster_->state->dispatch;
  }
  Result Ask(Shopper& shopper, std::vector<balancer::HostIndex> tried = {},
             Dispatch::Rank rank = Dispatch::Rank::kUsual) {
    const balancer::PickInput in = {.now = loop_.now(), .tried = tried};
    Placed placed;
    const Result result =
        dispatch_->Place({.cluster = cluster_, .picker = *picker_, .in = in, .rng = random_},
                         placed, shopper, loop_, rank);
    if (result == Result::kPlaced) shopper.placed = std::move(placed);
    return result;
  }
  uint32_t active(size_t server) const { return cluster_->servers[server]->health->active; }

  std::shared_ptr<const Cluster> cluster_;
  std::unique_ptr<balancer::Picker> picker_;
  Dispatch* dispatch_ = nullptr;
  absl::InsecureBitGen random_;
};

TEST_F(DispatchTest, PlacesUpToTheLimitsAndLetsTheRestWait) {
  Pool(2, 2);
  std::deque<Shopper> shoppers(5);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(Ask(shoppers[i]), Result::kPlaced);
  EXPECT_EQ(Ask(shoppers[4]), Result::kWaits);
  EXPECT_EQ(active(0), 2u);
  EXPECT_EQ(active(1), 2u);
  EXPECT_EQ(dispatch_->waiting(), 1u);
  shoppers[0].placed.reset();
  EXPECT_EQ(dispatch_->waiting(), 0u) << "the place is on its way";
  RunUntil([&] { return shoppers[4].placed.has_value(); });
  EXPECT_EQ(active(0) + active(1), 4u);
}

TEST_F(DispatchTest, ServesInOrderAndARetryFirst) {
  Pool(2, 1);
  Shopper running[2];
  for (Shopper& shopper : running) Ask(shopper);
  Shopper first, second, retry;
  EXPECT_EQ(Ask(first), Result::kWaits);
  EXPECT_EQ(Ask(second), Result::kWaits);
  EXPECT_EQ(Ask(retry, {}, Dispatch::Rank::kNext), Result::kWaits);
  for (Shopper& shopper : running) shopper.placed.reset();
  RunUntil([&] { return retry.placed && first.placed; });
  EXPECT_LT(retry.order, first.order);
  EXPECT_FALSE(second.placed);
  first.placed.reset();
  RunUntil([&] { return second.placed.has_value(); });
}

TEST_F(DispatchTest, ANewcomerDoesNotOvertakeWhoWaits) {
  Pool(1, 1);
  Shopper running, waits, newcomer;
  Ask(running);
  EXPECT_EQ(Ask(waits), Result::kWaits);
  running.placed.reset();
  // The place is in the mail for `waits`.
  EXPECT_EQ(Ask(newcomer), Result::kWaits);
  RunUntil([&] { return waits.placed.has_value(); });
  EXPECT_FALSE(newcomer.placed);
}

TEST_F(DispatchTest, WhoCannotUseWhatFellFreeIsPassedOver) {
  Pool(2, 1);
  Shopper on_first, on_second;
  ASSERT_EQ(Ask(on_first, {1}), Result::kPlaced);
  ASSERT_EQ(Ask(on_second, {0}), Result::kPlaced);
  Shopper tried_first, any;
  EXPECT_EQ(Ask(tried_first, {0}), Result::kWaits);
  EXPECT_EQ(Ask(any), Result::kWaits);
  on_first.placed.reset();
  RunUntil([&] { return any.placed.has_value(); });
  EXPECT_EQ(any.placed->host, 0u);
  EXPECT_TRUE(tried_first.waits());
  Shopper newcomer;
  any.placed.reset();
  EXPECT_EQ(Ask(newcomer), Result::kPlaced) << "nobody who waits can use it";
}

TEST_F(DispatchTest, WhoLeavesTheQueueIsNotServed) {
  Pool(1, 1);
  Shopper running, stays;
  Ask(running);
  {
    Shopper leaves;
    EXPECT_EQ(Ask(leaves), Result::kWaits);
    EXPECT_EQ(Ask(stays), Result::kWaits);
    EXPECT_EQ(dispatch_->waiting(), 2u);
  }
  EXPECT_EQ(dispatch_->waiting(), 1u);
  running.placed.reset();
  RunUntil([&] { return stays.placed.has_value(); });
}

TEST_F(DispatchTest, APlaceThatFindsNobodyGoesToTheNext) {
  Pool(1, 1);
  Shopper running, stays;
  Ask(running);
  auto leaves = std::make_unique<Shopper>();
  EXPECT_EQ(Ask(*leaves), Result::kWaits);
  EXPECT_EQ(Ask(stays), Result::kWaits);
  running.placed.reset();  // in the mail for `leaves`
  leaves.reset();
  RunUntil([&] { return stays.placed.has_value(); });
  stays.placed.reset();
  EXPECT_EQ(active(0), 0u);
}

TEST_F(DispatchTest, TheQueueIsBounded) {
  Pool(1, 1, /*queue=*/2);
  std::deque<Shopper> shoppers(4);
  EXPECT_EQ(Ask(shoppers[0]), Result::kPlaced);
  EXPECT_EQ(Ask(shoppers[1]), Result::kWaits);
  EXPECT_EQ(Ask(shoppers[2]), Result::kWaits);
  EXPECT_EQ(Ask(shoppers[3]), Result::kQueueFull);
  EXPECT_EQ(dispatch_->waiting(), 2u);
}

TEST_F(DispatchTest, WaitsForAFullServerRatherThanUseOneThatRests) {
  Pool(3, 1);
  cluster_->servers[2]->health->rest_until_ns =
      balancer::Nanos(loop_.now() + std::chrono::hours(1));
  Shopper shoppers[3];
  EXPECT_EQ(Ask(shoppers[0]), Result::kPlaced);
  EXPECT_EQ(Ask(shoppers[1]), Result::kPlaced);
  EXPECT_EQ(Ask(shoppers[2]), Result::kWaits);
  EXPECT_EQ(active(2), 0u);
  dispatch_->Offer();
  EXPECT_EQ(active(2), 0u);
  cluster_->servers[2]->health->rest_until_ns = 0;
  dispatch_->Offer();  // the tick notices
  EXPECT_EQ(active(2), 1u);
  RunUntil([&] { return shoppers[2].placed.has_value(); });
}

TEST_F(DispatchTest, ALimitThatIsRaisedServesWhoWaits) {
  Pool(1, 1);
  std::deque<Shopper> shoppers(4);
  for (Shopper& shopper : shoppers) Ask(shopper);
  EXPECT_EQ(dispatch_->waiting(), 3u);
  cluster_->servers[0]->health->limit = 3;
  dispatch_->Offer();
  RunUntil([&] { return shoppers[2].placed.has_value(); });
  EXPECT_EQ(active(0), 3u);
  EXPECT_EQ(dispatch_->waiting(), 1u);
}

TEST_F(DispatchTest, ALimitThatIsLoweredIsReachedAsRequestsEnd) {
  Pool(1, 3);
  std::deque<Shopper> shoppers(4);
  for (Shopper& shopper : shoppers) Ask(shopper);
  cluster_->servers[0]->health->limit = 1;
  shoppers[0].placed.reset();
  shoppers[1].placed.reset();
  EXPECT_EQ(active(0), 1u);
  EXPECT_TRUE(shoppers[3].waits());
  shoppers[2].placed.reset();
  RunUntil([&] { return shoppers[3].placed.has_value(); });
}

TEST_F(DispatchTest, NobodyIsLeftWhenAllWereTriedOrNoneIsReady) {
  Pool(2, 1);
  Shopper shopper;
  EXPECT_EQ(Ask(shopper, {0, 1}), Result::kNobody);
  for (const auto& server : cluster_->servers) {
    server->health->duty = balancer::Duty::kMaintenance;
  }
  EXPECT_EQ(Ask(shopper), Result::kNobody);
  EXPECT_FALSE(shopper.waits());
}

// Four workers, each with its own picker and loop, in front of two servers of three places.
TEST(DispatchThreadsTest, NoPlaceIsGivenTwiceAndNoWakeUpIsLost) {
  constexpr int kRequests = 1000;
  constexpr uint32_t kAtOnce = 5;
  const auto cluster = MakeCluster(2, 3, /*queue=*/1000);
  std::atomic<uint32_t> inside[2] = {};
  std::atomic<uint32_t> most{0};

  struct Worker {
    struct Customer final : Dispatch::Waiter, Deadline {
      Worker* worker = nullptr;
      Placed placed;
      void OnPlaced(Placed got) override {
        placed = std::move(got);
        worker->Enter(*this);
      }
      void OnDeadline() override { worker->Leave(*this); }
    };

    void Come(Customer& customer) {
      const balancer::PickInput in = {.now = loop.now()};
      const Result result = cluster->state->dispatch.Place(
          {.cluster = cluster, .picker = *picker, .in = in, .rng = random}, customer.placed,
          customer, loop, Dispatch::Rank::kUsual);
      ASSERT_TRUE(result == Result::kPlaced || result == Result::kWaits);
      if (result == Result::kPlaced) Enter(customer);
    }
    void Enter(Customer& customer) {
      const uint32_t now = ++inside[customer.placed.host];
      uint32_t seen = most->load();
      while (now > seen && !most->compare_exchange_weak(seen, now)) {
      }
      loop.Arm(customer, std::chrono::milliseconds(1));
    }
    void Leave(Customer& customer) {
      --inside[customer.placed.host];
      customer.placed = Placed();
      if (++served >= kRequests) return loop.Stop();
      Come(customer);
    }

    std::shared_ptr<const Cluster> cluster;
    std::atomic<uint32_t>* inside = nullptr;
    std::atomic<uint32_t>* most = nullptr;
    net::Loop loop;
    std::unique_ptr<balancer::Picker> picker;
    absl::InsecureBitGen random;
    int served = 0;
    Customer customers[kAtOnce];
  };
  std::deque<Worker> workers(4);
  std::vector<std::thread> threads;
  for (Worker& worker : workers) {
    worker.cluster = cluster;
    worker.inside = inside;
    worker.most = &most;
    worker.picker = balancer::MakePicker(cluster->spec.picker, cluster->hosts);
    threads.emplace_back([&worker, &inside] {
      for (Worker::Customer& customer : worker.customers) {
        customer.worker = &worker;
        worker.Come(customer);
      }
      worker.loop.Run();
      for (Worker::Customer& customer : worker.customers) {
        customer.Leave();
        customer.Cancel();
        if (customer.placed.permit) --inside[customer.placed.host];
        customer.placed = Placed();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const Worker& worker : workers) EXPECT_GE(worker.served, kRequests);
  EXPECT_LE(most, 3u);
}

}  // namespace
}  // namespace sluice::upstream
