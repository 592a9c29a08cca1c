#include "proxy/admission/quota_sync.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <vector>

#include "absl/strings/str_format.h"
#include "proxy/admission/quota_script.h"
#include "proxy/net/timer.h"
#include "tests/support/loop_fixture.h"
#include "tests/support/redis_server.h"

namespace sluice::admission {
namespace {

using namespace std::chrono_literals;
using ratelimit::KeyedSpec;
using ratelimit::Verdict;

constexpr KeyedSpec kThousand = {.limit = {.rate = {.count = 1000, .per = 1s}, .burst = 100},
                                 .keys = 1000};
constexpr std::string_view kKey = "everybody";

// Instances on one loop, each with its own connection and secret.
class QuotaSyncTest : public net::LoopTest {
 protected:
  struct Instance {
    Instance(net::Loop& loop, net::Resolver& resolver, const store::Options& options, int number)
        : sync(SipKey{static_cast<uint8_t>(number + 1)}, absl::StrFormat("instance-%d", number)),
          gate(std::make_shared<QuotaGate>("all", kThousand, WhenSilent::kShare)),
          client(std::make_unique<store::Client>(loop, resolver, options,
                                                 [this] { sync.OnStoreChanged(); })),
          ticker(loop, QuotaSync::kTick, [this, &loop] { sync.Tick(loop.now()); }) {
      sync.Adopt({gate});
      sync.Use(client.get(), "test:", 1);
    }
    bool Ask(net::Loop& loop) {
      const bool passes = gate->Charge(sync.hash().Of(kKey), loop.now(), 1).allowed;
      passed += passes ? 1 : 0;
      return passes;
    }

    QuotaSync sync;
    std::shared_ptr<QuotaGate> gate;
    std::unique_ptr<store::Client> client;
    net::Ticker ticker;
    uint64_t passed = 0;
  };

  void Start(uint16_t port, int count, Duration answer_timeout = 500ms) {
    const store::Options options{.host = "127.0.0.1",
                                 .port = port,
                                 .answer_timeout = answer_timeout,
                                 .script = kQuotaScript};
    for (int i = 0; i < count; ++i) {
      instances_.push_back(std::make_unique<Instance>(loop_, resolver_, options, i));
    }
  }
  bool AllSpeak() const {
    return std::all_of(instances_.begin(), instances_.end(), [&](const auto& instance) {
      return !instance->gate->standing().silent &&
             instance->gate->standing().instances == instances_.size();
    });
  }
  uint64_t passed() const {
    uint64_t sum = 0;
    for (const auto& instance : instances_) sum += instance->passed;
    return sum;
  }
  // 3,000/s in all, at the instance that `at` names for a time since the start.
  template <typename At>
  void Load(Duration time, At at) {
    const TimePoint begin = loop_.now();
    TimePoint done = begin;
    net::Ticker load(loop_, 2ms, [&] {
      for (; done < loop_.now(); done += 333us) {
        instances_[at(std::chrono::duration<double>(done - begin).count())]->Ask(loop_);
      }
    });
    RunFor(time);
  }

