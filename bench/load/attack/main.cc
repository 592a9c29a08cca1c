// load_h2_attack --script NAME --port P --connections N --seconds S [--reopen R]: somebody who
// means harm, on loopback. Says one of the scripts (script.cc) on N connections as fast as they
// take it, and ends after S seconds. Prints one JSON line (attack.h). Exit codes: 0 done, 2 the
// command was wrong.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "bench/load/attack/attack.h"
#include "bench/load/loopback.h"
#include "bench/load/quantile.h"

int main(int argc, char** argv) {
  using namespace sluice::load;
  CLI::App app("An attacker on 127.0.0.1; prints one JSON line", "load_h2_attack");
  AttackPlan plan;
  std::string name;
  app.add_option("--script", name, ScriptNames())->required();
  app.add_option("--port", plan.port, "of the server")->required()->check(CLI::Range(1, 65535));
  app.add_option("--connections", plan.connections, "at once")
      ->required()
      ->check(CLI::Range(1, 20000));
  app.add_option("--seconds", plan.seconds, "until it ends")
      ->required()
      ->check(CLI::Range(0.01, 600.0));
  app.add_option("--reopen", plan.reopen, "connections opened again in a second; 0: at once")
      ->check(CLI::Range(0.0, 1e6));
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  const auto script = MakeScript(name);
  if (!script.has_value()) {
    absl::FPrintF(stderr, "load_h2_attack: no script %s; there are %s\n", name, ScriptNames());
    return 2;
  }
  RaiseDescriptorLimit();
  const AttackTally tally = RunAttack(plan, *script);
  const std::string goaways =
      absl::StrJoin(tally.goaways, ",", [](std::string* out, const auto& entry) {
        absl::StrAppend(out, "\"", entry.first, "\":", entry.second);
      });
  absl::PrintF(
      R"({"script":"%s","opened":%d,"refused":%d,"cut":%d,"finished":%d,"bytes":%d,"resets":%d,)"
      R"("goaways":{%s},"seconds":%.3f})"
      "\n",
      name, tally.opened, tally.refused, tally.cut, tally.finished, tally.bytes, tally.resets,
      goaways, Seconds(tally.took));
}
