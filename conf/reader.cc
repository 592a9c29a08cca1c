#include "conf/reader.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "conf/nearest.h"
#include "conf/schema.h"
#include "conf/values.h"

namespace sluice::conf {
namespace {

// A place in the schema ("pool.servers") and the same in the Config ("pool[2].servers[0]").
struct Here {
  std::string_view section;
  std::string place;
  Owner owner;
};

std::string Join(std::string_view prefix, std::string_view name) {
  return prefix.empty() ? std::string(name) : absl::StrFormat("%s.%s", prefix, name);
}

// "; 'connect_timeout' belongs in [[pool]] or [[route]]", for a key written in the wrong table.
std::string BelongsIn(std::string_view name) {
  std::string places;
  for (const Key& key : Keys()) {
    if (LastName(key.path) != name) continue;
    places += absl::StrFormat("%s%s", places.empty() ? "" : " or ", TitleOf(SectionOf(key.path)));
  }
  return places.empty() ? places : absl::StrFormat("; '%s' belongs in %s", name, places);
}

class TableReader {
 public:
  TableReader(const ParsedFile& file, const Sources& sources, Report& report)
      : context_{sources, report, file.file}, report_(report) {}

  void Read(const toml::table& table, const Here& here) {
    for (const auto& [name, node] : table) {
      const std::string path = Join(here.section, name.str());
      const Spot spot = SpotOf(name.source(), context_.file);
      if (const Key* key = FindKey(path)) {
        ReadKey(*key, node, spot, here);
      } else if (const Section* section = FindSection(path)) {
        ReadSection(*section, node, here);
      } else {
        Unknown(name.str(), spot, here);
      }
    }
    RequireKeys(here);
  }

 private:
  void ReadKey(const Key& key, const toml::node& node, Spot spot, const Here& here) {
    if (key.at == nullptr) return;  // "include", which every file may have
    const std::string place = Join(here.place, LastName(key.path));
    if (const std::optional<Spot> before = report_.Find(place)) {
      report_.Wrong(
          spot, absl::StrFormat("%s is set already at %s", key.path, report_.Describe(*before)));
      return;
    }
    report_.Note(place, context_.SpotOfNode(node));
    SetValue(context_, key, node, key.at(here.owner));
  }

  void ReadSection(const Section& section, const toml::node& node, const Here& here) {
    const std::string place = Join(here.place, LastName(section.path));
    if (section.many) return ReadMany(section, node, here, place);
    const toml::table* table = node.as_table();
    if (table == nullptr) return WrongShape(section, node, "a table");
    report_.Note(place, context_.SpotOfNode(node));
    Read(*table, {section.path, place, section.open(here.owner)});
  }

  void ReadMany(const Section& section, const toml::node& node, const Here& here,
                const std::string& place) {
    const toml::array* array = node.as_array();
    if (array == nullptr) return WrongShape(section, node, "a list of tables");
    report_.Note(place, context_.SpotOfNode(node));
    for (const toml::node& element : *array) {
      const bool plain = element.is_string() && !section.plain.empty();
      if (!plain && !element.is_table()) {
        WrongShape(section, element, "a table");
        continue;
      }
      const std::string at = absl::StrFormat("%s[%d]", place, section.list(here.owner).size());
      const Here inside{section.path, at, section.open(here.owner)};
      report_.Note(at, context_.SpotOfNode(element));
      if (plain) {
        const Key* key = FindKey(Join(section.path, section.plain));
        ReadKey(*key, element, context_.SpotOfNode(element), inside);
      } else {
        Read(*element.as_table(), inside);
      }
    }
  }

  void WrongShape(const Section& section, const toml::node& node, std::string_view must_be) {
    std::string what =
        absl::StrFormat("%s is %s; it must be %s", section.path, KindOf(node), must_be);
    if (SectionOf(section.path).empty()) {
      what += absl::StrFormat(", written %s", TitleOf(section.path));
    } else if (!section.plain.empty()) {
      what += absl::StrFormat(" or texts, such as %s",
                              Sample(*FindKey(Join(section.path, section.plain))));
    }
    report_.Wrong(context_.SpotOfNode(node), std::move(what));
  }

  void Unknown(std::string_view name, Spot spot, const Here& here) {
    const std::vector<std::string_view> names = NamesIn(here.section);
    const std::string_view near = Nearest(name, names);
    std::string advice = near.empty() ? BelongsIn(name) : "";
    if (advice.empty()) advice = MayBe(name, names);
    report_.Wrong(spot,
                  absl::StrFormat("unknown key '%s' in %s%s", name, TitleOf(here.section), advice));
  }

  void RequireKeys(const Here& here) {
    for (const Key& key : Keys()) {
      if (key.fallback != kRequired || SectionOf(key.path) != here.section) continue;
      if (report_.Written(Join(here.place, LastName(key.path)))) continue;
      report_.WrongAt(here.place,
                      absl::StrFormat("%s has no '%s'; write %s = %s", TitleOf(here.section),
                                      LastName(key.path), LastName(key.path), Sample(key)));
    }
  }

  const ValueContext context_;
  Report& report_;
};

}  // namespace

void ReadTable(const ParsedFile& file, const Sources& sources, Report& report, Config& config) {
  TableReader(file, sources, report).Read(file.table, {"", "", Owner(&config)});
}

}  // namespace sluice::conf
