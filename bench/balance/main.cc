// balance_sim: every strategy on every farm of farm.h, as a table. What to read in it: the line of
// the default beside the best of the others and beside "(sees all)", which knows the future of
// every server. Times in milliseconds from the intended start; medians over the seeds.
#include <cstdio>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/strings/str_format.h"
#include "balancer/picker.h"
#include "bench/balance/farm.h"
#include "bench/load/quantile.h"

namespace sluice::balance {
namespace {

double Median(std::vector<Duration> values) {
  return load::Microseconds(load::Quantile(values, 500)) / 1e3;
}

void PrintRow(const Farm& farm, std::string_view strategy, uint64_t seeds) {
  std::vector<Duration> p50;
  std::vector<Duration> p99;
  std::vector<Duration> p999;
  double failed = 0;
  std::vector<double> shares(farm.servers.size(), 0);
  for (uint64_t seed = 1; seed <= seeds; ++seed) {
    const Report report = Simulate(farm, strategy, seed);
    p50.push_back(report.p50);
    p99.push_back(report.p99);
    p999.push_back(report.p999);
    failed += report.failed / static_cast<double>(seeds);
    for (size_t i = 0; i < shares.size(); ++i) {
      shares[i] += report.shares[i] / static_cast<double>(seeds);
    }
  }
  std::string line = absl::StrFormat("| %-14s | %8.1f | %8.1f | %8.1f | %6.2f |", strategy,
                                     Median(p50), Median(p99), Median(p999), failed * 100);
  for (const double share : shares) line += absl::StrFormat(" %4.1f", share * 100);
  std::puts((line + " |").c_str());
}

}  // namespace
}  // namespace sluice::balance

int main(int argc, char** argv) {
  using sluice::balance::PrintRow;
  uint64_t seeds = 3;
  std::string only;
  CLI::App app{"Strategies on simulated farms."};
  app.add_option("--seeds", seeds, "Runs of each, whose median is printed")
      ->check(CLI::Range(1, 99));
  app.add_option("--farm", only, "Only farms whose name has this in it");
  CLI11_PARSE(app, argc, argv);
  for (const sluice::balance::Farm& farm : sluice::balance::Farms()) {
    if (farm.name.find(only) == std::string::npos) continue;
    std::puts(absl::StrFormat("\n%s\n", farm.name).c_str());
    std::puts("| strategy       | p50 (ms) | p99 (ms) | p99.9    | fail % | shares % |");
    std::puts("|----------------|---------:|---------:|---------:|-------:|----------|");
    PrintRow(farm, sluice::balance::kSeesAll, seeds);
    for (const sluice::balancer::PickerKind& kind : sluice::balancer::kPickerKinds) {
      PrintRow(farm, kind.name, seeds);
    }
  }
  return 0;
}
