#include "proxy/admin/run.h"

#include <cstdio>
#include <utility>

#include "absl/strings/str_format.h"
#include "proxy/admin/api.h"
#include "proxy/server/config_file.h"
#include "proxy/server/preflight.h"
#include "proxy/server/process.h"

namespace sluice::admin {

int Complain(const absl::Status& status) {
  absl::FPrintF(stderr, "%s\n", std::string(status.message()));
  return 1;
}

int Serve(server::Supervisor& supervisor, const std::string& greeting) {
  Api api(supervisor);
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
  server::Supervisor supervisor(*std::move(config),
                                [file] { return server::ReadConfigFile(file); });
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

}  // namespace sluice::admin
