#include "conf/limit_text.h"

#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_format.h"
#include "conf/include.h"
#include "conf/reader.h"
#include "conf/report.h"
#include "conf/schema.h"
#include "conf/validate.h"

namespace sluice::conf {
namespace {

constexpr std::string_view kFile = "limit";

// The values of all keys of `section` that were written there.
void Copy(const Report& report, std::string_view section, std::string_view place, Owner from,
          Owner to) {
  for (const Key& key : Keys()) {
    if (SectionOf(key.path) != section) continue;
    if (!report.Written(std::string(place) + "." + std::string(LastName(key.path)))) continue;
    const Field target = key.at(to);
    std::visit([&](auto* source) { *std::get<decltype(source)>(target) = *source; }, key.at(from));
  }
}

// "burst = 40", a line for each key of the section that is there and not as in `usual`, if given.
std::string Lines(std::string_view section, Owner of, std::optional<Owner> usual) {
  std::string text;
  for (const Key& key : Keys()) {
    if (SectionOf(key.path) != section) continue;
    const std::string value = FormatField(key, key.at(of));
    if (value == "(none)" || (usual && value == FormatField(key, key.at(*usual)))) continue;
    absl::StrAppendFormat(&text, "%s = %s\n", key.path.substr(sizeof "limit"), value);
  }
  return text;
}

std::string Sentences(const Report& report) {
  std::string text;
  for (const Error& error : report.Errors()) {
    if (!text.empty()) text += "; ";
    text += error.what;
  }
  return text;
}

}  // namespace

absl::StatusOr<Limit> LoadLimit(std::string_view toml, const Limit* base) {
  Report report;
  const Sources sources = {
      .read_file = [&](std::string_view path) -> absl::StatusOr<std::string> {
        if (path == kFile) return std::string(toml);
        return absl::InvalidArgumentError("a limit at run time includes no file");
      },
      .environment = [](std::string_view) { return std::nullopt; }};
  Config config;
  for (const ParsedFile& file : ReadFiles(kFile, sources, report)) {
    ReadTable(file, sources, report, config);
  }
  if (report.ok() && config.limits.size() == 1 && base != nullptr) {
    Limit& limit = config.limits.front();
    Limit merged = *base;
    Copy(report, "limit", "limit[0]", &limit, &merged);
    if (limit.ban) {
      if (!merged.ban) merged.ban.emplace();
      Copy(report, "limit.ban", "limit[0].ban", &*limit.ban, &*merged.ban);
    }
    // The other kind of limit takes the place of the one there was.
    if (report.Written("limit[0].rate") && !report.Written("limit[0].concurrency")) {
      merged.concurrency = 0;
    }
    if (report.Written("limit[0].concurrency") && !report.Written("limit[0].rate")) {
      merged.rate.reset();
    }
    limit = std::move(merged);
  }
  if (report.ok()) ValidateLimits(config, report);
  if (!report.ok()) return absl::InvalidArgumentError(Sentences(report));
  if (config.limits.size() != 1) return absl::InvalidArgumentError("one limit at a time");
  return std::move(config.limits.front());
}

std::string FormatLimit(const Limit& limit) {
  Limit copy = limit, usual;
  std::string text = "[[limit]]\n" + Lines("limit", &copy, &usual);
  if (copy.ban) text += Lines("limit.ban", &*copy.ban, std::nullopt);
  return text;
}

}  // namespace sluice::conf
