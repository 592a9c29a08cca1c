#include <algorithm>
#include <cmath>
#include <numeric>

#include "balancer/hash.h"
#include "balancer/maglev_table.h"
#include "tests/balancer/pool_fixture.h"

namespace sluice::balancer {
namespace {

std::vector<Host> Named(int count, uint32_t weight = 1) {
  std::vector<Host> hosts;
  for (int i = 0; i < count; ++i) {
    hosts.push_back({.weight = weight,
                     .stats = std::make_shared<HostStats>(),
                     .id = Hash("10.0.0." + std::to_string(i) + ":8000")});
  }
  return hosts;
}

MaglevTable TableOf(const HostView& hosts) {
  std::vector<HostIndex> members(hosts.size());
  std::iota(members.begin(), members.end(), 0);
  return MaglevTable(hosts, members);
}

uint64_t Key(int number) { return Hash("session " + std::to_string(number)); }

TEST(MaglevTable, WhenOneOfAHundredLeavesItsKeysMoveAndHardlyAnyOther) {
  std::vector<Host> hosts = Named(100);
  const MaglevTable before = TableOf(HostView(hosts));
  hosts.pop_back();
  const MaglevTable after = TableOf(HostView(hosts));
  int of_the_lost = 0;
  int of_others = 0;
  constexpr int kKeys = 20'000;
  for (int i = 0; i < kKeys; ++i) {
    const HostIndex was = before.At(Key(i));
    if (was == after.At(Key(i))) continue;
    ++(was == 99 ? of_the_lost : of_others);
  }
  EXPECT_NEAR(of_the_lost, kKeys / 100, kKeys / 400);
  EXPECT_LT(of_others, kKeys * 3 / 100);
}

TEST(MaglevTable, NamesDecideAndNotTheOrderOfTheList) {
  std::vector<Host> hosts = Named(10);
  const HostView forward(hosts);
  const MaglevTable one = TableOf(forward);
  std::reverse(hosts.begin(), hosts.end());
  const HostView backward(hosts);
  const MaglevTable other = TableOf(backward);
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(forward.id(one.At(Key(i))), backward.id(other.At(Key(i))));
  }
}

TEST(MaglevTable, GivesEachHostItsWeightOfTheKeys) {
  std::vector<Host> hosts = Named(4);
  hosts[0].weight = 5;
  hosts[3].weight = 0;
  const MaglevTable table = TableOf(HostView(hosts));
  std::map<HostIndex, double> shares;
  for (int i = 0; i < 20'000; ++i) shares[table.At(Key(i))] += 1.0 / 20'000;
  EXPECT_NEAR(shares[0], 5.0 / 7, 0.02);
  EXPECT_NEAR(shares[1], 1.0 / 7, 0.02);
  EXPECT_FALSE(shares.contains(3));
}

TEST(MaglevTable, SharesATableOfAHundredEquallyToOnePercent) {
  const MaglevTable table = TableOf(HostView(Named(100)));
  std::vector<int> places(100, 0);
  for (size_t place = 0; place < table.size(); ++place) ++places[table.At(place)];
  const auto [least, most] = std::minmax_element(places.begin(), places.end());
  EXPECT_LE(*most - *least, 1);
}

TEST(MaglevTable, IsEmptyWhenNoHostWeighsAnything) {
  EXPECT_EQ(TableOf(HostView()).size(), 0u);
  EXPECT_EQ(TableOf(HostView(Named(3, 0))).size(), 0u);
}

class MaglevTest : public PoolFixture {
 protected:
  std::optional<HostIndex> PickFor(int number, const std::vector<HostIndex>& tried = {}) {
    return picker_->Pick({.now = now_, .tried = tried, .key = Key(number)}, rng_);
  }
};

TEST_F(MaglevTest, AKeyStaysWithItsHostAndFindsItAgainAfterARest) {
  Hosts("maglev", Named(8));
  const HostIndex home = *PickFor(7);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(PickFor(7), home);
  Rest(home, 2s);
  const HostIndex other = *PickFor(7);
  EXPECT_NE(other, home);
  EXPECT_EQ(PickFor(7), other) << "the same other one each time";
  now_ += 2s;
  EXPECT_EQ(PickFor(7), home);
}

TEST_F(MaglevTest, EveryWorkerSendsAKeyToTheSameHost) {
  Hosts("maglev", Named(8));
  const std::unique_ptr<Picker> second = MakePicker({.strategy = "maglev"}, hosts_);
  std::mt19937_64 rng(7);
  for (int i = 0; i < 200; ++i) {
    EXPECT_EQ(second->Pick({.now = now_, .key = Key(i)}, rng), PickFor(i));
  }
}

TEST_F(MaglevTest, NoHostEverHoldsMoreThanItsBound) {
  Hosts("maglev", Named(10));
  uint32_t total = 0;
  for (int i = 0; i < 5000; ++i) {
    const HostIndex host = *PickFor(i % 3);  // three keys, all of the traffic
    ++hosts_.stats(host).active;
    ++total;
    EXPECT_LE(hosts_.active(host), std::ceil(1.5 * total / 10));
  }
}

TEST_F(MaglevTest, APopularKeySpreadsOverFewHosts) {
  Hosts("maglev", Named(10));
  for (HostIndex host = 0; host < 10; ++host) Active(host, 10);
  const HostIndex home = *PickFor(1);
  Active(home, 100);
  std::map<HostIndex, int> others;
  for (int i = 0; i < 100; ++i) ++others[*PickFor(1)];
  EXPECT_EQ(others.size(), 1u);
  EXPECT_FALSE(others.contains(home));
}

TEST_F(MaglevTest, AClosedHostGivesItsKeysAwayAndTheOthersKeepTheirs) {
  Hosts("maglev", Named(20));
  std::vector<HostIndex> before;
  for (int i = 0; i < 2000; ++i) before.push_back(*PickFor(i));
  hosts_.stats(4).duty = Duty::kMaintenance;
  now_ += 1s;
  int moved = 0;
  for (int i = 0; i < 2000; ++i) {
    const HostIndex host = *PickFor(i);
    EXPECT_NE(host, 4u);
    if (before[static_cast<size_t>(i)] != 4) {
      moved += host == before[static_cast<size_t>(i)] ? 0 : 1;
    }
  }
  EXPECT_LT(moved, 2000 * 6 / 100);
}

TEST_F(MaglevTest, ATriedHostIsPassedOver) {
  Hosts("maglev", Named(3));
  const HostIndex first = *PickFor(5);
  const HostIndex second = *PickFor(5, {first});
  const HostIndex third = *PickFor(5, {first, second});
  EXPECT_EQ(first + second + third, 3u);
  EXPECT_EQ(PickFor(5, {first, second, third}), std::nullopt);
}

}  // namespace
}  // namespace sluice::balancer
