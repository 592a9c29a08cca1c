#include "ratelimit/spec.h"

#include <algorithm>

namespace sluice::ratelimit {

Priority PriorityNamed(std::string_view name) {
  const auto found = std::find(kPriorityNames.begin(), kPriorityNames.end(), name);
  if (found == kPriorityNames.end()) return Priority::kNormal;
  return static_cast<Priority>(found - kPriorityNames.begin());
}

std::string_view Rate::Validate() const {
  if (count == 0 || per.count() <= 0) return "is nothing at all";
  if (per > kLongestPeriod) return "is per more than 366 days";
  if (count / kMostPerNanosecond > static_cast<uint64_t>(per.count())) {
    return "is more than one a nanosecond";
  }
  return {};
}

std::string_view RateSpec::Validate() const {
  if (const std::string_view wrong = rate.Validate(); !wrong.empty()) return wrong;
  if (burst == 0) return "has a burst of 0, so that nothing would pass";
  using Wide = unsigned __int128;
  if (Wide{burst} * static_cast<uint64_t>(rate.per.count()) >
      Wide{rate.count} * static_cast<uint64_t>(kLongestDebt.count())) {
    return "has a burst of more than ten years";
  }
  return {};
}

std::string_view KeyedSpec::Validate() const {
  if (const std::string_view wrong = limit.Validate(); !wrong.empty()) return wrong;
  if (keys == 0 || keys > kMostKeys) return "keeps no key, or more than 268,435,456";
  return {};
}

std::string_view HammeringSpec::Validate() const {
  if (ban < kShortestBan || longest > kLongestBan) return "bans for less than 1s, or for over 30d";
  if (ban > longest) return "bans for longer than the longest time";
  return KeyedSpec{.limit = {.rate = {.count = refusals, .per = within}, .burst = refusals},
                   .keys = keys}
      .Validate();
}

}  // namespace sluice::ratelimit
