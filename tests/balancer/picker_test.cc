// What every strategy holds to, run for each entry of kPickerKinds.
#include "balancer/picker.h"

#include <set>
#include <string>

#include "tests/balancer/pool_fixture.h"

namespace sluice::balancer {
namespace {

class EveryPicker : public PoolFixture, public testing::WithParamInterface<PickerKind> {
 protected:
  void Weights(const std::vector<uint32_t>& weights) {
    Hosts(std::string(GetParam().name), weights);
  }
};

TEST_P(EveryPicker, PicksNothingFromAnEmptyPool) {
  Weights({});
  EXPECT_EQ(Pick(), std::nullopt);
}

TEST_P(EveryPicker, PicksTheOnlyHost) {
  Weights({5});
  EXPECT_EQ(Pick(), 0u);
}

TEST_P(EveryPicker, SharesAnIdlePoolByWeight) {
  Weights({1, 2, 5});
  std::map<HostIndex, double> shares = Shares(8000);
  EXPECT_NEAR(shares[0], 1.0 / 8, 0.02);
  EXPECT_NEAR(shares[1], 2.0 / 8, 0.02);
  EXPECT_NEAR(shares[2], 5.0 / 8, 0.02);
}

TEST_P(EveryPicker, NeverPicksAHostThatWasTried) {
  Weights({1, 1, 1, 1});
  const std::map<HostIndex, double> shares = Shares(400, {0, 2});
  EXPECT_EQ(shares.size(), 2u);
  EXPECT_TRUE(shares.contains(1) && shares.contains(3));
}

TEST_P(EveryPicker, PicksNothingWhenAllWereTried) {
  Weights({1, 1});
  EXPECT_EQ(Pick({1, 0}), std::nullopt);
}

TEST_P(EveryPicker, TriesOfOneRequestVisitEveryHostOnce) {
  Weights({1, 9, 3, 3, 1});
  std::vector<HostIndex> tried;
  while (const std::optional<HostIndex> host = Pick(tried)) tried.push_back(*host);
  EXPECT_EQ(std::set<HostIndex>(tried.begin(), tried.end()).size(), 5u);
  EXPECT_EQ(tried.size(), 5u);
}

TEST_P(EveryPicker, NeverPicksAHostOfWeightZeroEvenInPanic) {
  Weights({0, 1, 0});
  EXPECT_EQ(Shares(100).size(), 1u);
  Rest(1);
  EXPECT_EQ(Pick(), 1u);
  EXPECT_EQ(Pick({1}), std::nullopt);
}

TEST_P(EveryPicker, SkipsAHostWhileItRestsAndReturnsToIt) {
  Weights({1, 1, 1});
  Rest(1, 2s);
  EXPECT_FALSE(Shares(300).contains(1));
  now_ += 2s - 1ns;
  EXPECT_FALSE(Shares(300).contains(1));
  now_ += 1ns;
  EXPECT_NEAR(Shares(3000)[1], 1.0 / 3, 0.05);
}

TEST_P(EveryPicker, WhenAllRestAllAreUsed) {
  Weights({1, 1, 1});
  for (const HostIndex host : {0u, 1u, 2u}) Rest(host);
  const std::map<HostIndex, double> shares = Shares(3000);
  ASSERT_EQ(shares.size(), 3u);
  for (const auto& [host, share] : shares) EXPECT_NEAR(share, 1.0 / 3, 0.05) << host;
}

TEST_P(EveryPicker, ARestingHostIsTriedWhenTheUsableOnesWere) {
  Weights({1, 1});
  Rest(1);
  EXPECT_EQ(Pick({0}), 1u);
}

INSTANTIATE_TEST_SUITE_P(Kinds, EveryPicker, testing::ValuesIn(kPickerKinds),
                         [](const auto& kind) { return std::string(kind.param.name); });

TEST(MakePicker, KnowsNoStrategyOutsideTheTable) {
  EXPECT_EQ(MakePicker({.strategy = "fortune"}, HostView()), nullptr);
}

TEST(PickerSpec, NamesAStrategyOfTheTableByDefault) {
  EXPECT_NE(MakePicker({}, HostView()), nullptr);
}

}  // namespace
}  // namespace sluice::balancer
