// Connections to a server: what is kept, for how long, and what must never be used again.
#include "proxy/upstream/pool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "proxy/http/h1_codec.h"
#include "tests/support/loop_fixture.h"

namespace sluice::upstream {
namespace {

using testing::HasSubstr;

// One exchange's ears.
class Listener final : public http::UpstreamEvents {
 public:
  void OnInterim(const http::ResponseHead& head) override { interims.push_back(head.status); }
  void OnResponse(const http::ResponseHead& head) override { status = head.status; }
  void OnResponseBody(std::string_view bytes) override {
    body.append(bytes);
    if (consume) server->Consumed(bytes.size());
  }
  void OnResponseEnd(const http::Fields*) override { ended = true; }
  void OnUpstreamFailed(const Failure& why) override { failure = why; }
  void OnUpstreamWritable() override { ++writable; }

  http::Upstream* server = nullptr;
  bool consume = true;
  std::vector<int> interims;
  int status = 0;
  std::string body;
  bool ended = false;
  int writable = 0;
  Failure failure;
};

class PoolTest : public net::LoopTest {
 protected:
  PoolTest() {
    absl::StatusOr<net::Fd> bound = net::BindListener(*Address::Parse("127.0.0.1:0"), {});
    EXPECT_TRUE(bound.ok());
    listener_ = *std::move(bound);
    server_ = std::make_shared<Server>(std::make_shared<PoolState>("web", 1), "name",
                                       net::BoundAddress(listener_.get()), 1);
    slot_ = pool_.SlotFor(server_, std::make_shared<const Transport>());
  }

