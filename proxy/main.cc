// The command line. Exit codes: 0 success, 1 the configuration or the system said no (nothing was
// started), 2 the command itself was wrong.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <string>

#include "absl/strings/str_format.h"
#include "conf/reference.h"
#include "proxy/admin/api.h"
#include "proxy/demo/banner.h"
#include "proxy/demo/demo_config.h"
#include "proxy/demo/storefront.h"
#include "proxy/server/config_file.h"
#include "proxy/server/supervisor.h"

namespace {

using sluice::server::Supervisor;

int Complain(const absl::Status& status) {
  absl::FPrintF(stderr, "%s\n", std::string(status.message()));
  return 1;
}

int Serve(Supervisor& supervisor, const std::string& greeting) {
  sluice::admin::Api api(supervisor);
  supervisor.ServeAdmin(api);
  supervisor.TakeSignals();
  if (const absl::Status status = supervisor.Start(); !status.ok()) return Complain(status);
  std::fputs(greeting.c_str(), stdout);
  std::fflush(stdout);
  supervisor.Run();
  return 0;
}

int Run(const std::string& file) {
  auto config = sluice::server::ReadConfigFile(file);
  if (!config.ok()) return Complain(config.status());
  Supervisor supervisor(*std::move(config),
                        [file] { return sluice::server::ReadConfigFile(file); });
  return Serve(supervisor, "");
}

int Check(const std::string& file) {
  const auto config = sluice::server::ReadConfigFile(file);
  if (!config.ok()) return Complain(config.status());
  absl::PrintF("%s: good: %d listeners, %d pools, %d routes\n", file, (*config)->listeners.size(),
               (*config)->pools.size(), (*config)->routes.size());
  return 0;
}

int Explain(const std::string& key, bool markdown) {
  if (markdown) {
    std::fputs(sluice::conf::ReferenceMarkdown().c_str(), stdout);
    return 0;
  }
  const absl::StatusOr<std::string> text = sluice::conf::Explain(key);
  if (!text.ok()) return Complain(text.status());
  std::fputs(text->c_str(), stdout);
  return 0;
}

int Demo(int port, int admin_port) {
  auto shop = sluice::demo::StorefrontThread::Start({});
  if (!shop.ok()) return Complain(shop.status());
  const auto& servers = (*shop)->storefront().addresses();
  auto config =
      sluice::server::ReadConfigText("demo", sluice::demo::DemoConfig(port, admin_port, servers));
  if (!config.ok()) return Complain(config.status());
  Supervisor supervisor(*std::move(config), nullptr);
  return Serve(supervisor,
               sluice::demo::DemoBanner(absl::StrFormat("localhost:%d", port),
                                        absl::StrFormat("localhost:%d", admin_port), servers));
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("sluice: a reverse proxy for shops whose sales are announced", "sluice");
  app.require_subcommand(1);
  std::string file, key;
  bool markdown = false;
  int port = 8080, admin_port = 9900, result = 0;
  CLI::App* const run = app.add_subcommand("run", "serve by a configuration file");
  run->add_option("-c,--config", file, "the file")->required();
  run->callback([&] { result = Run(file); });
  CLI::App* const check = app.add_subcommand("check", "say all that is wrong with a file");
  check->add_option("-c,--config", file, "the file")->required();
  check->callback([&] { result = Check(file); });
  CLI::App* const explain = app.add_subcommand("explain", "what a configuration key means");
  explain->add_option("key", key, "e.g. pool.connect_timeout; none: all keys");
  explain->add_flag("--markdown", markdown, "the whole reference as Markdown");
  explain->callback([&] { result = Explain(key, markdown); });
  CLI::App* const demo = app.add_subcommand("demo", "a storefront with sluice in front");
  demo->add_option("--port", port, "where sluice listens")->check(CLI::Range(1, 65535));
  demo->add_option("--admin-port", admin_port, "its admin listener")->check(CLI::Range(1, 65535));
  demo->callback([&] { result = Demo(port, admin_port); });
  app.add_subcommand("version", "print the version")->callback([] {
    std::puts("sluice " SLUICE_VERSION);
  });
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  return result;
}
