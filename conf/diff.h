// Diff: what changed from one Config to another, one line per thing, for the log of a reload:
// "pool 'web' changed: connect_timeout \"1s\" -> \"2s\"". Threads: any. Cost: both are written out.
#ifndef SLUICE_CONF_DIFF_H_
#define SLUICE_CONF_DIFF_H_

#include <string>
#include <vector>

#include "conf/config.h"

namespace sluice::conf {

// Empty when nothing changed.
std::vector<std::string> Diff(const Config& before, const Config& after);

}  // namespace sluice::conf

#endif  // SLUICE_CONF_DIFF_H_