  // A fresh connection and the server's end of it.
  std::pair<Lease, net::Fd> Connect() {
    Lease got;
    bool done = false;
    const auto attempt =
        pool_.Connect(slot_, spec_, std::chrono::seconds(5), [&](Lease lease, const Failure& why) {
          EXPECT_EQ(why.cause, Cause::kNone) << why.why;
          got = std::move(lease);
          done = true;
        });
    RunUntil([&] { return done; });
    net::Fd peer(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    EXPECT_TRUE(peer.valid());
    return {std::move(got), std::move(peer)};
  }

  // Sends `request` (a whole head without body) on the lease.
  void Ask(Lease& lease, std::string_view request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n") {
    listener_of_.server = &lease.stream();
    lease.Begin(listener_of_, arena_);
    http::H1RequestDecoder decoder{http::HeadLimits{}};
    http::RequestHead head(arena_);
    ASSERT_EQ(decoder.FeedHead(request, arena_, head).state, http::HeadResult::State::kComplete);
    lease.stream().SendHead(head);
  }

  void AwaitRequest(const net::Fd& peer) {
    RunUntil([&] { return !Take(peer).empty(); });
  }

  // A whole exchange: asks, and the server answers with these bytes.
  void Exchange(Lease& lease, const net::Fd& peer, std::string_view answer) {
    listener_of_ = Listener();
    Ask(lease);
    lease.stream().SendEnd(nullptr);
    AwaitRequest(peer);
    Send(peer, answer);
    RunUntil([&] { return listener_of_.ended || listener_of_.failure.cause != Cause::kNone; });
  }

  bool Closed(const net::Fd& peer) {
    char byte;
    RunUntil([&] { return ::recv(peer.get(), &byte, 1, MSG_PEEK) >= 0 || errno != EAGAIN; });
    return ::recv(peer.get(), &byte, 1, 0) <= 0;
  }

  // A request that was sent, and whose client then leaves: its place is one of eight.
  void AskAndLeave(Lease& lease, const net::Fd& peer) {
    server_->health->limit = 8;
    auto active = balancer::ActiveRequest::TryBegin(*server_->health, 8, loop_.now());
    Ask(lease);
    lease.stream().SendEnd(nullptr);
    AwaitRequest(peer);
    lease.Drop(Permit(*std::move(active), *server_));
  }
  // Turns of the loop behind whatever has arrived.
  void Turns(int left) {
    while (left-- > 0) {
      bool done = false;
      loop_.Post([&] { done = true; });
      RunUntil([&] { return done; });
    }
  }
  uint32_t active() const { return server_->health->active; }

  observe::ServerStats& stats() { return server_->stats.shard(0); }

  static constexpr std::string_view kAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

  conf::Pool spec_;
  net::Fd listener_;
  std::shared_ptr<Server> server_;
  Pool pool_{loop_, 0};
  std::shared_ptr<ServerSlot> slot_;
  Arena arena_;
  Listener listener_of_;
};

TEST_F(PoolTest, AConnectionIsKeptAfterAnAnswerAndUsedAgain) {
  auto [lease, peer] = Connect();
  EXPECT_FALSE(lease.reused());
  Exchange(lease, peer, kAnswer);
  EXPECT_EQ(listener_of_.body, "ok");
  lease.Drop();
  EXPECT_EQ(slot_->idle_count, 1u);
  EXPECT_EQ(stats().idle_connections.value(), 1);
  Lease again = pool_.TakeIdle(*slot_, Duration::max());
  ASSERT_TRUE(again);
  EXPECT_TRUE(again.reused());
  Exchange(again, peer, kAnswer);
  EXPECT_EQ(listener_of_.status, 200);
  EXPECT_EQ(stats().connects.value(), 1u);
  EXPECT_EQ(stats().reuses.value(), 1u);
}

TEST_F(PoolTest, TheOneUsedLastIsTakenFirst) {
  auto [one, peer_one] = Connect();
  auto [two, peer_two] = Connect();
  Exchange(one, peer_one, kAnswer);
  Exchange(two, peer_two, kAnswer);
  two.Drop();
  one.Drop();
  Lease again = pool_.TakeIdle(*slot_, Duration::max());
  Exchange(again, peer_one, kAnswer);
  EXPECT_TRUE(listener_of_.ended);
}

TEST_F(PoolTest, MoreThanMaxIdleAreNotKept) {
  spec_.max_idle = 1;
  auto [one, peer_one] = Connect();
  auto [two, peer_two] = Connect();
  Exchange(one, peer_one, kAnswer);
  Exchange(two, peer_two, kAnswer);
  one.Drop();
  two.Drop();
  EXPECT_EQ(slot_->idle_count, 1u);
  EXPECT_TRUE(Closed(peer_two));
  EXPECT_EQ(stats().connections.value(), 1);
}

TEST_F(PoolTest, AnIdleConnectionIsClosedAfterMaxIdleTime) {
  spec_.max_idle_time = std::chrono::milliseconds(20);
  auto [lease, peer] = Connect();
  Exchange(lease, peer, kAnswer);
  lease.Drop();
  EXPECT_TRUE(Closed(peer));
  EXPECT_EQ(slot_->idle_count, 0u);
  EXPECT_EQ(stats().connections.value(), 0);
}

TEST_F(PoolTest, AConnectionOlderThanMaxAgeIsNotKept) {
  spec_.max_age = std::chrono::milliseconds(1);
  auto [lease, peer] = Connect();
  RunFor(std::chrono::milliseconds(2));
  Exchange(lease, peer, kAnswer);
  lease.Drop();
  EXPECT_EQ(slot_->idle_count, 0u);
  EXPECT_TRUE(Closed(peer));
}

TEST_F(PoolTest, OneThatRestedTooLongForTheCallerStays) {
  auto [lease, peer] = Connect();
  Exchange(lease, peer, kAnswer);
  lease.Drop();
  RunFor(std::chrono::milliseconds(5));
  EXPECT_FALSE(pool_.TakeIdle(*slot_, std::chrono::milliseconds(1)));
  EXPECT_EQ(slot_->idle_count, 1u);
}

TEST_F(PoolTest, ACloseByTheServerIsSeenWhileIdle) {
  auto [lease, peer] = Connect();
  Exchange(lease, peer, kAnswer);
  lease.Drop();
  peer = net::Fd();
  RunUntil([&] { return slot_->idle_count == 0; });
  EXPECT_FALSE(pool_.TakeIdle(*slot_, Duration::max()));
  EXPECT_EQ(stats().connections.value(), 0);
}

TEST_F(PoolTest, BytesWhileIdleEndTheConnection) {
  auto [lease, peer] = Connect();
  Exchange(lease, peer, kAnswer);
  lease.Drop();
  Send(peer, kAnswer);
  RunUntil([&] { return slot_->idle_count == 0; });
  EXPECT_TRUE(Closed(peer));
}

TEST_F(PoolTest, BytesBehindACompleteAnswerForbidReuse) {
  auto [lease, peer] = Connect();
  Exchange(lease, peer, std::string(kAnswer) + "x");
  EXPECT_EQ(listener_of_.body, "ok");
  lease.Drop();
  EXPECT_EQ(slot_->idle_count, 0u);
}

TEST_F(PoolTest, WhatTheServerWantsClosedIsNotKept) {
  for (const char* const answer :
       {"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n"}) {
    auto [lease, peer] = Connect();
    Exchange(lease, peer, answer);
    EXPECT_TRUE(listener_of_.ended);
    lease.Drop();
    EXPECT_EQ(slot_->idle_count, 0u) << answer;
  }
}

TEST_F(PoolTest, AConnectionWhoseRequestIsNotCompleteIsNotKept) {
  auto [lease, peer] = Connect();
  Ask(lease, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n");
  AwaitRequest(peer);
  Send(peer, kAnswer);
  RunUntil([&] { return listener_of_.ended; });
  lease.Drop();
  EXPECT_EQ(slot_->idle_count, 0u);
}

TEST_F(PoolTest, AnAnswerNotReadToItsEndClosesTheConnection) {
  auto [lease, peer] = Connect();
  Ask(lease);
  lease.stream().SendEnd(nullptr);
  AwaitRequest(peer);
  Send(peer, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
  RunUntil([&] { return listener_of_.body == "half"; });
  lease.Drop();
  EXPECT_TRUE(Closed(peer));
}

TEST_F(PoolTest, WhoLeavesKeepsItsPlaceUntilTheServerAnswers) {
  auto [lease, peer] = Connect();
  AskAndLeave(lease, peer);
  EXPECT_EQ(active(), 1u);
  EXPECT_TRUE(Closed(peer)) << "the server is told at once";
  EXPECT_EQ(active(), 1u);
  Send(peer, "HTTP/1.1 103 Early Hints\r\n\r\n");
  Turns(2);
  EXPECT_EQ(active(), 1u) << "an interim answer is none";
  Send(peer, "HTTP/1.1 200 OK\r\n");
  Send(peer, "Content-Length: 100000\r\n\r\n");
  RunUntil([&] { return active() == 0; });
  EXPECT_EQ(stats().connections.value(), 0);
}

TEST_F(PoolTest, WhoLeavesKeepsItsPlaceUntilTheServerCloses) {
  auto [lease, peer] = Connect();
  AskAndLeave(lease, peer);
  peer = net::Fd();
  RunUntil([&] { return active() == 0; });
}

TEST_F(PoolTest, WhoLeavesKeepsItsPlaceForCancelHoldAtMost) {
  spec_.cancel_hold = std::chrono::milliseconds(1);
  auto [lease, peer] = Connect();
  AskAndLeave(lease, peer);
  RunUntil([&] { return active() == 0; });
}

TEST_F(PoolTest, WhereAnyNumberIsWelcomeNoPlaceIsKept) {
  auto [lease, peer] = Connect();
  Ask(lease);
  lease.stream().SendEnd(nullptr);
  AwaitRequest(peer);
  lease.Drop(Permit(balancer::ActiveRequest(*server_->health, loop_.now()), *server_));
  EXPECT_EQ(active(), 0u);
  EXPECT_TRUE(Closed(peer));
}

TEST_F(PoolTest, APoolThatEndsWaitsForNoServer) {
  auto [lease, peer] = Connect();
  AskAndLeave(lease, peer);
  pool_.CloseAll();
  EXPECT_EQ(active(), 0u);
}

TEST_F(PoolTest, ASlotThatIsRetiredKeepsNothing) {
  auto [idle, peer_idle] = Connect();
  Exchange(idle, peer_idle, kAnswer);
  auto [busy, peer_busy] = Connect();
  idle.Drop();
  pool_.Retain([](const Server*) { return false; });
  EXPECT_TRUE(Closed(peer_idle));
  Exchange(busy, peer_busy, kAnswer);
  busy.Drop();
  EXPECT_TRUE(Closed(peer_busy));
}

TEST_F(PoolTest, ARefusedConnectionIsAFailureWithNothingSent) {
  listener_ = net::Fd();
  Failure got;
  const auto attempt =
      pool_.Connect(slot_, spec_, std::chrono::seconds(5), [&](Lease lease, const Failure& why) {
        EXPECT_FALSE(lease);
        got = why;
      });
  RunUntil([&] { return got.cause != Cause::kNone; });
  EXPECT_EQ(got.cause, Cause::kConnectRefused);
  EXPECT_TRUE(got.nothing_sent);
  EXPECT_EQ(got.side, Side::kUpstream);
}

TEST_F(PoolTest, ACloseBeforeTheAnswerSaysWhetherOneHadBegun) {
  for (const bool begun : {false, true}) {
    listener_of_ = Listener();
    auto [lease, peer] = Connect();
    Ask(lease);
    lease.stream().SendEnd(nullptr);
    AwaitRequest(peer);
    if (begun) Send(peer, "HTTP/1.1 2");
    ::shutdown(peer.get(), SHUT_WR);
    RunUntil([&] { return listener_of_.failure.cause != Cause::kNone; });
    EXPECT_EQ(listener_of_.failure.cause, Cause::kReset);
    EXPECT_FALSE(listener_of_.failure.nothing_sent);
    EXPECT_EQ(listener_of_.failure.answer_begun, begun);
  }
}

TEST_F(PoolTest, AnAnswerThatNobodyConsumesStopsTheReading) {
  auto [lease, peer] = Connect();
  listener_of_.consume = false;
  Ask(lease);
  lease.stream().SendEnd(nullptr);
  AwaitRequest(peer);
  Send(peer, "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf");
  RunUntil([&] { return listener_of_.body == "half"; });
  Send(peer, "rest");
  RunFor(std::chrono::milliseconds(5));
  EXPECT_EQ(listener_of_.body, "half");
  lease.stream().Consumed(4);
  RunUntil([&] { return listener_of_.ended; });
  EXPECT_EQ(listener_of_.body, "halfrest");
}

TEST_F(PoolTest, AChunkedRequestIsWrittenAsChunksWithItsTrailers) {
  auto [lease, peer] = Connect();
  Ask(lease, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  lease.stream().SendBody("hello");
  lease.stream().SendBody("");
  http::Fields trailers(arena_);
  trailers.Add("X-Sum", "5");
  lease.stream().SendEnd(&trailers);
  std::string got;
  RunUntil([&, &server = peer] {
    got += Take(server);
    return got.ends_with("\r\n\r\n") && got.find("X-Sum") != std::string::npos;
  });
  EXPECT_THAT(got, HasSubstr("Transfer-Encoding: chunked\r\n"));
  EXPECT_THAT(got, HasSubstr("\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 5\r\n\r\n"));
}

}  // namespace
}  // namespace sluice::upstream
