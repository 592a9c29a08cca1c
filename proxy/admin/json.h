// What the admin API reads and writes in JSON has in common: strict orders, precise errors, and
// texts that are never invalid UTF-8.
//
// Threads: any. Pure.
#ifndef SLUICE_PROXY_ADMIN_JSON_H_
#define SLUICE_PROXY_ADMIN_JSON_H_

#include <cstddef>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "proxy/base/time.h"

namespace sluice::admin {

using Json = nlohmann::ordered_json;

// `example`: what was expected, for the error.
absl::StatusOr<Json> ParseObject(std::string_view json, std::string_view example);
// An error that is a sentence for who ordered.
absl::Status Wrong(const std::string& what);
absl::Status UnknownKey(std::string_view key, std::span<const std::string_view> keys);
// An error about the first that is missing.
absl::Status HasAll(const Json& object, std::initializer_list<std::string_view> keys);
// A text that is one of `names`; `which` becomes its place.
absl::Status ReadChoice(const Json& value, std::string_view key,
                        std::span<const std::string_view> names, size_t& which);
// A text of at most 1,000 bytes: longer than any name, address or reason that means something;
// errors and the log repeat them.
absl::Status ReadText(const Json& value, std::string_view key, std::string& text);

// For people and programs, with a line's end.
std::string ToText(const Json& json);
// Rounded to a thousandth: nobody reads more.
double Rounded(double number);
double Seconds(Duration duration);
// "2026-11-27T09:00:00Z"
std::string Date(WallTime when);

// In one line, without.
std::string ToLine(const Json& json);

}  // namespace sluice::admin

#endif  // SLUICE_PROXY_ADMIN_JSON_H_
