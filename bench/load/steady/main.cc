// load_steady --port P --path /x --rate R --connections N --seconds S [--warmup W] [--http2]
// [--farm SEED [--deviation D]]: GETs at fixed intervals or by chance, whatever the server does,
// and how long they took from the moment they were due. Prints one JSON line: started = completed +
// errors; the percentiles are exact and hold errors too; start_lag is the generator's own lateness
// (line.h). Exit codes: 0 measured, 1 no connections, 2 the command was wrong.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdio>

#include "absl/strings/str_format.h"
#include "bench/load/loopback.h"
#include "bench/load/quantile.h"
#include "bench/load/steady/steady.h"

namespace {

using sluice::load::Line;
using sluice::load::Microseconds;
using sluice::load::SteadyPlan;

// Each costs 16 bytes; more of them are more than a percentile needs.
constexpr double kMostRequests = 50e6;

void Print(const SteadyPlan& plan, Line::Tally& tally) {
  const auto quantile = [&](size_t per_mille) {
    return Microseconds(sluice::load::Quantile(tally.latencies, per_mille));
  };
  absl::PrintF(
      R"({"rate":%.10g,"started":%d,"completed":%d,"errors":%d,"p50_us":%.1f,"p90_us":%.1f,)"
      R"("p99_us":%.1f,"p999_us":%.1f,"max_us":%.1f,"seconds":%.3f,"start_lag_p99_us":%.1f,)"
      R"("began_s":%.6f,"last_error_s":%.6f})"
      "\n",
      plan.rate, tally.completed + tally.errors, tally.completed, tally.errors, quantile(500),
      quantile(900), quantile(990), quantile(999), quantile(1000),
      std::max(plan.seconds, sluice::load::Seconds(tally.took)),
      Microseconds(sluice::load::Quantile(tally.lags, 990)),
      sluice::load::Seconds(tally.began.time_since_epoch()),
      sluice::load::Seconds(tally.last_error.time_since_epoch()));
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("An open-loop HTTP load on 127.0.0.1; prints one JSON line", "load_steady");
  SteadyPlan plan;
  double drain = sluice::load::Seconds(plan.drain);
  app.add_option("--port", plan.port, "of the server")->required()->check(CLI::Range(1, 65535));
  app.add_option("--path", plan.path, "asked for again and again")->required();
  app.add_option("--rate", plan.rate, "requests a second")->required()->check(CLI::Range(0.1, 1e6));
  app.add_option("--connections", plan.connections, "kept open")
      ->required()
      ->check(CLI::Range(1, 20000));
  app.add_option("--seconds", plan.seconds, "of counted turns")
      ->required()
      ->check(CLI::Range(0.01, 3600.0));
  app.add_option("--warmup", plan.warmup, "seconds of turns before, not counted")
      ->check(CLI::Range(0.0, 600.0));
  app.add_flag("--http2", plan.http2, "instead of HTTP/1.1: one request at a time a connection");
  app.add_option("--farm", plan.farm, "seed: Poisson arrivals, and for each PATH/n?work=w");
  app.add_option("--deviation", plan.deviation,
                 "with --farm: of log-normal work, over its mean; without it: exponential")
      ->check(CLI::Range(0.0, 10.0));
  app.add_option("--drain", drain, "seconds to wait for answers after the last turn")
      ->check(CLI::Range(0.0, 60.0));
  app.callback([&] {
    plan.drain = std::chrono::milliseconds(std::llround(drain * 1000));
    const double requests = plan.rate * (plan.seconds + plan.warmup);
    if (requests < 1 || requests > kMostRequests) {
      throw CLI::ValidationError("rate times seconds", "must be from 1 to 50,000,000 requests");
    }
    if (plan.path.empty() || plan.path.front() != '/') {
      throw CLI::ValidationError("--path", "must begin with /");
    }
  });
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  auto tally = sluice::load::RunSteady(plan);
  if (!tally.ok()) {
    absl::FPrintF(stderr, "load_steady: %s\n", tally.status().message());
    return 1;
  }
  Print(plan, *tally);
  return 0;
}
