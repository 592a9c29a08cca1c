// ReadFiles: the file of a configuration and all that it includes, parsed. Names are relative to
// the including file; a file that would be read twice (a cycle, or two who include it) is an error,
// for its tables would be there twice.
#ifndef SLUICE_CONF_INCLUDE_H_
#define SLUICE_CONF_INCLUDE_H_

#include <string>
#include <string_view>
#include <vector>

#include "conf/loader.h"
#include "conf/report.h"
#include "conf/toml_text.h"

namespace sluice::conf {

struct ParsedFile {
  uint32_t file = 0;  // its number in the report
  toml::table table;
};

// The files that could be read and parsed, each before those it includes. `report` gets the rest.
std::vector<ParsedFile> ReadFiles(std::string_view path, const Sources& sources, Report& report);

// `name` as written in `from`: absolute, or beside it.
std::string PathBeside(std::string_view from, std::string_view name);

}  // namespace sluice::conf

#endif  // SLUICE_CONF_INCLUDE_H_
