// load_waiters --port P --room NAME --watch PID --waiters N --connections N ...: a crowd that waits
// as told, and shoppers beside it (waiters.h). Prints one JSON line. Exit codes: 0 measured, 1 no
// connections, or nobody to watch, 2 the command was wrong.
#include <CLI/CLI.hpp>
#include <cmath>

#include "absl/strings/str_format.h"
#include "bench/load/loopback.h"
#include "bench/load/quantile.h"
#include "bench/load/waiters/waiters.h"

int main(int argc, char** argv) {
  CLI::App app("A crowd before a waiting room of 127.0.0.1; prints one JSON line", "load_waiters");
  sluice::load::WaitersPlan plan;
  double rest = 5, settle = 15, length = 10;
  app.add_option("--port", plan.port, "of the server")->required()->check(CLI::Range(1, 65535));
  app.add_option("--room", plan.room, "its name");
  app.add_option("--watch", plan.watched, "the process that keeps the room")->required();
  app.add_option("--waiters", plan.waiters, "in all")->required()->check(CLI::Range(1, 1'000'000));
  app.add_option("--connections", plan.connections, "that they share")
      ->required()
      ->check(CLI::Range(1, 20'000));
  app.add_option("--arrivals", plan.arrivals, "of waiters, a second")
      ->required()
      ->check(CLI::Range(1.0, 100'000.0));
  app.add_option("--shoppers", plan.shoppers, "inside")->required()->check(CLI::Range(1, 10'000));
  app.add_option("--pages", plan.pages, "a second, of all shoppers")
      ->required()
      ->check(CLI::Range(0.1, 100'000.0));
  app.add_option("--rest", rest, "seconds before the crowd")->check(CLI::Range(0.1, 600.0));
  app.add_option("--settle", settle, "seconds after it has come")->check(CLI::Range(0.0, 600.0));
  app.add_option("--seconds", length, "watched then")->check(CLI::Range(0.1, 600.0));
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  const auto seconds = [](double count) { return sluice::Duration(std::llround(count * 1e9)); };
  plan.rest = seconds(rest);
  plan.settle = seconds(settle);
  plan.length = seconds(length);
  sluice::load::RaiseDescriptorLimit();
  auto tally = sluice::load::RunWaiters(plan);
  if (!tally.ok()) {
    absl::FPrintF(stderr, "load_waiters: %s\n", tally.status().message());
    return 1;
  }
  const auto p99 = [](std::vector<sluice::Duration>& times) {
    return sluice::load::Microseconds(sluice::load::Quantile(times, 990));
  };
  absl::PrintF(R"({"visits_per_s":%.1f,"strays":%d,"late_ms":%.1f,"share":%.4f,"grown":%d,)"
               R"("rest_pages":%d,"rest_p99_us":%.1f,"crowd_pages":%d,"crowd_p99_us":%.1f})"
               "\n",
               static_cast<double>(tally->visits) / length, tally->strays,
               sluice::load::Microseconds(tally->most_late) / 1e3, tally->share, tally->grown,
               tally->at_rest.size(), p99(tally->at_rest), tally->in_crowd.size(),
               p99(tally->in_crowd));
  return 0;
}
