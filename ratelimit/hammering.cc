#include "ratelimit/hammering.h"

#include <algorithm>

namespace sluice::ratelimit {
namespace {

// `times` doublings of `length`, or `most` if that is less. Nothing overflows: `most` is of days.
Duration Doubled(Duration length, uint64_t times, Duration most) {
  for (; times > 0 && length < most; --times) length *= 2;
  return std::min(length, most);
}

uint64_t DoublingsOf(const HammeringSpec& spec) {
  uint64_t times = 0;
  while (Doubled(spec.ban, times, spec.longest) < spec.longest) ++times;
  return times;
}

}  // namespace

Hammering::Hammering(const HammeringSpec& spec)
    : spec_(spec),
      doublings_(DoublingsOf(spec)),
      refusals_(
          {.limit = {.rate = {.count = spec.refusals, .per = spec.within}, .burst = spec.refusals},
           .keys = spec.keys}),
      bans_({.limit = {.rate = {.count = 1, .per = spec.longest}, .burst = doublings_ + 1},
             .keys = spec.keys}) {}

Duration Hammering::Refused(KeyHash key, TimePoint now) {
  if (refusals_.Charge(key, now).allowed) return Duration::zero();
  const Verdict ban = bans_.Charge(key, now);
  const uint64_t before = ban.allowed ? doublings_ - ban.remaining : doublings_;
  return Doubled(spec_.ban, before, spec_.longest);
}

}  // namespace sluice::ratelimit
