#include "ratelimit/calm_times.h"

#include <algorithm>

namespace sluice::ratelimit {
namespace {

constexpr uint32_t kKnown = 4;      // answers before a kind's time is used
constexpr uint32_t kAveraged = 64;  // the first ones, whatever the crowd
constexpr float kCalmGain = 1.0f / 512;
// A wait of a few milliseconds at a server costs nobody anything, and times that short are mostly
// our own: this is added to all, so that they do not count as crowding.
constexpr float kFloorUs = 10'000;
// What stood still for a moment says little about the next answer.
constexpr float kMostStretch = 8;

}  // namespace

double CalmTimes::Add(uint64_t kind, std::chrono::nanoseconds time, Server server) {
  Row& row = rows_[kind % kRows];
  const float us = static_cast<float>(std::max<int64_t>(time.count(), 0)) / 1e3f + kFloorUs;
  const float calm = row.us.load(std::memory_order_relaxed);
  const uint32_t answers = row.answers.load(std::memory_order_relaxed);
  if (answers < kAveraged || server.at_rest) {
    const auto crowding = static_cast<float>(std::max(server.crowding, 0.01));
    const float seen = std::min(us / crowding, answers < kKnown ? us : calm * kMostStretch);
    const float gain = std::max(1.0f / static_cast<float>(answers + 1), kCalmGain);
    row.us.store(calm + (seen - calm) * gain, std::memory_order_relaxed);
    if (answers < UINT32_MAX) row.answers.store(answers + 1, std::memory_order_relaxed);
  }
  if (answers < kKnown) return 0;
  return static_cast<double>(std::min(us / calm, kMostStretch));
}

std::chrono::nanoseconds CalmTimes::Of(uint64_t kind) const {
  const Row& row = rows_[kind % kRows];
  if (row.answers.load(std::memory_order_relaxed) < kKnown) return {};
  return std::chrono::nanoseconds(
      static_cast<int64_t>((row.us.load(std::memory_order_relaxed) - kFloorUs) * 1e3f));
}

}  // namespace sluice::ratelimit
