// What every strategy holds to, run for each entry of kPickerKinds.
#include "balancer/picker.h"

#include <set>
#include <string>

#include "balancer/slow_start.h"
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

TEST_P(EveryPicker, GivesAHostThatBeganToFailNextToNothing) {
  Weights({1, 1, 1});
  for (const HostIndex host : {0u, 1u, 2u}) Answers(host, 10ms);
  Fails(0);
  EXPECT_LT(Shares(2000)[0], 0.02);
  Fails(1), Fails(2);
  now_ += 50ms;
  EXPECT_GT(Shares(2000)[0], 0.3) << "when all fail, none is to blame";
}

TEST_P(EveryPicker, GivesAHostThatRefusesLess) {
  Weights({1, 1, 1, 1});
  for (const HostIndex host : {0u, 1u, 2u, 3u}) Answers(host, 10ms);
  const double before = Shares(4000)[0];
  for (int i = 0; i < 10; ++i, now_ += 200ms) Settled(0, {.result = Result::kOverloaded});
  EXPECT_LT(Shares(4000)[0], before / 3);
  now_ += 20s;
  for (const HostIndex host : {0u, 1u, 2u, 3u}) Answers(host, 10ms);
  now_ += 20ms;
  EXPECT_NEAR(Shares(4000)[0], before, 0.05) << "forgiven after a while";
}

TEST_P(EveryPicker, UsesBackupsOnlyWhenNothingInFrontOfThemCanBe) {
  Hosts(std::string(GetParam().name), {{.tier = 0}, {.tier = 0}, {.tier = 1}, {.tier = 1}});
  EXPECT_EQ(Shares(400).size(), 2u);
  Rest(0, 1h);
  now_ += 1s;
  EXPECT_GT(Shares(400)[1], 0.99);
  Rest(1, 1h);
  now_ += 1s;
  std::map<HostIndex, double> shares = Shares(400);
  EXPECT_NEAR(shares[2], 0.5, 0.1);
  EXPECT_NEAR(shares[3], 0.5, 0.1);
  Rest(2, 1h), Rest(3, 1h);
  now_ += 1s;
  shares = Shares(400);
  EXPECT_NEAR(shares[0] + shares[1], 1, 1e-6) << "in panic the first tier again";
}

TEST_P(EveryPicker, GoesOnToABackupWithinOneRequest) {
  Hosts(std::string(GetParam().name), {{.tier = 1}, {.tier = 0}});
  EXPECT_EQ(Pick(), 1u);
  EXPECT_EQ(Pick({1}), 0u);
}

TEST_P(EveryPicker, UsesAllWhenFewerThanHalfCanBe) {
  Weights({1, 1, 1, 1});
  Rest(0, 1h), Rest(1, 1h);
  EXPECT_EQ(Shares(400).size(), 2u);
  Rest(2, 1h);
  now_ += 1s;
  EXPECT_EQ(Shares(400).size(), 4u);
}

TEST_P(EveryPicker, TreatsAFailedCheckAsARestAndAClosedHostAsGone) {
  Weights({1, 1, 1});
  hosts_.stats(0).down = true;
  EXPECT_FALSE(Shares(400).contains(0));
  EXPECT_EQ(Pick({1, 2}), 0u);
  hosts_.stats(0).duty = Duty::kMaintenance;
  EXPECT_EQ(Pick({1, 2}), std::nullopt);
}

TEST_P(EveryPicker, PassesOverWhatIsFullAndRatherWaitsThanUsesWhatRests) {
  Weights({1, 1, 1, 1});
  hosts_.stats(0).limit = 8, Active(0, 8);
  EXPECT_FALSE(Shares(400).contains(0));
  for (const HostIndex host : {1u, 2u, 3u}) hosts_.stats(host).limit = 8, Active(host, 8);
  EXPECT_EQ(Pick(), std::nullopt);
  EXPECT_TRUE(hosts_.AnyLeft({}));
  Active(2, 7);
  EXPECT_EQ(Pick(), 2u);
  Active(2, 8), Active(3, 0), Rest(3);
  EXPECT_EQ(Pick(), std::nullopt);
}

TEST_P(EveryPicker, LetsANewHostHoldATenthOfItsLimitAtFirst) {
  Weights({1, 1});
  hosts_.stats(0).limit = 21;
  BeginSlowStart(hosts_.stats(0), now_);
  Active(0, 1);
  EXPECT_EQ(Pick({1}), 0u);
  Active(0, 2);
  EXPECT_EQ(Pick({1}), std::nullopt);
  now_ += 10s;
  EXPECT_EQ(Pick({1}), 0u);
}

TEST_P(EveryPicker, BringsANewHostUpSlowly) {
  Weights({1, 1, 1, 1});
  BeginSlowStart(hosts_.stats(0), now_);
  for (const HostIndex host : {1u, 2u, 3u}) Active(host, 10);
  Active(0, 1);
  EXPECT_LT(Shares(1000)[0], 0.2);
  for (const HostIndex host : {0u, 1u, 2u, 3u}) Active(host, 0);
  now_ += 20s;
  EXPECT_NEAR(Shares(4000)[0], 0.25, 0.05);
}

TEST_P(EveryPicker, SharesAPoolOfAHundredEquallyByChiSquare) {
  Weights(std::vector<uint32_t>(100, 1));
  constexpr int kPicks = 50'000;
  double chi_square = 0;
  const std::map<HostIndex, double> shares = Shares(kPicks);
  ASSERT_EQ(shares.size(), 100u);
  for (const auto& [host, share] : shares) {
    const double off = share * kPicks - kPicks / 100.0;
    chi_square += off * off / (kPicks / 100.0);
  }
  // 99 degrees of freedom: above 149 in one of a thousand.
  EXPECT_LT(chi_square, 149);
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
