// Environment variables inside texts: "${NAME}" must be set, "${NAME:-default}" falls back when the
// variable is unset or empty, and "$${" stands for a plain "${". Nothing else is special, and a
// value is not expanded again. Threads: those of `environment`. Errors: InvalidArgument.
#ifndef SLUICE_CONF_EXPAND_H_
#define SLUICE_CONF_EXPAND_H_

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace sluice::conf {

using Environment = std::function<std::optional<std::string>(std::string_view name)>;

struct Expanded {
  std::string value;
  bool from_environment = false;  // may be a secret: messages quote the text as written
};

absl::StatusOr<Expanded> Expand(std::string_view text, const Environment& environment);

}  // namespace sluice::conf

#endif  // SLUICE_CONF_EXPAND_H_
