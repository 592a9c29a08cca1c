#include "conf/expand.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"

namespace sluice::conf {
namespace {

bool IsVariableName(std::string_view name) {
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  return !name.empty() && !digit(name.front()) &&
         std::all_of(name.begin(), name.end(), [&](char c) { return letter(c) || digit(c); });
}

// `inside` is what stands between the braces.
absl::StatusOr<std::string> ValueOf(std::string_view inside, const Environment& environment) {
  const size_t split = inside.find(":-");
  const std::string_view name = inside.substr(0, split);
  if (!IsVariableName(name)) {
    return absl::InvalidArgumentError(
        "\"${\" must be followed by the name of an environment variable (letters, digits, '_') "
        "and '}'; a plain \"${\" is written \"$${\"");
  }
  const std::optional<std::string> value = environment ? environment(name) : std::nullopt;
  if (split != std::string_view::npos) {
    return value && !value->empty() ? *value : std::string(inside.substr(split + 2));
  }
  if (value) return *value;
  return absl::InvalidArgumentError(absl::StrFormat(
      "the environment variable %s is not set; set it, or write \"${%s:-default}\"", name, name));
}

}  // namespace

absl::StatusOr<Expanded> Expand(std::string_view text, const Environment& environment) {
  Expanded out;
  while (!text.empty()) {
    const size_t dollar = text.find("${");
    if (dollar == std::string_view::npos) break;
    if (dollar > 0 && text[dollar - 1] == '$') {
      out.value += text.substr(0, dollar - 1);
      out.value += "${";
      text.remove_prefix(dollar + 2);
      continue;
    }
    out.value += text.substr(0, dollar);
    text.remove_prefix(dollar + 2);
    const size_t end = text.find('}');
    const absl::StatusOr<std::string> value = ValueOf(
        end == std::string_view::npos ? std::string_view() : text.substr(0, end), environment);
    if (!value.ok()) return value.status();
    out.value += *value;
    out.from_environment = true;
    text.remove_prefix(end + 1);
  }
  out.value += text;
  return out;
}

}  // namespace sluice::conf
