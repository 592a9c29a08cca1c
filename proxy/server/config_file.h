// The configuration as it stands on this machine: files and environment read for conf::Load. What
// only their use can tell, Preflight() does.
//
// Threads: any; reads files.
#ifndef SLUICE_PROXY_SERVER_CONFIG_FILE_H_
#define SLUICE_PROXY_SERVER_CONFIG_FILE_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "conf/config.h"

namespace sluice::server {

// The configuration in the file, or all that is wrong with it, one "file:line:column: …" a line.
absl::StatusOr<std::shared_ptr<const conf::Config>> ReadConfigFile(const std::string& path);

// The same of a text in hand; `name` stands for the file in errors.
absl::StatusOr<std::shared_ptr<const conf::Config>> ReadConfigText(const std::string& name,
                                                                   const std::string& text);

}  // namespace sluice::server

#endif  // SLUICE_PROXY_SERVER_CONFIG_FILE_H_
