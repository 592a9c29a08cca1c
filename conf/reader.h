// ReadTable: one parsed file into the Config, by the schema. Tables of a kind that there may be
// many of are appended; a key that another file has set is an error, and so is every key unknown.
#ifndef SLUICE_CONF_READER_H_
#define SLUICE_CONF_READER_H_

#include "conf/include.h"
#include "conf/loader.h"
#include "conf/report.h"

namespace sluice::conf {

void ReadTable(const ParsedFile& file, const Sources& sources, Report& report, Config& config);

}  // namespace sluice::conf

#endif  // SLUICE_CONF_READER_H_
