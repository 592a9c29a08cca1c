// The command line. Exit codes: 0 success, 1 the configuration or the system said no (nothing was
// started), 2 the command itself was wrong.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>

#include "absl/strings/str_format.h"
#include "conf/reference.h"
#include "proxy/admin/api.h"
#include "proxy/demo/banner.h"
#include "proxy/demo/demo_config.h"
#include "proxy/demo/storefront.h"
#include "proxy/server/config_file.h"
#include "proxy/server/preflight.h"
#include "proxy/server/process.h"
#include "proxy/server/supervisor.h"

namespace {

namespace server = sluice::server;
using server::Supervisor;

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
  auto config = server::ReadConfigFile(file);
  if (!config.ok()) return Complain(config.status());
  Supervisor supervisor(*std::move(config), [file] { return server::ReadConfigFile(file); });
  return Serve(supervisor, "");
}

int Check(const std::string& file) {
  const auto config = server::ReadConfigFile(file);
  if (!config.ok()) return Complain(config.status());
  const auto prepared = server::Preflight(**config, nullptr);
  if (!prepared.ok()) return Complain(prepared.status());
  for (const std::string& warning : server::Warnings(**config, *prepared, server::WallNow())) {
    absl::FPrintF(stderr, "warning: %s\n", warning);
  }
  return absl::PrintF("%s: good, %d pools, %d routes\n", file, (*config)->pools.size(),
                      (*config)->routes.size()) < 0;
}

int Demo(int port, int admin_port) {
  auto shop = sluice::demo::StorefrontThread::Start({});
  if (!shop.ok()) return Complain(shop.status());
  const auto& servers = (*shop)->storefront().addresses();
  auto config = server::ReadConfigText("demo", sluice::demo::DemoConfig(port, admin_port, servers));
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
  int result = 0;
  std::string file, key;
  bool markdown = false;
  int port = 8080, admin_port = 9900;
  const auto command = [&](const char* name, const char* help, std::function<int()> act) {
    CLI::App* const added = app.add_subcommand(name, help);
    added->callback([&result, act = std::move(act)] { result = act(); });
    return added;
  };
  for (CLI::App* const reads :
       {command("run", "serve by a configuration file", [&] { return Run(file); }),
        command("check", "say all that is wrong with a file", [&] { return Check(file); })}) {
    reads->add_option("-c,--config", file, "the file")->required();
  }
  CLI::App* const explain = command("explain", "what a configuration key means", [&] {
    const auto text = markdown ? sluice::conf::ReferenceMarkdown() : sluice::conf::Explain(key);
    return text.ok() ? std::fputs(text->c_str(), stdout) < 0 : Complain(text.status());
  });
  explain->add_option("key", key, "e.g. pool.connect_timeout; none: all keys");
  explain->add_flag("--markdown", markdown, "the whole reference as Markdown");
  CLI::App* const demo =
      command("demo", "a storefront with sluice in front", [&] { return Demo(port, admin_port); });
  demo->add_option("--port", port, "where sluice listens")->check(CLI::Range(1, 65535));
  demo->add_option("--admin-port", admin_port, "its admin API")->check(CLI::Range(1, 65535));
  command("version", "print the version", [] { return std::puts("sluice " SLUICE_VERSION) < 0; });
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  return result;
}
