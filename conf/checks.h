// What Validate() asks of more than one kind of table. Each check says what is wrong to the report,
// at the place given, and nothing when all is well. Places are as in report.h.
//
// Threads: one, the report's. Cost: paid when a file is loaded.
#ifndef SLUICE_CONF_CHECKS_H_
#define SLUICE_CONF_CHECKS_H_

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "conf/config.h"
#include "conf/report.h"

namespace sluice::conf {

// Things of one kind by what must differ: the value to where it was written.
using Seen = std::map<std::string, std::string, std::less<>>;

// `place` is where `value` was written. A value not written is nobody's mistake, and an empty one
// was wrong by itself.
void CheckDistinct(Report& report, Seen& seen, std::string_view what, const std::string& value,
                   std::string place);

// Two keys of the table at `place`, of which the first may not be more than the second.
void CheckOrdered(Report& report, const std::string& place, std::string_view low_key, Duration low,
                  std::string_view high_key, Duration high);

// `name` is of a thing of the kind `what`, and those there are have `names`. An empty one was wrong
// by itself.
void CheckExists(Report& report, std::string_view what, const std::string& name,
                 std::span<const std::string_view> names, std::string_view place);
// The names of `things`, which have one each; what none could be read of is left out.
template <typename Things>
std::vector<std::string_view> NamesOf(const Things& things) {
  std::vector<std::string_view> names;
  for (const auto& thing : things) {
    if (!thing.name.empty()) names.push_back(thing.name);
  }
  return names;
}

// A file of secrets that sign, one a line. A file that could not be read was reported.
struct SecretBounds {
  size_t shortest;  // bytes
  size_t most;      // lines
  std::string_view what_for;
};
void CheckSecrets(Report& report, const File& file, const SecretBounds& bounds,
                  const std::string& place);

}  // namespace sluice::conf

#endif  // SLUICE_CONF_CHECKS_H_
