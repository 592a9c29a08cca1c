#include "proxy/admin/json.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "absl/strings/str_format.h"
#include "conf/nearest.h"
#include "conf/syntax.h"
#include "conf/units.h"

namespace sluice::admin {
namespace {

constexpr size_t kLongestText = 1000;

// The library's sentence without its own name and number: "parse error at line 1, column 5: …".
std::string Sentence(std::string_view what) {
  const size_t end = what.find("] ");
  return std::string(end == std::string_view::npos ? what : what.substr(end + 2));
}

}  // namespace

absl::Status Wrong(const std::string& what) { return absl::InvalidArgumentError(what); }

absl::Status UnknownKey(std::string_view key, std::span<const std::string_view> keys) {
  return Wrong(absl::StrFormat("unknown key '%s'%s", key, conf::MayBe(key, keys)));
}

absl::Status HasAll(const Json& object, std::initializer_list<std::string_view> keys) {
  for (const std::string_view key : keys) {
    if (!object.contains(std::string(key))) return Wrong(absl::StrFormat("%s is missing", key));
  }
  return absl::OkStatus();
}

absl::Status ReadChoice(const Json& value, std::string_view key,
                        std::span<const std::string_view> names, size_t& which) {
  std::string text;
  if (absl::Status status = ReadText(value, key, text); !status.ok()) return status;
  const auto known = std::find(names.begin(), names.end(), text);
  if (known == names.end()) {
    return Wrong(absl::StrFormat("%s: there is no '%s'%s", key, text, conf::MayBe(text, names)));
  }
  which = static_cast<size_t>(known - names.begin());
  return absl::OkStatus();
}

absl::StatusOr<Json> ParseObject(std::string_view json, std::string_view example) {
  try {
    Json parsed = Json::parse(json);
    if (parsed.is_object()) return parsed;
  } catch (const Json::exception& error) {
    return absl::InvalidArgumentError("not JSON: " + Sentence(error.what()));
  }
  return absl::InvalidArgumentError(absl::StrFormat("a change is an object: %s", example));
}

absl::Status ReadText(const Json& value, std::string_view key, std::string& text) {
  if (!value.is_string()) {
    return absl::InvalidArgumentError(absl::StrFormat("%s must be a text", key));
  }
  text = value.get<std::string>();
  if (text.size() > kLongestText) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s is too long; it may have %d bytes", key, kLongestText));
  }
  const std::string wrong = conf::CheckPlain(text);
  if (wrong.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrFormat("%s %s", key, wrong));
}

std::string ToText(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

double Rounded(double number) { return std::round(number * 1000) / 1000; }

double Seconds(Duration duration) {
  return Rounded(std::chrono::duration<double>(duration).count());
}

std::string Date(WallTime when) {
  return conf::FormatTime(std::chrono::floor<std::chrono::seconds>(when));
}

std::string ToLine(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace sluice::admin
