// The part of schema.h that reads the table: look-ups, bounds and texts.
#include <algorithm>
#include <charconv>
#include <functional>

#include "absl/strings/str_format.h"
#include "conf/report.h"
#include "conf/schema.h"
#include "conf/store_url.h"
#include "conf/units.h"

namespace sluice::conf {
namespace {

// One end of a range, in the unit of `type`. The table is ours: a test parses all of it.
uint64_t ParseEnd(Type type, std::string_view text) {
  if (type == Type::kDuration) {
    return static_cast<uint64_t>(ParseDuration(text).value_or(Duration(0)).count());
  }
  if (type == Type::kSize || type == Type::kFile || type == Type::kFiles) {
    return ParseSize(text).value_or(0);
  }
  if (type == Type::kByteRate) return ParseByteRate(text).value_or(0);
  uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

std::string FormatNumber(Type type, uint64_t value) {
  if (type == Type::kSize) return Quote(FormatSize(value));
  if (type == Type::kByteRate) return Quote(FormatByteRate(value));
  return absl::StrFormat("%d", value);
}

// Whole, unlike Quote: two different values must never look the same to Diff.
std::string Quoted(std::string_view text) { return absl::StrFormat("\"%s\"", text); }

std::string FormatTexts(const Texts& texts) {
  std::string list = "[";
  for (const std::string& text : texts) {
    if (list.size() > 1) list += ", ";
    list += Quoted(text);
  }
  return list + "]";
}

std::string FormatPairs(const Pairs& pairs) {
  if (pairs.empty()) return "{}";
  std::string table = "{ ";
  for (const auto& [name, value] : pairs) {
    if (table.size() > 2) table += ", ";
    table += absl::StrFormat("%s = %s", Quoted(name), Quoted(value));
  }
  return table + " }";
}

std::string FormatMatches(const std::vector<FieldMatch>& matches) {
  if (matches.empty()) return "{}";
  std::string table = "{ ";
  for (const FieldMatch& match : matches) {
    if (table.size() > 2) table += ", ";
    table += absl::StrFormat("%s = %s", Quoted(match.name),
                             match.present_only ? "true" : Quoted(match.value));
  }
  return table + " }";
}

struct Formatter {
  const Key& key;

  // A password in it is a secret, like the content of a file.
  std::string operator()(const std::string* text) const {
    const std::string_view password = PasswordIn(*text);
    if (password.empty()) return Quoted(*text);
    return Quoted(WithoutPassword(
        *text, absl::StrFormat("(%016x)", std::hash<std::string_view>()(password))));
  }
  std::string operator()(const std::optional<std::string>* text) const {
    return *text ? Quoted(**text) : "(none)";
  }
  std::string operator()(const bool* flag) const {
    if (key.type == Type::kChoice) return Quoted(ChoicesOf(key)[*flag ? 1 : 0]);
    return *flag ? "true" : "false";
  }
  std::string operator()(const int* number) const { return absl::StrFormat("%d", *number); }
  std::string operator()(const uint32_t* number) const { return FormatNumber(key.type, *number); }
  std::string operator()(const uint64_t* number) const { return FormatNumber(key.type, *number); }
  std::string operator()(const Duration* time) const { return Quoted(FormatDuration(*time)); }
  std::string operator()(const std::optional<uint32_t>* number) const {
    return *number ? absl::StrFormat("%d", **number) : "\"auto\"";
  }
  std::string operator()(const std::optional<Duration>* time) const {
    return *time ? Quoted(FormatDuration(**time)) : "(none)";
  }
  std::string operator()(const std::optional<Rate>* rate) const {
    if (!*rate) return key.type == Type::kRateOrAuto ? "\"auto\"" : "(none)";
    return Quoted(FormatRate(**rate));
  }
  // Of what may be "auto" in place of another object's value.
  template <typename Value>
  std::string operator()(const std::optional<std::optional<Value>>* own) const {
    return *own ? (*this)(&**own) : "(none)";
  }
  std::string operator()(const Time* time) const { return FormatTime(*time); }
  std::string operator()(const Texts* texts) const { return FormatTexts(*texts); }
  std::string operator()(const Pairs* pairs) const { return FormatPairs(*pairs); }
  std::string operator()(const std::vector<FieldMatch>* matches) const {
    return FormatMatches(*matches);
  }
  // Its content may be a secret: two contents differ by a hash.
  std::string operator()(const File* file) const {
    if (file->name.empty()) return "(none)";
    return absl::StrFormat("%s (%d bytes, %016x)", Quoted(file->name), file->content.size(),
                           std::hash<std::string>()(file->content));
  }
  std::string operator()(const std::vector<File>* files) const {
    std::string list = "[";
    for (const File& file : *files) {
      if (list.size() > 1) list += ", ";
      list += (*this)(&file);
    }
    return list + "]";
  }
};

template <typename Row>
const Row* Find(std::span<const Row> rows, std::string_view path) {
  const auto found =
      std::find_if(rows.begin(), rows.end(), [&](const Row& row) { return row.path == path; });
  return found == rows.end() ? nullptr : &*found;
}

}  // namespace

const Key* FindKey(std::string_view path) { return Find(Keys(), path); }
const Section* FindSection(std::string_view path) { return Find(Sections(), path); }

std::string_view SectionOf(std::string_view path) {
  const size_t dot = path.rfind('.');
  return dot == std::string_view::npos ? std::string_view() : path.substr(0, dot);
}

std::string_view LastName(std::string_view path) { return path.substr(path.rfind('.') + 1); }

std::string TitleOf(std::string_view section) {
  if (section.empty()) return "the file";
  const Section* found = FindSection(section);
  if (section.find('.') != std::string_view::npos) return absl::StrFormat("'%s'", section);
  const bool many = found != nullptr && found->many;
  return many ? absl::StrFormat("[[%s]]", section) : absl::StrFormat("[%s]", section);
}

std::vector<std::string_view> NamesIn(std::string_view section) {
  std::vector<std::string_view> names;
  for (const Key& key : Keys()) {
    if (SectionOf(key.path) == section) names.push_back(LastName(key.path));
  }
  for (const Section& inner : Sections()) {
    if (SectionOf(inner.path) == section) names.push_back(LastName(inner.path));
  }
  return names;
}

std::string_view Describe(Type type) {
  switch (type) {
    case Type::kText:
      return "a text in quotes";
    case Type::kChoice:
      return "one of the words";
    case Type::kFlag:
      return "true or false";
    case Type::kCount:
      return "a whole number";
    case Type::kCountOrAuto:
      return "a whole number or \"auto\"";
    case Type::kDuration:
      return "a duration such as \"250ms\", \"10s\", \"5min\" or \"1h\"";
    case Type::kSize:
      return "a size such as \"64KiB\", \"1MiB\" or \"10KB\"";
    case Type::kByteRate:
      return "a size per second such as \"500B/s\"";
    case Type::kRate:
      return "a rate such as \"20/s\", \"100/min\" or \"1000/h\"";
    case Type::kRateOrAuto:
      return "a rate such as \"600/min\", or \"auto\"";
    case Type::kTime:
      return "a date and time with its offset such as 2026-11-27T09:00:00Z, without quotes";
    case Type::kTexts:
      return "a list of texts";
    case Type::kPairs:
      return "a table of texts such as { \"X-Name\" = \"value\" }";
    case Type::kFieldMatches:
      return "a table such as { name = \"value\", other = true }, or a name";
    case Type::kFile:
      return "the name of a file";
    case Type::kFiles:
      return "a list of names of files";
  }
  return {};
}

std::string_view Sample(const Key& key) { return key.example.empty() ? key.fallback : key.example; }

std::vector<std::string_view> ChoicesOf(const Key& key) {
  std::vector<std::string_view> choices;
  if (key.type != Type::kChoice) return choices;
  std::string_view rest = key.allowed;
  while (!rest.empty()) {
    const size_t bar = rest.find('|');
    choices.push_back(rest.substr(0, bar));
    rest = bar == std::string_view::npos ? std::string_view() : rest.substr(bar + 1);
  }
  return choices;
}

std::optional<Bounds> BoundsOf(const Key& key) {
  const size_t dots = key.allowed.find("..");
  if (dots == std::string_view::npos) return std::nullopt;
  return Bounds{ParseEnd(key.type, key.allowed.substr(0, dots)),
                ParseEnd(key.type, key.allowed.substr(dots + 2))};
}

std::string FormatField(const Key& key, const Field& field) {
  return std::visit(Formatter{key}, field);
}

}  // namespace sluice::conf
