#include "proxy/server/handshake_gate.h"

#include <gtest/gtest.h>

#include <string_view>

namespace sluice::server {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint kNow{1h};

Peer From(std::string_view ip) {
  Peer peer;
  peer.ip = *Ip::Parse(ip);
  return peer;
}

conf::Tls Limits(std::optional<ratelimit::Rate> all, std::optional<ratelimit::Rate> each,
                 uint32_t burst = 0) {
  conf::Tls tls;
  tls.handshakes = all;
  tls.handshakes_per_address = each;
  tls.handshakes_burst = burst;
  return tls;
}

conf::Listener ListenerWith(const conf::Tls& tls) {
  conf::Listener listener;
  listener.tls = tls;
  return listener;
}

int Admitted(HandshakeGate& gate, const Peer& peer, int asked, TimePoint now = kNow) {
  int admitted = 0;
  for (int i = 0; i < asked && gate.Take(now); ++i) {
    if (gate.Admits(peer, now)) {
      ++admitted;
    } else {
      gate.GiveBack();
    }
  }
  return admitted;
}

TEST(HandshakeGate, AnAddressHasItsBurstAndThenItsRate) {
  HandshakeGate gate(Limits({}, ratelimit::Rate{10, 1s}, 15));
  EXPECT_EQ(Admitted(gate, From("192.0.2.1"), 100), 15);
  EXPECT_EQ(Admitted(gate, From("192.0.2.2"), 100), 15);
  EXPECT_EQ(Admitted(gate, From("192.0.2.1"), 100, kNow + 1s), 10);
}

TEST(HandshakeGate, WithoutAStatedBurstItIsTheCountOfTheRate) {
  HandshakeGate gate(Limits({}, ratelimit::Rate{10, 1s}));
  EXPECT_EQ(Admitted(gate, From("192.0.2.1"), 100), 10);
}

TEST(HandshakeGate, AddressesOfOneSixtyFourAreOneCustomer) {
  HandshakeGate gate(Limits({}, ratelimit::Rate{4, 1s}));
  EXPECT_EQ(Admitted(gate, From("2001:db8::1"), 3), 3);
  EXPECT_EQ(Admitted(gate, From("2001:db8::ffff:1"), 3), 1);
  EXPECT_EQ(Admitted(gate, From("2001:db8:0:1::1"), 3), 3);
}

TEST(HandshakeGate, ClientsOfAUnixSocketHaveNoAddress) {
  HandshakeGate gate(Limits({}, ratelimit::Rate{1, 1h}));
  Peer peer;
  peer.is_unix = true;
  EXPECT_EQ(Admitted(gate, peer, 100), 100);
}

TEST(HandshakeGate, TheOverallRateComesInPortionsOfATenthOfASecond) {
  HandshakeGate gate(Limits(ratelimit::Rate{2000, 1s}, {}));
  int taken = 0;
  while (gate.Take(kNow)) ++taken;
  EXPECT_EQ(taken, 200);
  EXPECT_FALSE(gate.HasRoom(kNow));
  for (TimePoint now = kNow; now < kNow + 10s; now += 10ms) {
    while (gate.Take(now)) ++taken;
  }
  EXPECT_NEAR(taken, 200 + 20'000, 21);
}

TEST(HandshakeGate, ASlowOverallRateStillLetsOneBegin) {
  HandshakeGate gate(Limits(ratelimit::Rate{3, 1h}, {}));
  EXPECT_TRUE(gate.HasRoom(kNow));
  EXPECT_TRUE(gate.Take(kNow));
  EXPECT_FALSE(gate.Take(kNow + 19min));
  EXPECT_TRUE(gate.Take(kNow + 20min));
}

TEST(HandshakeGate, APlaceThatIsNotUsedIsGivenBackOnce) {
  const auto gate = std::make_shared<HandshakeGate>(Limits(ratelimit::Rate{3, 1h}, {}));
  EXPECT_TRUE(gate->Take(kNow));
  {
    HandshakePlace place(gate);
    const HandshakePlace moved = std::move(place);
    EXPECT_FALSE(gate->HasRoom(kNow));
  }
  EXPECT_TRUE(gate->Take(kNow));
  {
    HandshakePlace place(gate);
    place.Use();
  }
  EXPECT_FALSE(gate->HasRoom(kNow));
}

TEST(HandshakeGate, WhoIsNotAdmittedCostsTheOthersNothing) {
  HandshakeGate gate(Limits(ratelimit::Rate{100, 1s}, ratelimit::Rate{1, 1h}));
  EXPECT_EQ(Admitted(gate, From("192.0.2.1"), 100'000), 1);
  int others = 0;
  for (int i = 1; gate.HasRoom(kNow) && i < 100; ++i) {
    others += Admitted(gate, From("198.51.100." + std::to_string(i)), 1);
  }
  EXPECT_EQ(others, 9);  // the burst of 10, but for the one
}

TEST(HandshakeGate, AReloadThatStatesTheSameKeepsWhatIsOwed) {
  const conf::Listener listener = ListenerWith(Limits({}, ratelimit::Rate{1, 1h}));
  const auto gate = HandshakeGate::For(listener, nullptr);
  EXPECT_EQ(Admitted(*gate, From("192.0.2.1"), 2), 1);
  EXPECT_EQ(HandshakeGate::For(listener, gate), gate);
  const conf::Listener wider = ListenerWith(Limits({}, ratelimit::Rate{2, 1h}));
  EXPECT_NE(HandshakeGate::For(wider, gate), gate);
}

TEST(HandshakeGate, NoLimitsNeedNoGate) {
  EXPECT_EQ(HandshakeGate::For(ListenerWith({}), nullptr), nullptr);
  EXPECT_EQ(HandshakeGate::For(conf::Listener(), nullptr), nullptr);
}

}  // namespace
}  // namespace sluice::server
