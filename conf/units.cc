#include "conf/units.h"

#include <charconv>
#include <limits>
#include <span>
#include <system_error>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"

namespace sluice::conf {
namespace {

struct Unit {
  std::string_view name;
  uint64_t worth;
};

// Largest first, the preferred name of a worth first: formatting takes the first that divides.
constexpr Unit kTimeUnits[] = {{"h", 3'600'000'000'000},
                               {"min", 60'000'000'000},
                               {"s", 1'000'000'000},
                               {"ms", 1'000'000},
                               {"us", 1'000},
                               {"ns", 1},
                               {"m", 60'000'000'000},
                               {"d", 86'400'000'000'000}};
constexpr Unit kSizeUnits[] = {{"TiB", 1ull << 40},
                               {"GiB", 1ull << 30},
                               {"MiB", 1ull << 20},
                               {"KiB", 1ull << 10},
                               {"B", 1},
                               {"KB", 1'000},
                               {"MB", 1'000'000},
                               {"GB", 1'000'000'000},
                               {"TB", 1'000'000'000'000}};

struct Grammar {
  std::span<const Unit> units;
  uint64_t most;
  std::string_view may_be;
};

constexpr Grammar kTime = {kTimeUnits, std::numeric_limits<int64_t>::max(),
                           "write a number and ns, us, ms, s, min, h or d, such as \"250ms\""};
constexpr Grammar kSize = {kSizeUnits, std::numeric_limits<int64_t>::max(),
                           "write a number and B, KB, MB, GB, KiB, MiB or GiB, such as \"64KiB\""};

absl::Status Wrong(std::string_view what, const Grammar& grammar) {
  return absl::InvalidArgumentError(absl::StrFormat("%s; %s", what, grammar.may_be));
}

// Cuts the leading digits off `text`.
absl::StatusOr<uint64_t> CutNumber(std::string_view& text, const Grammar& grammar) {
  uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error == std::errc::result_out_of_range) return Wrong("is too large", grammar);
  if (error != std::errc()) return Wrong("does not begin with a number", grammar);
  text.remove_prefix(static_cast<size_t>(rest - text.data()));
  return number;
}

absl::StatusOr<uint64_t> ParseUnits(std::string_view text, const Grammar& grammar) {
  absl::StatusOr<uint64_t> number = CutNumber(text, grammar);
  if (!number.ok()) return number;
  if (text.empty()) return *number == 0 ? number : Wrong("has no unit", grammar);
  if (text.front() == '.' || text.front() == ',') {
    return Wrong("has a fraction, take a smaller unit", grammar);
  }
  for (const Unit& unit : grammar.units) {
    if (unit.name != text) continue;
    if (*number > grammar.most / unit.worth) return Wrong("is too large", grammar);
    return *number * unit.worth;
  }
  return Wrong("has an unknown unit", grammar);
}

std::string FormatUnits(uint64_t value, const Grammar& grammar, std::string_view of_zero) {
  if (value == 0) return absl::StrFormat("0%s", of_zero);
  for (const Unit& unit : grammar.units) {
    if (value % unit.worth == 0) return absl::StrFormat("%d%s", value / unit.worth, unit.name);
  }
  return {};  // not reached: both tables hold the worth of 1
}

}  // namespace

absl::StatusOr<std::chrono::nanoseconds> ParseDuration(std::string_view text) {
  const absl::StatusOr<uint64_t> ns = ParseUnits(text, kTime);
  if (!ns.ok()) return ns.status();
  return std::chrono::nanoseconds(static_cast<int64_t>(*ns));
}

absl::StatusOr<uint64_t> ParseSize(std::string_view text) { return ParseUnits(text, kSize); }

absl::StatusOr<uint64_t> ParseByteRate(std::string_view text) {
  constexpr Grammar kByteRate = {kSizeUnits, std::numeric_limits<int64_t>::max(),
                                 "write a size per second, such as \"500B/s\""};
  if (text == "0") return uint64_t{0};
  if (!text.ends_with("/s")) return Wrong("is not per second", kByteRate);
  return ParseUnits(text.substr(0, text.size() - 2), kByteRate);
}

absl::StatusOr<Rate> ParseRate(std::string_view text) {
  constexpr Grammar kRate = {kTimeUnits, std::numeric_limits<int64_t>::max(),
                             "write a number per time, such as \"100/s\", \"20/min\" or \"5/10s\""};
  const absl::StatusOr<uint64_t> count = CutNumber(text, kRate);
  if (!count.ok()) return count.status();
  if (!text.starts_with('/')) return Wrong("does not say per what time", kRate);
  text.remove_prefix(1);
  const bool bare_unit = !text.empty() && (text.front() < '0' || text.front() > '9');
  const std::string per = bare_unit ? absl::StrFormat("1%s", text) : std::string(text);
  const absl::StatusOr<uint64_t> ns = ParseUnits(per, kRate);
  if (!ns.ok()) return ns.status();
  const Rate rate{*count, std::chrono::nanoseconds(static_cast<int64_t>(*ns))};
  if (const std::string_view wrong = rate.Validate(); !wrong.empty()) return Wrong(wrong, kRate);
  return rate;
}

absl::StatusOr<StatusRange> ParseStatusRange(std::string_view text) {
  const size_t dash = text.find('-');
  const std::string_view ends[] = {text.substr(0, dash),
                                   dash == text.npos ? text : text.substr(dash + 1)};
  StatusRange range;
  int* const into[] = {&range.least, &range.most};
  for (size_t i = 0; i < 2; ++i) {
    const char* const end = ends[i].data() + ends[i].size();
    const auto [rest, error] = std::from_chars(ends[i].data(), end, *into[i]);
    if (ends[i].size() != 3 || error != std::errc() || rest != end || *into[i] < 100 ||
        *into[i] > 599) {
      return absl::InvalidArgumentError(
          "is not a status from 100 to 599 or a range of them; write \"200\" or \"200-399\"");
    }
  }
  if (range.least > range.most) {
    return absl::InvalidArgumentError("ends before it begins; write \"200-399\"");
  }
  return range;
}

std::string FormatDuration(std::chrono::nanoseconds duration) {
  return FormatUnits(static_cast<uint64_t>(duration.count()), kTime, "s");
}

std::string FormatSize(uint64_t bytes) { return FormatUnits(bytes, kSize, "B"); }

std::string FormatByteRate(uint64_t bytes_per_second) {
  return absl::StrFormat("%s/s", FormatSize(bytes_per_second));
}

std::string FormatRate(const Rate& rate) {
  const std::string per = FormatDuration(rate.per);
  const bool one = per.size() > 1 && per[0] == '1' && (per[1] < '0' || per[1] > '9');
  return absl::StrFormat("%d/%s", rate.count, std::string_view(per).substr(one ? 1 : 0));
}

std::string FormatTime(std::chrono::sys_seconds time) {
  const auto days = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(days);
  const std::chrono::hh_mm_ss clock(time - days);
  return absl::StrFormat("%04d-%02d-%02dT%02d:%02d:%02dZ", static_cast<int>(date.year()),
                         static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                         clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

}  // namespace sluice::conf
