// What the strategies that look at latency do beyond what every picker does: expected_delay,
// peak_ewma and prequal, each with what it is chosen for.
#include "tests/balancer/pool_fixture.h"

namespace sluice::balancer {
namespace {

class ExpectedDelayTest : public PoolFixture {
 protected:
  void Pool(const std::vector<Duration>& service) {
    Hosts("expected_delay", std::vector<uint32_t>(service.size(), 1));
    for (HostIndex host = 0; host < hosts_.size(); ++host) Answers(host, service[host]);
  }
  void Waiting(HostIndex host, uint32_t requests) {
    hosts_.stats(host).waiting = requests;
    Active(host, requests);
    hosts_.stats(host).busy_since_ns = Nanos(now_);
  }
  void NextLook() { now_ += 20ms; }
};

TEST_F(ExpectedDelayTest, ASlowerHostIsPassedOverWhileTheOthersHoldNoMoreThanUsual) {
  Pool({30ms, 10ms, 10ms});
  for (const HostIndex host : {1u, 2u}) Active(host, 4);
  NextLook();
  EXPECT_FALSE(Shares(500).contains(0));
}

TEST_F(ExpectedDelayTest, ASlowerHostIsUsedWhenTheOthersAreFullerThanItIsSlow) {
  Pool({30ms, 10ms, 10ms});
  for (const HostIndex host : {0u, 1u, 2u}) Active(host, 4);
  for (int look = 0; look < 500; ++look) NextLook(), Pick();  // 4 is usual
  Active(0, 0);
  for (const HostIndex host : {1u, 2u}) Active(host, 20);
  EXPECT_GT(Shares(500)[0], 0.99);
}

TEST_F(ExpectedDelayTest, OfEqualHostsTheOneWithTheFewestRequestsIsPicked) {
  Pool({10ms, 12ms, 11ms});
  Active(0, 9), Active(1, 3), Active(2, 6);
  EXPECT_GT(Shares(500)[1], 0.99) << "a difference of chance in service time is none";
}

TEST_F(ExpectedDelayTest, HostsThatDifferByAFifthShareAnIdlePoolEqually) {
  Pool({10ms, 12ms, 11ms});
  for (const auto& [host, share] : Shares(3000)) EXPECT_NEAR(share, 1.0 / 3, 0.04) << host;
}

TEST_F(ExpectedDelayTest, AHostThatStoppedAnsweringIsLeftAloneAtOnce) {
  Pool({10ms, 10ms, 10ms});
  NextLook();
  Waiting(0, 3), Waiting(1, 6), Waiting(2, 6);
  EXPECT_GT(Shares(200)[0], 0.99);
  now_ += 60ms;  // the others have answered meanwhile
  for (const HostIndex host : {1u, 2u}) hosts_.stats(host).settled_at_ns = Nanos(now_);
  EXPECT_FALSE(Shares(200).contains(0));
}

TEST_F(ExpectedDelayTest, ATunnelThatSaysNothingIsNoStall) {
  Pool({10ms, 10ms});
  for (const HostIndex host : {0u, 1u}) Active(host, 1);  // active, but nobody waits for an answer
  now_ += 1h;
  EXPECT_NEAR(Shares(2000)[0], 0.5, 0.05);
}

TEST_F(ExpectedDelayTest, AHostLeftAloneIsTriedAgainWithinSeconds) {
  Pool({300ms, 10ms, 10ms});
  NextLook();
  EXPECT_FALSE(Shares(200).contains(0));
  Duration waited{0};
  while (waited < 1min && Pick() != 0u) {
    now_ += 20ms, waited += 20ms;
    Settled(1, {.latency = 10ms}), Settled(2, {.latency = 10ms});
  }
  EXPECT_GT(waited, 3s);
  EXPECT_LT(waited, 15s);
  Waiting(0, 1);
  now_ += 300ms;
  Settled(0, {.latency = 300ms});
  hosts_.stats(0).waiting = 0;
  Active(0, 0);
  NextLook();
  EXPECT_FALSE(Shares(200).contains(0)) << "and found as slow as before";
}

TEST_F(ExpectedDelayTest, InALargePoolTheMostLoadedAreHardlyEverPicked) {
  Pool(std::vector<Duration>(100, 10ms));
  for (HostIndex host = 0; host < 100; ++host) Active(host, host < 10 ? 50 : 2);
  NextLook();
  double loaded = 0;
  for (const auto& [host, share] : Shares(5000)) loaded += host < 10 ? share : 0;
  EXPECT_LT(loaded, 0.001);
}

using PeakEwmaTest = PoolFixture;

TEST_F(PeakEwmaTest, OneSlowAnswerDrivesTrafficAwayBeforeThereAreTwo) {
  Hosts("peak_ewma", {1, 1});
  Answers(0, 10ms), Answers(1, 10ms);
  Settled(0, {.latency = 1s});
  now_ += 20ms;
  EXPECT_FALSE(Shares(200).contains(0));
}

TEST_F(PeakEwmaTest, AOnceSlowHostIsTriedAgain) {
  Hosts("peak_ewma", {1, 1});
  Answers(1, 10ms);
  Answers(0, 40ms);
  Duration waited{0};
  for (; waited < 5min && Pick() != 0u; waited += 1s) {
    now_ += 1s;
    Settled(1, {.latency = 10ms});
  }
  EXPECT_NEAR(static_cast<double>(waited / 1s), 30, 5) << "it sinks to a quarter in 30 s";
}

TEST_F(PeakEwmaTest, RequestsInFlightWeighAgainstLatency) {
  Hosts("peak_ewma", {1, 1});
  Answers(0, 10ms), Answers(1, 30ms);
  Active(0, 1);
  EXPECT_FALSE(Shares(200).contains(1));
  Active(0, 3);
  EXPECT_FALSE(Shares(200).contains(0));
}

using PrequalTest = PoolFixture;

TEST_F(PrequalTest, OfColdHostsTheFastestIsPickedAndAHotOneNever) {
  Hosts("prequal", {1, 1, 1, 1, 1, 1, 1, 1});
  for (HostIndex host = 0; host < 8; ++host) {
    Active(host, 5);
    Answers(host, host == 2 ? 5ms : 20ms);
  }
  Active(3, 40);
  Answers(3, 1ms);
  now_ += 20ms;
  std::map<HostIndex, double> shares = Shares(2000);
  EXPECT_FALSE(shares.contains(3)) << "the fastest, but hot";
  EXPECT_GT(shares[2], 0.4) << "whenever it was drawn";
}

TEST_F(PrequalTest, OfHotHostsTheOneWithTheFewestRequestsIsPicked) {
  Hosts("prequal", {1, 1, 1, 1});
  for (HostIndex host = 0; host < 4; ++host) Answers(host, 1ms * (host + 1));
  now_ += 20ms;
  Pick();
  for (HostIndex host = 0; host < 4; ++host) Active(host, 10 + host);  // all above what was usual
  EXPECT_GT(Shares(2000)[0], 0.7);
  EXPECT_LT(Shares(2000)[3], 0.01);
}

}  // namespace
}  // namespace sluice::balancer
