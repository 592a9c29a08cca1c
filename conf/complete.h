// Complete: what the operator left to sluice is filled in: names of listeners and routes, the route
// of a file without routes; and what has several spellings gets one (hosts and names of header
// fields in lower case); servers that files list join those of their pools; and what waiting rooms
// say of routes is said by the routes.
#ifndef SLUICE_CONF_COMPLETE_H_
#define SLUICE_CONF_COMPLETE_H_

#include "conf/config.h"

namespace sluice::conf {

void Complete(Config& config);

}  // namespace sluice::conf

#endif  // SLUICE_CONF_COMPLETE_H_
