#include "conf/checks.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "conf/nearest.h"
#include "conf/units.h"

namespace sluice::conf {

void CheckDistinct(Report& report, Seen& seen, std::string_view what, const std::string& value,
                   std::string place) {
  if (value.empty() || !report.Written(place)) return;
  const auto [before, is_new] = seen.try_emplace(value, place);
  if (is_new) return;
  report.WrongAt(
      place, absl::StrFormat("%s %s is there already, at %s; each must differ", what, Quote(value),
                             report.Describe(report.Around(before->second))));
}

void CheckOrdered(Report& report, const std::string& place, std::string_view low_key, Duration low,
                  std::string_view high_key, Duration high) {
  if (low <= high) return;
  const std::string low_place = absl::StrFormat("%s.%s", place, low_key);
  const std::string high_place = absl::StrFormat("%s.%s", place, high_key);
  report.WrongAt(report.Written(low_place) ? low_place : high_place,
                 absl::StrFormat("%s is %s, more than %s, which is %s", low_key,
                                 FormatDuration(low), high_key, FormatDuration(high)));
}

void CheckExists(Report& report, std::string_view what, const std::string& name,
                 std::span<const std::string_view> names, std::string_view place) {
  if (name.empty() || std::find(names.begin(), names.end(), name) != names.end()) return;
  report.WrongAt(place,
                 absl::StrFormat("there is no %s %s%s", what, Quote(name), MayBe(name, names)));
}

void CheckSecrets(Report& report, const File& file, const SecretBounds& bounds,
                  const std::string& place) {
  std::string_view rest = file.content;
  size_t secrets = 0;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) continue;
    ++secrets;
    if (line.size() >= bounds.shortest) continue;
    report.WrongAt(place, absl::StrFormat("a secret of %d bytes is too short for %s; it needs %d",
                                          line.size(), bounds.what_for, bounds.shortest));
  }
  if (file.name.empty() || (secrets > 0 && secrets <= bounds.most)) return;
  report.WrongAt(
      place, absl::StrFormat("the file has %d secrets; it may have 1 to %d", secrets, bounds.most));
}

}  // namespace sluice::conf
