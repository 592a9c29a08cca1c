// One value of TOML into one field, by the schema's rules. What is wrong goes to the report, and
// the field keeps its default.
#ifndef SLUICE_CONF_VALUES_H_
#define SLUICE_CONF_VALUES_H_

#include <string_view>
#include <vector>

#include "conf/loader.h"
#include "conf/report.h"
#include "conf/schema.h"
#include "conf/toml_text.h"

namespace sluice::conf {

struct ValueContext {
  const Sources& sources;
  Report& report;
  uint32_t file;

  Spot SpotOfNode(const toml::node& node) const { return SpotOf(node.source(), file); }
};

// `field` must be of a C++ type that `key.type` fits (a test walks the table).
void SetValue(const ValueContext& context, const Key& key, const toml::node& node, Field field);

// A list of texts or one text. Leaves out what is wrong; `spots`, if given, gets the place of each.
void ReadTexts(const ValueContext& context, const Key& key, const toml::node& node, Texts& texts,
               std::vector<Spot>* spots = nullptr);

// "a whole number", for messages.
std::string_view KindOf(const toml::node& node);

}  // namespace sluice::conf

#endif  // SLUICE_CONF_VALUES_H_
