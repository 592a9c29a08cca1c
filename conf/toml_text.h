// ParseToml: text to a toml::table, or the one error that stopped the parser. All of toml++ that
// can throw is behind this function.
//
// toml++ nests and frees keys such as a.b.c… recursively without a limit (3.3 dies of a line of
// 100,000 dots), so keys of more than a few parts and files of more than 4 MiB are refused first.
// Threads: any. Ownership: the table owns all its text.
#ifndef SLUICE_CONF_TOML_TEXT_H_
#define SLUICE_CONF_TOML_TEXT_H_

#include <toml++/toml.h>

#include <string>
#include <string_view>
#include <variant>

#include "conf/report.h"

namespace sluice::conf {

struct TomlError {
  Spot spot;  // its file is the caller's to fill in
  std::string what;
};

std::variant<toml::table, TomlError> ParseToml(std::string_view text);

// Where toml++ says that something is written. Tables that dotted keys imply have no place of their
// own; then line 1.
Spot SpotOf(const toml::source_region& region, uint32_t file);

}  // namespace sluice::conf

#endif  // SLUICE_CONF_TOML_TEXT_H_
