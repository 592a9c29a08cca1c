// Lint: what is not wrong with a Config, but is hardly what its author meant: rooms that nobody
// waits in, events that are over. `sluice check` prints these sentences; nothing else heeds them.
//
// Threads: any. Time: an argument.
#ifndef SLUICE_CONF_LINT_H_
#define SLUICE_CONF_LINT_H_

#include <string>
#include <vector>

#include "conf/config.h"

namespace sluice::conf {

std::vector<std::string> Lint(const Config& config, Time now);

}  // namespace sluice::conf

#endif  // SLUICE_CONF_LINT_H_
