// load_farm --control P --server port=P,... [--server ...]: application servers with queues, slots
// and bad habits, as farm.h and plan.h say. Serves until SIGTERM. Exit code 2: the command was
// wrong.
#include <CLI/CLI.hpp>
#include <csignal>
#include <string>
#include <vector>

#include "bench/load/farm/farm.h"
#include "bench/load/loopback.h"

int main(int argc, char** argv) {
  CLI::App app("Application servers on 127.0.0.1, as uneven as is said", "load_farm");
  uint16_t control = 0;
  std::vector<std::string> texts;
  std::vector<sluice::load::FarmServer> servers;
  app.add_option("--control", control, "port that tells what was seen")
      ->required()
      ->check(CLI::Range(1, 65535));
  app.add_option("--server", texts, "port=P,slots=8,mean_us=10000,... (bench/load/farm/plan.h)")
      ->required();
  app.callback([&] {
    for (const std::string& text : texts) {
      auto server = sluice::load::ParseFarmServer(text);
      if (!server.ok()) throw CLI::ValidationError("--server", server.status().ToString());
      if (server->slots_of.has_value() && *server->slots_of >= servers.size()) {
        throw CLI::ValidationError("--server", text + ": slots_of names none before it");
      }
      servers.push_back(*server);
    }
  });
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  sluice::load::RaiseDescriptorLimit();
  std::signal(SIGTERM, [](int) { ::_exit(0); });
  sluice::load::ServeFarm(servers, control);
}
