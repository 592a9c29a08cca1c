#include "conf/toml_text.h"

#include <algorithm>
#include <exception>
#include <optional>

#include "absl/strings/str_format.h"

namespace sluice::conf {
namespace {

constexpr size_t kMostBytes = 4 << 20;
constexpr uint32_t kMostDots = 16;

// Walks over the text as the parser will, knowing only texts and comments, and counts the dots
// between what else may stand between two keys. Wrong TOML may mislead it; the parser stops there.
class DotCounter {
 public:
  explicit DotCounter(std::string_view text) : text_(text) {}

  std::optional<Spot> FirstTooDeep() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"' || c == '\'') {
        SkipText(c);
        continue;
      }
      if (c == '#') SkipComment();
      if (at_ == text_.size()) break;
      Count(text_[at_]);
      if (dots_ > kMostDots) return Spot{.line = line_, .column = column()};
      ++at_;
    }
    return std::nullopt;
  }

 private:
  uint32_t column() const { return static_cast<uint32_t>(at_ - line_start_ + 1); }

  void Count(char c) {
    if (c == '.') ++dots_;
    if (std::string_view("=,[]{}\n").find(c) != std::string_view::npos) dots_ = 0;
    if (c == '\n') NewLine();
  }

  void NewLine() {
    ++line_;
    line_start_ = at_ + 1;
  }

  void SkipComment() {
    while (at_ < text_.size() && text_[at_] != '\n') ++at_;
  }

  void SkipText(char quote) {
    const bool long_form =
        at_ + 2 < text_.size() && text_[at_ + 1] == quote && text_[at_ + 2] == quote;
    const std::string end(long_form ? 3 : 1, quote);
    at_ += end.size();
    while (at_ < text_.size() && text_.compare(at_, end.size(), end) != 0) {
      if (text_[at_] == '\\' && quote == '"') ++at_;
      if (at_ < text_.size() && text_[at_] == '\n') {
        NewLine();
        if (!long_form) return;  // wrong TOML: a short text ends with its line
      }
      ++at_;
    }
    at_ = std::min(at_ + end.size(), text_.size());
  }

  const std::string_view text_;
  size_t at_ = 0;
  size_t line_start_ = 0;
  uint32_t line_ = 1;
  uint32_t dots_ = 0;
};

}  // namespace

std::variant<toml::table, TomlError> ParseToml(std::string_view text) {
  if (text.size() > kMostBytes) {
    return TomlError{{},
                     absl::StrFormat("the file is too large; it may have %d bytes", kMostBytes)};
  }
  if (const std::optional<Spot> deep = DotCounter(text).FirstTooDeep()) {
    return TomlError{*deep, absl::StrFormat("a key of too many parts; it may have %d", kMostDots)};
  }
  try {
    return toml::parse(text);
  } catch (const toml::parse_error& error) {
    return TomlError{SpotOf(error.source(), 0), std::string(error.description())};
  } catch (const std::exception& error) {
    return TomlError{{}, error.what()};
  }
}

Spot SpotOf(const toml::source_region& region, uint32_t file) {
  return {.file = file,
          .line = std::max<uint32_t>(1, region.begin.line),
          .column = std::max<uint32_t>(1, region.begin.column)};
}

}  // namespace sluice::conf
