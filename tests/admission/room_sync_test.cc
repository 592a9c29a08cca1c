#include "proxy/admission/room_sync.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "proxy/net/timer.h"
#include "tests/support/loop_fixture.h"
#include "tests/support/redis_server.h"

namespace sluice::admission {
namespace {

using namespace std::chrono_literals;
using Outcome = Room::Rule::Outcome;

// Machines on one loop, each with its own connection and its part of one room.
class RoomSyncTest : public net::LoopTest {
 protected:
  struct Machine {
    Machine(net::Loop& loop, net::Resolver& resolver, const store::Options& options, int number,
            bool fail_closed)
        : room(std::make_shared<Room>("sale", loop.now(), std::chrono::system_clock::now())),
          sync(absl::StrFormat("machine-%d", number)),
          client(std::make_unique<store::Client>(loop, resolver, options, [] {})),
          ticker(loop, 50ms, [this, &loop] {
            sync.Tick(loop.now());
            room->Tick(true, 0.5, loop.now());
          }) {
      sync.Use(client.get(), "test:", 2, loop.now());
      sync.Adopt({{.room = room, .fail_closed = fail_closed}}, loop.now());
    }
    RoomSync::Standing standing() const { return *sync.Find("sale"); }

    std::shared_ptr<Room> room;
    RoomSync sync;
    std::unique_ptr<store::Client> client;
    net::Ticker ticker;
  };

  void SetUp() override {
    if (RedisServer::Find().empty()) GTEST_SKIP() << "no redis-server is installed";
    redis_ = std::make_unique<RedisServer>();
  }
  void Start(bool fail_closed = false) {
    machines_.push_back(std::make_unique<Machine>(
        loop_, resolver_, store::Options{.host = "127.0.0.1", .port = redis_->port()},
        static_cast<int>(machines_.size()), fail_closed));
  }
  Outcome ComeTo(Machine& machine) {
    return machine.room
        ->Come(
            nullptr, [] { return true; }, ++id_, loop_.now())
        .outcome;
  }
  bool AllKnowAll() const {
    return std::all_of(machines_.begin(), machines_.end(), [&](const auto& machine) {
      return machine->standing().known && machine->standing().instances == machines_.size();
    });
  }
  void Command(Machine& machine, std::vector<std::string> command) {
    loop_.Post([&machine, command = std::move(command)] {
      machine.client->Call(command, [](const store::Reply*) {});
    });
  }

  net::Resolver resolver_{loop_, {}};
  std::unique_ptr<RedisServer> redis_;
  std::vector<std::unique_ptr<Machine>> machines_;
  uint64_t id_ = 0;
};

TEST_F(RoomSyncTest, NobodyIsLetInBeforeTheStoreHasToldOfTheOthers) {
  Start();
  EXPECT_EQ(ComeTo(*machines_[0]), Outcome::kWaits);
  EXPECT_EQ(machines_[0]->standing().instances, 2u) << "as is said";
  EXPECT_TRUE(machines_[0]->room->closed());
  RunUntil([&] { return AllKnowAll(); });
  EXPECT_FALSE(machines_[0]->room->closed());
  Start();
  RunUntil([&] { return AllKnowAll(); });
  EXPECT_EQ(ComeTo(*machines_[1]), Outcome::kEnters) << "a line that has only begun holds nobody";
}

TEST_F(RoomSyncTest, AMachineThatSaysNoMoreIsGoneAfterFiveSecondsAndItsWordIsCleared) {
  Start();
  Start();
  RunUntil([&] { return AllKnowAll(); });
  machines_.pop_back();
  const TimePoint begin = loop_.now();
  RunUntil([&] { return AllKnowAll(); });
  EXPECT_GT(loop_.now() - begin, 4s);
  EXPECT_LT(loop_.now() - begin, 8s);
}

TEST_F(RoomSyncTest, AMachineThatTakesLeaveIsGoneAtOnce) {
  Start();
  Start();
  RunUntil([&] { return AllKnowAll(); });
  loop_.Post([&] { machines_[1]->sync.Leave(); });
  const TimePoint begin = loop_.now();
  RunUntil([&] { return machines_[0]->standing().instances == 1; });
  EXPECT_LT(loop_.now() - begin, 3s);
  EXPECT_FALSE(machines_[1]->sync.Find("sale").has_value());
}

TEST_F(RoomSyncTest, WhatIsNoWordIsPassedOverAndCounted) {
  Start();
  RunUntil([&] { return AllKnowAll(); });
  Command(*machines_[0], {"HSET", "test:room:sale", "stranger", "hello"});
  RunUntil([&] { return machines_[0]->standing().unreadable > 1; });
  EXPECT_EQ(machines_[0]->standing().instances, 1u);
  EXPECT_TRUE(machines_[0]->client->up());
}

TEST_F(RoomSyncTest, AKeyOfAnotherKindMakesTheStoreSilentWithThatReason) {
  Start();
  RunUntil([&] { return AllKnowAll(); });
  Command(*machines_[0], {"DEL", "test:room:sale"});
  Command(*machines_[0], {"SET", "test:room:sale", "hello"});
  RunUntil([&] { return machines_[0]->client->reason().starts_with("WRONGTYPE"); });
}

TEST_F(RoomSyncTest, InASilenceOfFiveSecondsOneGoesOnAndTheOtherLetsNobodyIn) {
  Start();
  Start(true);
  RunUntil([&] { return AllKnowAll(); });
  redis_->Stop();
  RunFor(3s);
  EXPECT_EQ(ComeTo(*machines_[1]), Outcome::kEnters) << "not yet";
  RunUntil([&] { return !machines_[0]->standing().known && !machines_[1]->standing().known; });
  EXPECT_EQ(ComeTo(*machines_[0]), Outcome::kEnters);
  EXPECT_EQ(ComeTo(*machines_[1]), Outcome::kWaits);
  EXPECT_TRUE(machines_[1]->room->closed());
  redis_->Continue();
  RunUntil([&] { return AllKnowAll(); });
  EXPECT_FALSE(machines_[1]->room->closed());
}

TEST_F(RoomSyncTest, WhatOperatorsHaveClosedStaysClosed) {
  Start();
  machines_[0]->room->Close(true);
  RunUntil([&] { return AllKnowAll(); });
  EXPECT_EQ(ComeTo(*machines_[0]), Outcome::kWaits);
  machines_[0]->room->Close(false);
  EXPECT_FALSE(machines_[0]->room->closed());
}

}  // namespace
}  // namespace sluice::admission
