// load_tunnel --port P --connections N --size BYTES --seconds S: WebSocket messages there and back,
// one at a time on each connection (tunnel.h). Prints one JSON line; the percentiles are exact and
// of the messages that came back as they were. Exit codes: 0 measured, 1 no connections or no
// upgrade, 2 the command was wrong.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "absl/strings/str_format.h"
#include "bench/load/quantile.h"
#include "bench/load/tunnel/tunnel.h"

namespace {

using sluice::load::Microseconds;
using sluice::load::Quantile;

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("A closed-loop WebSocket load on 127.0.0.1; prints one JSON line", "load_tunnel");
  sluice::load::TunnelPlan plan;
  app.add_option("--port", plan.port, "of the server")->required()->check(CLI::Range(1, 65535));
  app.add_option("--connections", plan.connections, "each with one message under way")
      ->required()
      ->check(CLI::Range(1, 20000));
  app.add_option("--size", plan.size_bytes, "bytes of a message")
      ->required()
      ->check(CLI::Range(0, 16 << 20));
  app.add_option("--seconds", plan.seconds, "of new messages")
      ->required()
      ->check(CLI::Range(0.01, 3600.0));
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  auto tally = sluice::load::RunTunnel(plan);
  if (!tally.ok()) {
    absl::FPrintF(stderr, "load_tunnel: %s\n", tally.status().message());
    return 1;
  }
  absl::PrintF(R"({"messages":%d,"errors":%d,"p50_us":%.1f,"p99_us":%.1f,"seconds":%.3f})"
               "\n",
               tally->latencies.size(), tally->errors,
               Microseconds(Quantile(tally->latencies, 500)),
               Microseconds(Quantile(tally->latencies, 990)), sluice::load::Seconds(tally->took));
  return 0;
}
