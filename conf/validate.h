// Validate: what no single key can tell: names given twice, references to nothing, keys that
// exclude or need each other. Each value by itself has been checked by the schema before.
#ifndef SLUICE_CONF_VALIDATE_H_
#define SLUICE_CONF_VALIDATE_H_

#include <string>
#include <string_view>

#include "conf/config.h"
#include "conf/report.h"

namespace sluice::conf {

// `config` as Complete() left it; `report` knows where it was written and gets what is wrong.
void Validate(const Config& config, Report& report);
// Of the limits alone, without what they say of routes.
void ValidateLimits(const Config& config, Report& report);
// Of waiting rooms and events, and of what routes say of them.
void ValidateRooms(const Config& config, Report& report);

// Of a server's address beside its pool's tls: nothing when its certificate could be verified, else
// the rest of a sentence that begins with the address.
std::string CheckVerifiable(const Pool& pool, std::string_view address);

}  // namespace sluice::conf

#endif  // SLUICE_CONF_VALIDATE_H_
