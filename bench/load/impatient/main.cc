// load_impatient --port P --path /x --clients N --leaving SHARE --patience MS --seconds S
// [--first-host H] [--hosts N] [--deviation D]: clients who ask again and again, of whom some hang
// up in the middle (impatient.h). Prints one JSON line. Exit codes: 0 measured, 1 no connections, 2
// the command was wrong.
#include <CLI/CLI.hpp>
#include <cmath>

#include "absl/strings/str_format.h"
#include "bench/load/impatient/impatient.h"
#include "bench/load/loopback.h"
#include "bench/load/quantile.h"

int main(int argc, char** argv) {
  CLI::App app("Clients of 127.0.0.1 who may hang up; prints one JSON line", "load_impatient");
  sluice::load::ImpatientPlan plan;
  double patience_ms = 1000;
  double seconds = 0;
  app.add_option("--port", plan.port, "of the server")->required()->check(CLI::Range(1, 65535));
  app.add_option("--path", plan.path, "asked for, with ?work= behind it")->required();
  app.add_option("--clients", plan.clients, "at once")->required()->check(CLI::Range(1, 20000));
  app.add_option("--leaving", plan.leaving, "share of requests whose client hangs up")
      ->check(CLI::Range(0.0, 1.0));
  app.add_option("--patience", patience_ms, "milliseconds within which they do")
      ->check(CLI::Range(0.0, 60'000.0));
  app.add_option("--seconds", seconds, "of it")->required()->check(CLI::Range(0.01, 600.0));
  app.add_option("--first-host", plan.first_host, "last number of the first's address")
      ->check(CLI::Range(1, 254));
  app.add_option("--hosts", plan.hosts, "addresses from there on that they have in turn")
      ->check(CLI::Range(1, 254));
  app.add_option("--deviation", plan.deviation,
                 "of log-normal work, over its mean; without it: exponential")
      ->check(CLI::Range(0.0, 10.0));
  app.add_option("--seed", plan.seed, "of all chance");
  app.callback([&] {
    if (plan.first_host + plan.hosts > 255) {
      throw CLI::ValidationError("--hosts", "go beyond 127.0.0.254");
    }
  });
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  plan.patience = sluice::Duration(std::llround(patience_ms * 1e6));
  plan.length = sluice::Duration(std::llround(seconds * 1e9));
  sluice::load::RaiseDescriptorLimit();
  auto tally = sluice::load::RunImpatient(plan);
  if (!tally.ok()) {
    absl::FPrintF(stderr, "load_impatient: %s\n", tally.status().message());
    return 1;
  }
  const auto quantile = [&](size_t per_mille) {
    return sluice::load::Microseconds(sluice::load::Quantile(tally->latencies, per_mille));
  };
  absl::PrintF(R"({"answered":%d,"left":%d,"errors":%d,"p50_us":%.1f,"p99_us":%.1f,"max_us":%.1f})"
               "\n",
               tally->answered, tally->left, tally->errors, quantile(500), quantile(990),
               quantile(1000));
  return 0;
}
