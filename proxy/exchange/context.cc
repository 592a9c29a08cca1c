#include "proxy/exchange/context.h"

namespace sluice::exchange {

void Context::ReadClocks(TimePoint now) {
  clocks_read_ = now;
  wall_at_read_ = std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
  FormatHttpDate(wall_at_read_, date_);
}

WallTime Context::Wall(TimePoint at) {
  const TimePoint now = loop_.now();
  if (clocks_read_ == TimePoint{} || now - clocks_read_ >= std::chrono::seconds(1)) ReadClocks(now);
  return wall_at_read_ + (at - clocks_read_);
}

std::string_view Context::Date() {
  Wall(loop_.now());
  return {date_.data(), date_.size()};
}

}  // namespace sluice::exchange
