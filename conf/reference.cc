#include "conf/reference.h"

#include <algorithm>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "conf/nearest.h"
#include "conf/schema.h"

namespace sluice::conf {
namespace {

// What may be written, in words: "1ms..10min", "\"info\", \"warn\"".
std::string Allowed(const Key& key) {
  if (key.type != Type::kChoice) return std::string(key.allowed);
  std::string text;
  for (const std::string_view choice : ChoicesOf(key)) {
    text += absl::StrFormat("%s\"%s\"", text.empty() ? "" : ", ", choice);
  }
  return text;
}

std::string OneLine(const Key& key) {
  return absl::StrFormat("%-34s %-26s %s\n", key.path, key.fallback, key.doc);
}

std::string ExplainKey(const Key& key) {
  std::string text = absl::StrFormat("%s\n  %s\n\n", key.path, key.doc);
  text += absl::StrFormat("  type     %s\n", Describe(key.type));
  text += absl::StrFormat("  default  %s\n", key.fallback);
  if (const std::string allowed = Allowed(key); !allowed.empty()) {
    text += absl::StrFormat("  allowed  %s\n", allowed);
  }
  if (!key.example.empty()) text += absl::StrFormat("  example  %s\n", key.example);
  const std::string_view section = SectionOf(key.path);
  text += absl::StrFormat("  where    in %s\n", TitleOf(section));
  return text;
}

std::string ExplainSection(const Section& section) {
  std::string text = absl::StrFormat("%s\n  %s\n\n", TitleOf(section.path), section.doc);
  for (const Key& key : Keys()) {
    const std::string_view in = SectionOf(key.path);
    const bool inside = in == section.path || in.starts_with(absl::StrFormat("%s.", section.path));
    if (inside) text += OneLine(key);
  }
  return text;
}

std::string ExplainAll() {
  std::string text;
  for (const Key& key : Keys()) text += OneLine(key);
  return text;
}

// Inside a cell of a Markdown table.
std::string Cell(std::string_view text) {
  std::string cell;
  for (const char c : text) {
    if (c == '|') cell += '\\';
    cell += c;
  }
  return cell;
}

std::string Code(std::string_view text) {
  return text.empty() || text.front() == '(' ? Cell(text) : absl::StrFormat("`%s`", Cell(text));
}

std::string Row(const Key& key) {
  return absl::StrFormat("| `%s` | %s | %s | %s |\n", LastName(key.path), Code(key.fallback),
                         Code(Allowed(key)), Cell(key.doc));
}

std::string Table(std::string_view section) {
  std::string rows;
  for (const Key& key : Keys()) {
    if (SectionOf(key.path) == section) rows += Row(key);
  }
  return absl::StrFormat("| key | default | allowed | what it is |\n|---|---|---|---|\n%s\n", rows);
}

}  // namespace

absl::StatusOr<std::string> Explain(std::string_view path) {
  if (path.empty()) return ExplainAll();
  if (const Key* key = FindKey(path)) return ExplainKey(*key);
  if (const Section* section = FindSection(path)) return ExplainSection(*section);
  std::string text;
  std::vector<std::string_view> names;
  for (const Key& key : Keys()) {
    names.push_back(key.path);
    if (LastName(key.path) != path) continue;
    text += absl::StrFormat("%s%s", text.empty() ? "" : "\n", ExplainKey(key));
  }
  if (!text.empty()) return text;
  for (const Section& section : Sections()) names.push_back(section.path);
  for (const Key& key : Keys()) names.push_back(LastName(key.path));
  const std::string_view near = Nearest(path, names);
  return absl::NotFoundError(absl::StrFormat("there is no key '%s'%s", path,
                                             near.empty()
                                                 ? "; without a key, all are listed"
                                                 : absl::StrFormat("; did you mean '%s'?", near)));
}

std::string ReferenceMarkdown() {
  std::string text =
      "# Configuration reference\n\n"
      "Written by `sluice explain --markdown` from the table that the loader reads by; do not edit."
      "\n\n"
      "Durations have a unit (`ms`, `s`, `min`, `h`), sizes too (`KiB`, `MiB`, `KB`, …). In texts, "
      "`${NAME}` stands for an environment variable, `${NAME:-default}` for one that may be unset, "
      "and `$${` for a plain `${`.\n\n## At the top\n\n";
  text += Table("");
  for (const Section& section : Sections()) {
    const bool inner = section.path.find('.') != std::string_view::npos;
    text += absl::StrFormat("## `%s`\n\n%s\n\n%s",
                            inner ? std::string(section.path) : TitleOf(section.path), section.doc,
                            Table(section.path));
  }
  text.pop_back();
  return text;
}

}  // namespace sluice::conf