  net::Resolver resolver_{loop_, {}};
  std::vector<std::unique_ptr<Instance>> instances_;
};

class QuotaSyncRedisTest : public QuotaSyncTest {
 protected:
  void SetUp() override {
    if (RedisServer::Find().empty()) GTEST_SKIP() << "no redis-server is installed";
    redis_ = std::make_unique<RedisServer>();
  }
  std::unique_ptr<RedisServer> redis_;
};

TEST_F(QuotaSyncRedisTest, AllInstancesComeToOneSecretAndKnowHowManyTheyAre) {
  Start(redis_->port(), 3);
  RunUntil([&] { return AllSpeak(); });
  EXPECT_EQ(instances_[0]->sync.hash().Of(kKey), instances_[1]->sync.hash().Of(kKey));
  EXPECT_EQ(instances_[0]->sync.hash().Of(kKey), instances_[2]->sync.hash().Of(kKey));
}

TEST_F(QuotaSyncRedisTest, ThreeInstancesPassTheRateOfOneWhileTheLoadMoves) {
  Start(redis_->port(), 3);
  RunUntil([&] { return AllSpeak(); });
  Load(3s, [](double t) { return static_cast<size_t>(t / 0.4) % 3; });
  EXPECT_NEAR(static_cast<double>(passed()), 3100, 3100 * 0.05);
  for (const auto& instance : instances_) {
    EXPECT_GT(instance->passed, 500u);
    EXPECT_EQ(instance->gate->stats().lost_words, 0u);
  }
}

TEST_F(QuotaSyncRedisTest, WhatIsNotUsedIsGivenBackAndTheStoreForgetsWhoOwesNothing) {
  Start(redis_->port(), 1);
  RunUntil([&] { return AllSpeak(); });
  Load(300ms, [](double) { return size_t{0}; });
  RunFor(400ms);
  Instance& instance = *instances_[0];
  EXPECT_GT(instance.gate->stats().granted, 0u);
  const QuotaGate::Stats stats = instance.gate->stats();
  EXPECT_EQ(stats.granted + stats.owed - stats.returned, instance.passed);
  std::optional<size_t> left;
  loop_.Post([&] {
    instance.client->Call({"KEYS", "test:*"}, [&](const store::Reply* reply) {
      left = reply == nullptr ? 0 : reply->list.size();
    });
  });
  RunUntil([&] { return left.has_value(); });
  EXPECT_EQ(*left, 2u) << "the secret and the instances";
}

TEST_F(QuotaSyncRedisTest, AKilledStoreLeavesEachItsShareAndComesBackByItself) {
  Start(redis_->port(), 2);
  RunUntil([&] { return AllSpeak(); });
  Load(3s, [](double) { return size_t{0}; });
  const uint64_t before = passed();
  redis_->Kill();
  Load(1s, [](double) { return size_t{0}; });
  EXPECT_TRUE(instances_[0]->gate->standing().silent);
  EXPECT_GT(instances_[0]->gate->stats().silent_decisions, 1000u);
  // What it had of late was all of it, and it goes on with that.
  const auto during = static_cast<double>(passed() - before);
  EXPECT_GT(during, 700);
  EXPECT_LT(during, 1200);
  redis_->Start();
  RunUntil([&] { return AllSpeak(); });
  EXPECT_EQ(instances_[0]->sync.hash().Of(kKey), instances_[1]->sync.hash().Of(kKey));
  const uint64_t again = passed();
  Load(1s, [](double) { return size_t{1}; });
  EXPECT_GT(passed() - again, 900u);
  EXPECT_LT(passed() - again, 1330u);
}

TEST_F(QuotaSyncRedisTest, ASecretThatIsNoneMakesTheStoreSilentWithThatReason) {
  Start(redis_->port(), 1);
  RunUntil([&] { return AllSpeak(); });
  Instance& instance = *instances_[0];
  loop_.Post([&] {
    instance.client->Call({"SET", "test:secret", "hello"}, [](const store::Reply*) {});
  });
  RunUntil([&] { return instance.client->reason() == "its secret is none; delete that key"; });
  EXPECT_TRUE(instance.gate->standing().silent);
}

TEST_F(QuotaSyncRedisTest, AKeyOfAnotherKindIsOverwritten) {
  Start(redis_->port(), 1);
  RunUntil([&] { return AllSpeak(); });
  Instance& instance = *instances_[0];
  const std::string name = absl::StrFormat("test:limit:all:%016x", instance.sync.hash().Of(kKey));
  loop_.Post([&] { instance.client->Call({"RPUSH", name, "x"}, [](const store::Reply*) {}); });
  Load(500ms, [](double) { return size_t{0}; });
  EXPECT_FALSE(instance.gate->standing().silent);
  EXPECT_NEAR(static_cast<double>(passed()), 600, 90);
}

TEST_F(QuotaSyncRedisTest, AReloadWithAnotherStoreLosesNothingButWhatWasUnderWay) {
  Start(redis_->port(), 1);
  RunUntil([&] { return AllSpeak(); });
  Instance& instance = *instances_[0];
  Load(200ms, [](double) { return size_t{0}; });
  RedisServer other;
  instance.client = std::make_unique<store::Client>(
      loop_, resolver_,
      store::Options{.host = "127.0.0.1", .port = other.port(), .script = kQuotaScript},
      [&] { instance.sync.OnStoreChanged(); });
  instance.sync.Use(instance.client.get(), "test:", 1);
  EXPECT_TRUE(instance.gate->standing().silent);
  RunUntil([&] { return AllSpeak(); });
  Load(1s, [](double) { return size_t{0}; });
  EXPECT_GT(instance.passed, 1000u);
  instance.sync.Use(nullptr, "", 3);
  EXPECT_TRUE(instance.gate->standing().silent);
  EXPECT_EQ(instance.gate->standing().instances, 3u);
  instance.client.reset();
}

TEST_F(QuotaSyncRedisTest, AGateThatIsNoLongerAdoptedIsSilent) {
  Start(redis_->port(), 1);
  RunUntil([&] { return AllSpeak(); });
  Instance& instance = *instances_[0];
  const auto other = std::make_shared<QuotaGate>("other", kThousand, WhenSilent::kShare);
  instance.sync.Adopt({other});
  EXPECT_TRUE(instance.gate->standing().silent);
  RunUntil([&] { return !other->standing().silent; });
}

// A store of the test's own hands, which says the greeting right and then what the test wants.
class QuotaSyncLiesTest : public QuotaSyncTest {
 protected:
  // Runs until the client says why it does not trust the store.
  std::string ReasonAfter(std::string_view script_answer) {
    absl::StatusOr<net::Fd> listener = net::BindListener(*Address::Parse("127.0.0.1:0"), {});
    if (!listener.ok()) return "no listener";
    Start(net::BoundAddress(listener->get()).port(), 1);
    Instance& instance = *instances_[0];
    instance.Ask(loop_);
    net::Fd peer;
    std::string said;
    const auto answer = [&](std::string_view to, std::string_view with) {
      RunUntil([&] {
        said += Take(peer);
        return said.find(to) != std::string::npos;
      });
      said.clear();
      Send(peer, with);
    };
    RunUntil([&] {
      peer = net::Fd(::accept4(listener->get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
      return peer.valid();
    });
    answer("SCRIPT", "$40\r\n" + std::string(40, 'a') + "\r\n");
    answer("GET\r\n", "+OK\r\n$32\r\n" + std::string(32, '1') + "\r\n");
    answer("EVALSHA", script_answer);
    RunUntil([&] { return !instance.client->reason().empty(); });
    EXPECT_TRUE(instance.gate->standing().silent);
    std::string reason = instance.client->reason();
    instances_.clear();
    Turn();
    return reason;
  }
};

TEST_F(QuotaSyncLiesTest, AnAnswerOfTheScriptThatMakesNoSenseEndsTheConnection) {
  // The keys before the secret was known are forgotten, so this is asked about none.
  for (const std::string_view lie :
       {"+OK\r\n", ":1\r\n", "*0\r\n", "*1\r\n:0\r\n", "*1\r\n:-1\r\n", "*1\r\n:4294967296\r\n",
        "*1\r\n$1\r\n1\r\n", "*3\r\n:1\r\n:5\r\n:5\r\n", "*1\r\n*1\r\n:1\r\n"}) {
    EXPECT_EQ(ReasonAfter(lie), "no answer of the script's") << lie;
  }
  EXPECT_EQ(ReasonAfter("-OOM command not allowed\r\n"), "OOM command not allowed");
}

}  // namespace
}  // namespace sluice::admission
