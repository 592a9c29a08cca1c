// What an operator may say about limits. Plain values; conf fills them, gates read them. Validate()
// says what is wrong in words that follow the name of the thing ("is more than one a nanosecond"),
// or nothing. Threads: any.
#ifndef SLUICE_RATELIMIT_SPEC_H_
#define SLUICE_RATELIMIT_SPEC_H_

#include <array>
#include <chrono>
#include <cstdint>
#include <string_view>

namespace sluice::ratelimit {

// Which requests go first while there is not room for all (admission_queue.h), best first.
enum class Priority : uint8_t { kCritical, kHigh, kNormal, kLow };
inline constexpr std::array<std::string_view, 4> kPriorityNames = {"critical", "high", "normal",
                                                                   "low"};
// `name` of a configuration that was checked; others are normal.
Priority PriorityNamed(std::string_view name);

// So many per so much time: "100/s", "20/min".
struct Rate {
  uint64_t count = 1;
  std::chrono::nanoseconds per = std::chrono::seconds(1);

  std::string_view Validate() const;
  friend bool operator==(const Rate&, const Rate&) = default;
};

// The slowest rates are per year; the fastest is what a clock of nanoseconds can tell apart.
inline constexpr std::chrono::nanoseconds kLongestPeriod = std::chrono::hours(366 * 24);
inline constexpr uint64_t kMostPerNanosecond = 1;
// A key that has used its burst up owes nothing any more after so long at most.
inline constexpr std::chrono::nanoseconds kLongestDebt = 10 * kLongestPeriod;

// A rate, and how many may pass at once after a quiet spell.
struct RateSpec {
  Rate rate;
  uint64_t burst = 1;

  std::string_view Validate() const;
  friend bool operator==(const RateSpec&, const RateSpec&) = default;
};

// The same limit for each of many keys.
struct KeyedSpec {
  RateSpec limit;
  // As many may owe something at the same time, at 32 bytes each, taken at once: 65,536 are 2 MiB.
  uint64_t keys = 65536;

  std::string_view Validate() const;
};
inline constexpr uint64_t kMostKeys = uint64_t{1} << 28;  // 8 GiB

// When a key that is refused again and again is banned, and for how long (hammering.h).
struct HammeringSpec {
  uint64_t refusals = 100;
  std::chrono::nanoseconds within = std::chrono::minutes(1);
  std::chrono::nanoseconds ban = std::chrono::minutes(10);
  std::chrono::nanoseconds longest = std::chrono::hours(24);
  uint64_t keys = 65536;  // twice KeyedSpec::keys

  std::string_view Validate() const;
};
inline constexpr std::chrono::nanoseconds kShortestBan = std::chrono::seconds(1);
inline constexpr std::chrono::nanoseconds kLongestBan = std::chrono::hours(30 * 24);

}  // namespace sluice::ratelimit

#endif  // SLUICE_RATELIMIT_SPEC_H_
