// Places at servers: who gets one, who waits, and that none is lost or given twice.
#include "proxy/upstream/dispatch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
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
  std::optional<Dispatch::Refused> refused;
  int order = 0;
  static inline int orders = 0;

 private:
  void OnPlaced(Placed got) override {
    placed = std::move(got);
    order = ++orders;
  }
  void OnRefused(const Dispatch::Refused& why) override { refused = why; }
};

class DispatchTest : public net::LoopTest {
 protected:
  void Pool(size_t servers, uint32_t limit, uint32_t queue = 16) {
    cluster_ = MakeCluster(servers, limit, queue);
    picker_ = balancer::MakePicker(cluster_->spec.picker, cluster_->hosts);
    dispatch_ = &cluster_->state->dispatch;
  }
  Result Ask(Shopper& shopper, std::vector<balancer::HostIndex> tried = {},
             const Dispatch::Rank& as = {}) {
    const balancer::PickInput in = {.now = loop_.now(), .tried = tried};
    const Dispatch::Request request = {
        .cluster = cluster_, .picker = *picker_, .in = in, .rng = random_};
    if ((shopper.placed = dispatch_->TryPlace(request))) return Result::kPlaced;
    Dispatch::Answer answer = dispatch_->Place(request, as, shopper, loop_);
    if (answer.result == Result::kPlaced) shopper.placed = std::move(answer.placed);
    if (answer.result == Result::kRefused) shopper.refused = answer.refused;
    ahead_ = answer.ahead;
    return answer.result;
  }
  uint32_t active(size_t server) const { return cluster_->servers[server]->health->active; }

