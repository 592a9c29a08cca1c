// `sluice run` and `sluice check`: a configuration file served until a signal ends it, or only
// looked at.
//
// Threads: the main one. They return the exit code: 0 an orderly end or a good file, 1 what is
// wrong has been said on stderr and nothing was started.
#ifndef SLUICE_PROXY_ADMIN_RUN_H_
#define SLUICE_PROXY_ADMIN_RUN_H_

#include <string>

#include "absl/status/status.h"
#include "proxy/server/supervisor.h"

namespace sluice::admin {

int Run(const std::string& file);
int Check(const std::string& file);

// Serves with the admin API; `greeting` goes to stdout once all is open.
int Serve(server::Supervisor& supervisor, const std::string& greeting);
// Says it on stderr; 1.
int Complain(const absl::Status& status);

}  // namespace sluice::admin

#endif  // SLUICE_PROXY_ADMIN_RUN_H_
