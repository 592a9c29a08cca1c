#include "tests/balancer/pool_fixture.h"

namespace sluice::balancer {
namespace {

using LeastRequestTest = PoolFixture;

TEST_F(LeastRequestTest, OfTwoHostsTheLessLoadedIsAlwaysPicked) {
  Hosts("least_request", {1, 1});
  Active(0, 3);
  Active(1, 2);
  EXPECT_FALSE(Shares(200).contains(0));
}

TEST_F(LeastRequestTest, LoadCountsPerWeight) {
  Hosts("least_request", {1, 10});
  Active(0, 2);
  Active(1, 10);  // one per unit of weight
  EXPECT_FALSE(Shares(200).contains(0));
}

TEST_F(LeastRequestTest, TheMostLoadedOfManyIsNeverPicked) {
  Hosts("least_request", {1, 1, 1, 1, 1});
  Active(3, 100);
  EXPECT_FALSE(Shares(2000).contains(3));
}

TEST_F(LeastRequestTest, ASlowHostEndsUpWithLessTraffic) {
  // Every host finishes one request a round, the slow one every fourth round.
  Hosts("least_request", {1, 1, 1, 1});
  std::map<HostIndex, int> picks;
  for (int round = 0; round < 4000; ++round) {
    for (int i = 0; i < 3; ++i) {
      const HostIndex host = *Pick();
      ++picks[host];
      ++hosts_.stats(host).active;
    }
    for (HostIndex host = 0; host < hosts_.size(); ++host) {
      std::atomic<uint32_t>& active = hosts_.stats(host).active;
      if (active > 0 && (host != 0 || round % 4 == 0)) --active;
    }
  }
  EXPECT_LT(picks[0], picks[1] / 2);
  EXPECT_LT(hosts_.active(0), 30u) << "its queue does not run away";
}

TEST_F(LeastRequestTest, WhenBothDrawsCannotBeUsedTheLeastLoadedOfAllIs) {
  Hosts("least_request", {1000, 1000, 1, 1});  // the draws fall nearly always on 0 and 1
  Rest(0);
  Active(2, 5);
  Active(3, 4);
  EXPECT_GT(Shares(200, {1})[3], 0.9);
}

}  // namespace
}  // namespace sluice::balancer
