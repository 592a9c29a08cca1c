#include "conf/loader.h"

#include <utility>

#include "conf/complete.h"
#include "conf/include.h"
#include "conf/reader.h"
#include "conf/report.h"
#include "conf/validate.h"

namespace sluice::conf {

Loaded Load(std::string_view path, const Sources& sources) {
  Report report;
  const std::vector<ParsedFile> files = ReadFiles(path, sources, report);
  // With a file missing, half of what follows would be complaints about what is in it.
  const bool whole = report.ok();
  Config config;
  for (const ParsedFile& file : files) ReadTable(file, sources, report, config);
  if (whole) {
    Complete(config);
    Validate(config, report);
  }
  if (!report.ok()) return report.Errors();
  return config;
}

}  // namespace sluice::conf
