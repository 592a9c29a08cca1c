#include <algorithm>

#include "tests/balancer/pool_fixture.h"

namespace sluice::balancer {
namespace {

using RoundRobinTest = PoolFixture;

TEST_F(RoundRobinTest, AnyWindowOfOneCycleHoldsTheWeightsExactly) {
  Hosts("round_robin", {4, 2, 1});
  std::vector<HostIndex> picks;
  for (int i = 0; i < 70; ++i) picks.push_back(*Pick());
  for (size_t begin = 0; begin + 7 <= picks.size(); ++begin) {
    const auto window = picks.begin() + static_cast<std::ptrdiff_t>(begin);
    EXPECT_EQ(std::count(window, window + 7, 0u), 4) << begin;
    EXPECT_EQ(std::count(window, window + 7, 1u), 2) << begin;
  }
}

TEST_F(RoundRobinTest, AHeavyHostIsSpreadOverTheCycle) {
  Hosts("round_robin", {2, 1, 1});
  HostIndex last = *Pick();
  for (int i = 0; i < 40; ++i) {
    const HostIndex next = *Pick();
    EXPECT_FALSE(last == 0 && next == 0 && *Pick() == 0) << "three in a row";
    last = next;
  }
}

TEST_F(RoundRobinTest, PickersOfDifferentWorkersBeginAtDifferentHosts) {
  std::map<HostIndex, int> firsts;
  for (int worker = 0; worker < 64; ++worker) {
    Hosts("round_robin", {1, 1, 1, 1});
    ++firsts[*Pick()];
  }
  EXPECT_EQ(firsts.size(), 4u);
}

TEST_F(RoundRobinTest, AHostBackFromARestGetsItsShareAndNotWhatItMissed) {
  Hosts("round_robin", {1, 1});
  Rest(1, 10s);
  Shares(1000);
  now_ += 10s;
  EXPECT_NEAR(Shares(10)[1], 0.5, 0.11);
}

}  // namespace
}  // namespace sluice::balancer
