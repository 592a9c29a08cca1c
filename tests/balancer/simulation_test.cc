// Which strategy does what on which farm (bench/balance/farm.h). Seeded: the same on every machine.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "balancer/picker.h"
#include "bench/balance/farm.h"

namespace sluice::balance {
namespace {

constexpr uint64_t kSeed = 20261127;
const std::string kDefault = balancer::PickerSpec().strategy;

class EveryFarm : public testing::TestWithParam<Farm> {};

Farm Shorter(Farm farm) {
  farm.length = 25s;
  return farm;
}

TEST_P(EveryFarm, TheDefaultIsTheBestOrWithinATenthOfIt) {
  const Farm farm = Shorter(GetParam());
  std::map<std::string, Report> reports;
  for (const balancer::PickerKind& kind : balancer::kPickerKinds) {
    reports[std::string(kind.name)] = Simulate(farm, kind.name, kSeed);
  }
  const Report& mine = reports[kDefault];
  for (const auto& [strategy, report] : reports) {
    EXPECT_LE(mine.p50, report.p50 * 11 / 10) << strategy;
    EXPECT_LE(mine.p99, report.p99 * 11 / 10) << strategy;
    EXPECT_LE(mine.p999, report.p999 * 11 / 10 + 2ms) << strategy;
    EXPECT_LE(mine.failed, report.failed * 1.1 + 0.0005) << strategy;
  }
}

INSTANTIATE_TEST_SUITE_P(Farms, EveryFarm, testing::ValuesIn(Farms()), [](const auto& farm) {
  std::string name = farm.param.name;
  std::replace_if(
      name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return name;
});

Farm Named(std::string_view name) {
  for (const Farm& farm : Farms()) {
    if (farm.name == name) return Shorter(farm);
  }
  ADD_FAILURE() << "no farm " << name;
  return {};
}

TEST(Simulation, GivesTheSameReportForTheSameSeed) {
  Farm farm = Named("6 uneven, 2500/s");
  farm.length = 8s;
  const Report one = Simulate(farm, kDefault, 1);
  const Report two = Simulate(farm, kDefault, 1);
  EXPECT_EQ(one.p999, two.p999);
  EXPECT_EQ(one.shares, two.shares);
  EXPECT_NE(one.p999, Simulate(farm, kDefault, 2).p999);
}

TEST(Simulation, EqualServersGetSharesWithinTwiceOfEachOtherWhateverLooksAtThem) {
  Farm idle = Named("8 equal, load 2 %");
  idle.length = 90s;
  for (const Farm& farm : {Named("8 equal, load 70 %"), idle}) {
    for (const char* strategy : {"expected_delay", "least_request", "peak_ewma", "maglev"}) {
      const Report report = Simulate(farm, strategy, kSeed);
      const auto [least, most] = std::minmax_element(report.shares.begin(), report.shares.end());
      EXPECT_LT(*most, 2 * *least) << farm.name << ", " << strategy;
    }
  }
}

TEST(Simulation, TheDefaultIsWithinATenthOfWhatSeesAllOnUnevenServers) {
  const Farm farm = Named("6 uneven, 2500/s");
  const Report best = Simulate(farm, kSeesAll, kSeed);
  const Report mine = Simulate(farm, kDefault, kSeed);
  EXPECT_LT(mine.p50, best.p50 * 11 / 10);
  EXPECT_LT(mine.p99, best.p99 * 11 / 10);
  EXPECT_LT(mine.p999, best.p999 * 16 / 10);
  EXPECT_LT(mine.p999, Simulate(farm, "least_request", kSeed).p999 / 2);
}

TEST(Simulation, AServerThatFailsFastAttractsNothingWithAnyStrategy) {
  for (const balancer::PickerKind& kind : balancer::kPickerKinds) {
    if (kind.name == "maglev") continue;  // its keys belong to it until it rests
    const Report report = Simulate(Named("one fails all in 1 ms"), kind.name, kSeed);
    EXPECT_LT(report.shares[0], 0.02) << kind.name;
  }
}

TEST(Simulation, AServerThatRefusesIsGivenWhatItTakes) {
  const Report report = Simulate(Named("one takes 4 at once"), kDefault, kSeed);
  EXPECT_LT(report.failed, 0.002);
  EXPECT_GT(report.shares[0], 0.05) << "and is not left to idle";
}

TEST(Simulation, WeightsHoldWhereServersDeserveThem) {
  Farm farm{.name = "", .servers = std::vector<ServerModel>(3), .rate = 2000, .length = 20s};
  farm.servers[0].weight = 4;
  farm.servers[0].slots = 32;
  for (const balancer::PickerKind& kind : balancer::kPickerKinds) {
    if (kind.name == "prequal") continue;  // takes the fastest of the cold, whatever their size
    EXPECT_NEAR(Simulate(farm, kind.name, kSeed).shares[0], 2.0 / 3, 0.05) << kind.name;
  }
}

}  // namespace
}  // namespace sluice::balance
