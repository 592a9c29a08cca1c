#include "conf/report.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "absl/strings/str_format.h"

namespace sluice::conf {

std::string Error::ToString() const {
  return absl::StrFormat("%s:%d:%d: %s", file, line, column, what);
}

uint32_t Report::AddFile(std::string path) {
  files_.push_back(std::move(path));
  return static_cast<uint32_t>(files_.size() - 1);
}

void Report::Note(std::string path, Spot spot) { spots_.try_emplace(std::move(path), spot); }

std::optional<Spot> Report::Find(std::string_view path) const {
  const auto found = spots_.find(path);
  if (found == spots_.end()) return std::nullopt;
  return found->second;
}

Spot Report::Around(std::string_view path) const {
  while (!path.empty()) {
    if (const std::optional<Spot> spot = Find(path)) return *spot;
    const size_t cut = path.find_last_of(".[");
    path = path.substr(0, cut == std::string_view::npos ? 0 : cut);
  }
  return Spot{};
}

std::string Report::Describe(Spot spot) const {
  return absl::StrFormat("%s:%d:%d", files_[spot.file], spot.line, spot.column);
}

void Report::Wrong(Spot spot, std::string what) { wrongs_.push_back({spot, std::move(what)}); }

std::vector<Error> Report::Errors() const {
  std::vector<Mistake> sorted = wrongs_;
  std::stable_sort(sorted.begin(), sorted.end(), [](const Mistake& a, const Mistake& b) {
    return std::tie(a.spot.file, a.spot.line, a.spot.column) <
           std::tie(b.spot.file, b.spot.line, b.spot.column);
  });
  std::vector<Error> errors;
  errors.reserve(sorted.size());
  for (Mistake& mistake : sorted) {
    errors.push_back({.file = files_[mistake.spot.file],
                      .line = mistake.spot.line,
                      .column = mistake.spot.column,
                      .what = std::move(mistake.what)});
  }
  return errors;
}

std::string Quote(std::string_view text) {
  size_t shown = std::min<size_t>(text.size(), 60);
  // Not in the middle of a letter of several bytes.
  while (shown < text.size() && shown > 0 && (text[shown] & '\xc0') == '\x80') --shown;
  std::string quoted = "\"";
  for (const char c : text.substr(0, shown)) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      quoted += absl::StrFormat("\\x%02x", byte);
    } else {
      quoted += c;
    }
  }
  quoted += shown < text.size() ? "…\"" : "\"";
  return quoted;
}

}  // namespace sluice::conf
