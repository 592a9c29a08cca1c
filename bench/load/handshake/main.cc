// load_handshake --port P --path /x --connections N --seconds S: a TLS connection and a handshake,
// full or resumed, for each request (handshake.h). Prints one JSON line; the percentiles are exact
// and of the requests that were answered. Exit codes: 0 measured, 1 nobody answers, 2 the command
// was wrong.
#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>

#include "absl/strings/str_format.h"
#include "bench/load/handshake/handshake.h"
#include "bench/load/quantile.h"

namespace {

using sluice::load::Microseconds;
using sluice::load::Quantile;

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("A TLS handshake for each request, on 127.0.0.1; prints one JSON line",
               "load_handshake");
  sluice::load::HandshakePlan plan;
  app.add_option("--port", plan.port, "of the server")->required()->check(CLI::Range(1, 65535));
  app.add_option("--path", plan.path, "asked for once on each connection")->required();
  app.add_option("--connections", plan.connections, "at the same time")
      ->required()
      ->check(CLI::Range(1, 20000));
  app.add_option("--seconds", plan.seconds, "of new connections")
      ->required()
      ->check(CLI::Range(0.01, 3600.0));
  app.add_option("--field", plan.field, "one more of each request, as \"Cookie: a=b\"");
  app.add_flag("--resume", plan.resume, "sessions, as browsers do");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  // OpenSSL writes to sockets without MSG_NOSIGNAL.
  std::signal(SIGPIPE, SIG_IGN);
  auto tally = sluice::load::RunHandshakes(plan);
  if (!tally.ok()) {
    absl::FPrintF(stderr, "load_handshake: %s\n", tally.status().message());
    return 1;
  }
  absl::PrintF(R"({"requests":%d,"errors":%d,"resumed":%d,"p50_us":%.1f,"p99_us":%.1f,)"
               R"("seconds":%.3f})"
               "\n",
               tally->latencies.size(), tally->errors, tally->resumed,
               Microseconds(Quantile(tally->latencies, 500)),
               Microseconds(Quantile(tally->latencies, 990)), sluice::load::Seconds(tally->took));
  return 0;
}
