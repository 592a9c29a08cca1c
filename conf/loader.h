// Load: TOML text to a Config, or every error in it.
//
// Values of the form "${NAME}" or "${NAME:-default}" inside strings are replaced by the
// environment. `include = ["routes.toml", …]` (paths relative to the including file) merges other
// files: their tables are appended; a key set twice is an error.
#ifndef SLUICE_CONF_LOADER_H_
#define SLUICE_CONF_LOADER_H_

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "conf/config.h"

namespace sluice::conf {

// One thing wrong: "shop.toml:12:3: unknown key 'adress'; did you mean 'address'?"
struct Error {
  std::string file;
  uint32_t line = 0;
  uint32_t column = 0;
  std::string what;

  std::string ToString() const;
};

// The world outside, given by the caller: conf itself does no I/O.
struct Sources {
  std::function<absl::StatusOr<std::string>(std::string_view path)> read_file;
  std::function<std::optional<std::string>(std::string_view name)> environment;
};

// All errors, in the order of the text; never empty on failure.
using Loaded = std::variant<Config, std::vector<Error>>;
Loaded Load(std::string_view path, const Sources& sources);

}  // namespace sluice::conf

#endif  // SLUICE_CONF_LOADER_H_