  std::shared_ptr<const Cluster> cluster_;
  std::unique_ptr<balancer::Picker> picker_;
  Dispatch* dispatch_ = nullptr;
  absl::InsecureBitGen random_;
  size_t ahead_ = 0;
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
  EXPECT_EQ(Ask(retry, {}, {.again = true}), Result::kWaits);
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
  EXPECT_EQ(Ask(shoppers[3]), Result::kRefused);
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

TEST_F(DispatchTest, WhoGoesFirstIsServedFirst) {
  Pool(1, 1);
  Shopper running, low, normal, critical;
  Ask(running);
  EXPECT_EQ(Ask(low, {}, {.priority = ratelimit::Priority::kLow}), Result::kWaits);
  EXPECT_EQ(Ask(normal), Result::kWaits);
  EXPECT_EQ(ahead_, 0u);
  EXPECT_EQ(Ask(critical, {}, {.priority = ratelimit::Priority::kCritical}), Result::kWaits);
  const Dispatch::Census census = dispatch_->Count();
  EXPECT_THAT(census.waiting, testing::ElementsAre(1, 0, 1, 1));
  running.placed.reset();
  RunUntil([&] { return critical.placed.has_value(); });
  critical.placed.reset();
  RunUntil([&] { return normal.placed.has_value(); });
  EXPECT_TRUE(low.waits());
}

TEST_F(DispatchTest, WhoIsPushedOutHearsOfIt) {
  Pool(1, 1, /*queue=*/2);
  std::deque<Shopper> shoppers(3);
  for (Shopper& shopper : shoppers) Ask(shopper);
  Shopper critical;
  EXPECT_EQ(Ask(critical, {}, {.priority = ratelimit::Priority::kCritical}), Result::kWaits);
  EXPECT_EQ(dispatch_->waiting(), 2u);
  RunUntil([&] { return shoppers[2].refused.has_value(); });
  EXPECT_EQ(shoppers[2].refused->why, Dispatch::Refusal::kPushedOut);
  EXPECT_FALSE(shoppers[2].waits());
  EXPECT_TRUE(shoppers[1].waits());
}

TEST_F(DispatchTest, WhoIsPushedOutAndGoesAtThatMomentIsLostToNobody) {
  Pool(1, 1, /*queue=*/1);
  Shopper running, critical;
  Ask(running);
  auto leaves = std::make_unique<Shopper>();
  EXPECT_EQ(Ask(*leaves), Result::kWaits);
  EXPECT_EQ(Ask(critical, {}, {.priority = ratelimit::Priority::kCritical}), Result::kWaits);
  leaves.reset();  // the word is in the mail
  EXPECT_EQ(dispatch_->waiting(), 1u);
  running.placed.reset();
  RunUntil([&] { return critical.placed.has_value(); });
}

TEST_F(DispatchTest, WhoWaitsTooLongHearsOfItWithinATickThoughNobodyIsServed) {
  Pool(1, 1);
  Shopper running, waits;
  Ask(running);
  EXPECT_EQ(Ask(waits, {}, {.deadline = loop_.now() + std::chrono::milliseconds(20)}),
            Result::kWaits);
  dispatch_->Offer();
  EXPECT_TRUE(waits.waits());
  RunFor(std::chrono::milliseconds(30));
  dispatch_->Offer();
  EXPECT_EQ(dispatch_->waiting(), 0u);
  RunUntil([&] { return waits.refused.has_value(); });
  EXPECT_EQ(waits.refused->why, Dispatch::Refusal::kDeadline);
  Shopper late;
  EXPECT_EQ(Ask(late, {}, {.deadline = loop_.now()}), Result::kRefused);
  EXPECT_EQ(late.refused->why, Dispatch::Refusal::kDeadline);
}

TEST_F(DispatchTest, ThePoolHasALimitBesideThoseOfItsServers) {
  Pool(3, 2);
  cluster_->state->limit = 4;
  std::deque<Shopper> shoppers(6);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(Ask(shoppers[i]), Result::kPlaced);
  EXPECT_EQ(Ask(shoppers[4]), Result::kWaits);
  EXPECT_EQ(Ask(shoppers[5]), Result::kWaits);
  for (balancer::HostIndex host = 0; host < 3; ++host) {
    EXPECT_FALSE(Dispatch::TryAt(*cluster_, host, loop_.now()));
  }
  shoppers[0].placed.reset();
  RunUntil([&] { return shoppers[4].placed.has_value(); });
  EXPECT_EQ(active(0) + active(1) + active(2), 4u);
  EXPECT_TRUE(shoppers[5].waits());
  cluster_->state->limit = 0;
  dispatch_->Offer();
  RunUntil([&] { return shoppers[5].placed.has_value(); });
}

TEST_F(DispatchTest, WhereThePoolIsFullAPlaceIsGivenWhereThereIsMostRoom) {
  Pool(3, 8);
  cluster_->servers[2]->health->limit = 2;
  // Three at the first, one at the third, which is as full by that as the first by four.
  std::vector<Placed> running;
  for (const balancer::HostIndex host : {0, 0, 0, 2}) {
    running.push_back(*Dispatch::TryAt(*cluster_, host, loop_.now()));
  }
  cluster_->state->limit = 4;
  Shopper waits, next;
  EXPECT_EQ(Ask(waits), Result::kWaits);
  EXPECT_EQ(Ask(next), Result::kWaits);
  running.erase(running.begin());
  RunUntil([&] { return waits.placed.has_value(); });
  EXPECT_EQ(waits.placed->host, 1u) << "the place fell free at the first";
  running.pop_back();
  RunUntil([&] { return next.placed.has_value(); });
  EXPECT_EQ(next.placed->host, 1u);
}

TEST_F(DispatchTest, WhenTheLimitOfAServerHasShrunkAnotherThatHasGrownServes) {
  Pool(2, 2);
  std::deque<Shopper> shoppers(5);
  for (Shopper& shopper : shoppers) Ask(shopper);
  ASSERT_TRUE(shoppers[4].waits());
  cluster_->servers[0]->health->limit = 1;
  cluster_->servers[1]->health->limit = 3;
  // Before the tick comes to it: a request ends at the one that takes no more.
  for (Shopper& shopper : shoppers) {
    if (shopper.placed && shopper.placed->host == 0) {
      shopper.placed.reset();
      break;
    }
  }
  RunUntil([&] { return shoppers[4].placed.has_value(); });
  EXPECT_EQ(shoppers[4].placed->host, 1u);
}

TEST_F(DispatchTest, ThoseWhoWaitUnderAnOldConfigurationAreServedToo) {
  Pool(1, 1);
  Shopper running, old;
  Ask(running);
  EXPECT_EQ(Ask(old), Result::kWaits);
  // The same servers, as a reload has them.
  std::vector<Member> members;
  for (const auto& server : cluster_->servers) members.push_back({.server = server});
  const auto before = cluster_;
  cluster_ = std::make_shared<const Cluster>(before->config, before->spec, before->transport,
                                             before->state, members);
  picker_ = balancer::MakePicker(cluster_->spec.picker, cluster_->hosts);
  Shopper fresh;
  EXPECT_EQ(Ask(fresh), Result::kWaits);
  running.placed.reset();
  RunUntil([&] { return old.placed.has_value(); });
  old.placed.reset();
  RunUntil([&] { return fresh.placed.has_value(); });
  EXPECT_EQ(dispatch_->waiting(), 0u);
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
struct Crowd {
  // Of any class and in a hurry, so that they are refused as well; they come again.
  bool hurried = false;
  std::shared_ptr<const Cluster> cluster;
  std::atomic<uint32_t> inside[2] = {};
  std::atomic<uint32_t> most{0};
  std::atomic<uint32_t> refused{0};

  void RunWorkers(int requests);
};

struct CrowdWorker {
  struct Customer final : Dispatch::Waiter, Deadline {
    CrowdWorker* worker = nullptr;
    Placed placed;
    void OnPlaced(Placed got) override {
      placed = std::move(got);
      worker->Enter(*this);
    }
    void OnRefused(const Dispatch::Refused&) override { worker->Refuse(*this); }
    void OnDeadline() override { worker->Leave(*this); }
  };

  void Come(Customer& customer) {
    const balancer::PickInput in = {.now = loop.now()};
    const Dispatch::Request request = {
        .cluster = crowd->cluster, .picker = *picker, .in = in, .rng = random};
    Dispatch& dispatch = crowd->cluster->state->dispatch;
    std::optional<Placed> placed = dispatch.TryPlace(request);
    if (!placed) {
      Dispatch::Rank as;
      if (crowd->hurried) {
        as.priority = static_cast<ratelimit::Priority>(absl::Uniform(random, 0, 4));
        as.client = absl::Uniform<uint64_t>(random, 0, 5);
        as.deadline = loop.now() + std::chrono::microseconds(absl::Uniform(random, 0, 4000));
      }
      Dispatch::Answer answer = dispatch.Place(request, as, customer, loop);
      if (answer.result == Result::kWaits) return;
      if (answer.result == Result::kRefused) return Refuse(customer);
      ASSERT_EQ(answer.result, Result::kPlaced);
      placed = std::move(answer.placed);
    }
    customer.placed = *std::move(placed);
    Enter(customer);
  }
  void Enter(Customer& customer) {
    const uint32_t now = ++crowd->inside[customer.placed.host];
    uint32_t seen = crowd->most.load();
    while (now > seen && !crowd->most.compare_exchange_weak(seen, now)) {
    }
    loop.Arm(customer, std::chrono::milliseconds(1));
  }
  void Refuse(Customer& customer) {
    ++crowd->refused;
    loop.Arm(customer, std::chrono::milliseconds(1));
  }
  void Leave(Customer& customer) {
    if (customer.placed.permit) {
      --crowd->inside[customer.placed.host];
      customer.placed = Placed();
      if (++served >= requests) return loop.Stop();
    }
    Come(customer);
  }
  void End() {
    for (Customer& customer : customers) {
      customer.Leave();
      customer.Cancel();
      if (customer.placed.permit) --crowd->inside[customer.placed.host];
      customer.placed = Placed();
    }
  }

  Crowd* crowd = nullptr;
  net::Loop loop;
  std::unique_ptr<balancer::Picker> picker;
  absl::InsecureBitGen random;
  int requests = 0;
  int served = 0;
  Customer customers[5];
};

void Crowd::RunWorkers(int requests) {
  std::deque<CrowdWorker> workers(4);
  std::vector<std::thread> threads;
  for (CrowdWorker& worker : workers) {
    worker.crowd = this;
    worker.requests = requests;
    worker.picker = balancer::MakePicker(cluster->spec.picker, cluster->hosts);
    threads.emplace_back([&worker] {
      for (CrowdWorker::Customer& customer : worker.customers) {
        customer.worker = &worker;
        worker.Come(customer);
      }
      worker.loop.Run();
      worker.End();
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const CrowdWorker& worker : workers) EXPECT_GE(worker.served, requests);
  workers.clear();  // and what was in the mail for them
  EXPECT_EQ(cluster->state->dispatch.waiting(), 0u);
  for (const auto& server : cluster->servers) EXPECT_EQ(server->health->active, 0u);
}

TEST(DispatchThreadsTest, NoPlaceIsGivenTwiceAndNoWakeUpIsLost) {
  Crowd crowd{.cluster = MakeCluster(2, 3, /*queue=*/1000)};
  crowd.RunWorkers(1000);
  EXPECT_LE(crowd.most, 3u);
  EXPECT_EQ(crowd.refused, 0u) << "nobody waits so long";
}

TEST(DispatchThreadsTest, NobodyIsForgottenWhoIsPushedOutOrTooLateWhileLimitsMove) {
  Crowd crowd{.hurried = true, .cluster = MakeCluster(2, 3, /*queue=*/8)};
  std::atomic<bool> done{false};
  std::thread tick([&] {
    absl::InsecureBitGen random;
    while (!done) {
      crowd.cluster->state->limit = absl::Uniform<uint32_t>(random, 1, 7);
      crowd.cluster->servers[0]->health->limit = absl::Uniform<uint32_t>(random, 1, 4);
      crowd.cluster->state->dispatch.Offer();
      crowd.cluster->state->dispatch.Count();
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  });
  crowd.RunWorkers(500);
  done = true;
  tick.join();
  EXPECT_LE(crowd.most, 3u);
  EXPECT_GT(crowd.refused, 0u);
}

}  // namespace
}  // namespace sluice::upstream
