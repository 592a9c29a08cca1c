// Preflight: what can be wrong with a Config that only this side of the house can tell: formats of
// lines it writes, names it must know, keys that fit their certificates. `check`, `run` and every
// reload ask it.
//
// Threads: any. Time: an argument, for the dates of certificates. Reads no file, opens nothing.
#ifndef SLUICE_PROXY_SERVER_PREFLIGHT_H_
#define SLUICE_PROXY_SERVER_PREFLIGHT_H_

#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "conf/config.h"
#include "proxy/base/time.h"

namespace sluice::server {

// All that is wrong, one sentence a line.
absl::Status Preflight(const conf::Config& config, WallTime now);

// The keys that differ and are read only at the start of a process.
std::vector<std::string_view> NeedsRestart(const conf::Config& before, const conf::Config& after);

}  // namespace sluice::server

#endif  // SLUICE_PROXY_SERVER_PREFLIGHT_H_
