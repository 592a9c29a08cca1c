// A [[limit]] that comes alone, at run time: read and checked as one of a file is. What it says of
// routes is checked by who knows them.
#ifndef SLUICE_CONF_LIMIT_TEXT_H_
#define SLUICE_CONF_LIMIT_TEXT_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "conf/limit.h"

namespace sluice::conf {

// `toml`: one table [[limit]]. Keys that it does not set are as in `base`, or as by default where
// that is null. An error is one sentence about each thing wrong.
absl::StatusOr<Limit> LoadLimit(std::string_view toml, const Limit* base);

// The other way round: a table that LoadLimit(…, nullptr) makes the same limit of.
std::string FormatLimit(const Limit& limit);

}  // namespace sluice::conf

#endif  // SLUICE_CONF_LIMIT_TEXT_H_
