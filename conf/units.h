// Numbers with a unit, to and from the words an operator writes: durations ("250ms", "10s", "5min",
// "1h"), sizes ("64KiB", "1MiB", "10KB"), byte rates ("500B/s") and request rates ("100/s",
// "20/min"), ranges of statuses. A number without a unit is refused, except 0: "5" has cost every
// operator an outage. Fractions are refused too ("1500ms" instead of "1.5s"), so that nothing is
// ever rounded.
//
// Parsing and formatting agree: Parse(Format(x)) is x. The message of a failed Parse says what is
// wrong and what may be written. Threads: any. Errors: InvalidArgument only.
#ifndef SLUICE_CONF_UNITS_H_
#define SLUICE_CONF_UNITS_H_

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "ratelimit/spec.h"

namespace sluice::conf {

using ratelimit::Rate;  // all that is parsed passes its Validate()

// ns, us, ms, s, m or min, h, d; at most 292 years (what 63 bits of nanoseconds hold).
absl::StatusOr<std::chrono::nanoseconds> ParseDuration(std::string_view text);

// B, KB MB GB TB (powers of 1000), KiB MiB GiB TiB (powers of 1024); in bytes.
absl::StatusOr<uint64_t> ParseSize(std::string_view text);

// A size per second, "500B/s"; in bytes per second.
absl::StatusOr<uint64_t> ParseByteRate(std::string_view text);

// "100/s", "20/min", "5/10s".
absl::StatusOr<Rate> ParseRate(std::string_view text);

// "200" or "200-399": statuses of an answer, the ends included.
struct StatusRange {
  int least = 0;
  int most = 0;
  bool Contains(int status) const { return status >= least && status <= most; }
};
absl::StatusOr<StatusRange> ParseStatusRange(std::string_view text);

// In the largest unit that needs no fraction: "90s", "1h".
std::string FormatDuration(std::chrono::nanoseconds duration);
std::string FormatSize(uint64_t bytes);
std::string FormatByteRate(uint64_t bytes_per_second);
std::string FormatRate(const Rate& rate);
// As TOML has it, in UTC: "2026-11-27T09:00:00Z".
std::string FormatTime(std::chrono::sys_seconds time);

}  // namespace sluice::conf

#endif  // SLUICE_CONF_UNITS_H_
