// The schema: one table of everything an operator may write. The loader reads files by it,
// `explain` and docs/reference.md print it, Diff compares by it. A key that is not in this table
// does not exist; a new one is a field in config.h and a line in schema.cc.
//
// Paths name keys without indices: "pool.connect_timeout", "pool.servers.weight". A Section is a
// table of TOML, a Key a value in it.
//
// Threads: any; all is constant. Cost: look-ups are linear, paid when a file is loaded.
#ifndef SLUICE_CONF_SCHEMA_H_
#define SLUICE_CONF_SCHEMA_H_

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "conf/config.h"
#include "conf/syntax.h"
#include "conf/units.h"

namespace sluice::conf {

// The object that a section's keys are fields of.
using Owner =
    std::variant<Config*, Listener*, Tls*, Certificate*, Pool*, Server*, ServerTls*, Sticky*,
                 HealthCheck*, balancer::BreakerSpec*, Route*, RouteLimit*, Limit*, LimitBan*,
                 WaitingRoom*, Bypass*, Event*, Jwt*, Redirect*, Respond*, Answer*>;

using Texts = std::vector<std::string>;
using Pairs = std::vector<std::pair<std::string, std::string>>;
using Field = std::variant<std::string*, std::optional<std::string>*, bool*, int*, uint32_t*,
                           uint64_t*, Duration*, std::optional<Duration>*, std::optional<uint32_t>*,
                           std::optional<std::optional<uint32_t>>*, std::optional<Rate>*,
                           std::optional<std::optional<Rate>>*, Time*, Texts*, Pairs*,
                           std::vector<FieldMatch>*, File*, std::vector<File>*>;

enum class Type : uint8_t {
  kText,
  kChoice,  // one of the words in `allowed`; into a bool: the second word is true
  kFlag,
  kCount,        // a whole number
  kCountOrAuto,  // the same, or "auto": none
  kDuration,     // units.h
  kSize,
  kByteRate,
  kRate,
  kRateOrAuto,    // the same, or "auto": none
  kTime,          // a date and time of TOML, with its offset
  kTexts,         // a list of texts; one text alone stands for a list of one
  kPairs,         // { "X-Name" = "value" }
  kFieldMatches,  // { name = "value", other = true }; true, or a name alone: present is enough
  kFile,          // the name of a file, whose content becomes the value (of a text: all of it)
  kFiles,         // a list of such names
};

// Stands where a default would, for keys that must be written.
inline constexpr std::string_view kRequired = "(required)";

struct Key {
  std::string_view path;
  Type type;
  // The field of `owner` that the key is written to; null for "include", which the loader obeys.
  Field (*at)(Owner owner);
  std::string_view fallback;      // the default as written in TOML, or in (words)
  std::string_view allowed;       // "1..65535", "1ms..24h", or words "info|warn"; empty: by `check`
  std::string_view doc;           // one line
  Check check = nullptr;          // of a text, of each text of a list, of each name of a table
  std::string_view example = {};  // in TOML, where the default cannot serve as one
};

struct Section {
  std::string_view path;
  bool many;  // [[listener]] or a list of tables, instead of [admin]
  std::string_view doc;
  // The object for one more table of this kind.
  Owner (*open)(Owner parent);
  // The objects that exist.
  std::vector<Owner> (*list)(Owner parent);
  std::string_view plain = {};  // a text in place of a table stands for this key
};

// In the order of the reference.
std::span<const Section> Sections();
std::span<const Key> Keys();

const Key* FindKey(std::string_view path);
const Section* FindSection(std::string_view path);

// "pool.outlier" of "pool.outlier.rest", "" of "include".
std::string_view SectionOf(std::string_view path);
// "rest" of "pool.outlier.rest".
std::string_view LastName(std::string_view path);
// "[[pool]]", "[admin]", "'route.match'"; "the file" for the top.
std::string TitleOf(std::string_view section);
// Keys and sections directly inside `section`, by their last names.
std::vector<std::string_view> NamesIn(std::string_view section);

// "a duration such as \"250ms\"": what a value of this type may be.
std::string_view Describe(Type type);
// A value that `key` may have, as written in TOML.
std::string_view Sample(const Key& key);
// The words of `allowed` when it is a choice, else nothing.
std::vector<std::string_view> ChoicesOf(const Key& key);
// The ends of `allowed` when it is a range, in the type's base unit (1, bytes, nanoseconds).
struct Bounds {
  uint64_t least;
  uint64_t most;
};
std::optional<Bounds> BoundsOf(const Key& key);

// The value of a field as it would be written in TOML, by the type of `key`; "(none)" when absent.
std::string FormatField(const Key& key, const Field& field);

}  // namespace sluice::conf

#endif  // SLUICE_CONF_SCHEMA_H_
