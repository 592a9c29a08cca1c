#include "bench/load/steady/line.h"

#include <algorithm>
#include <utility>

#include "proxy/base/check.h"

namespace sluice::load {

Line::Line(const Schedule& schedule, uint32_t connections)
    : schedule_(schedule), seats_(connections) {
  tally_.latencies.reserve(schedule.requests - schedule.warmup);
  tally_.lags.reserve(schedule.requests - schedule.warmup);
  tally_.began = tally_.last_error = schedule.At(schedule.warmup);
}

void Line::Open(uint32_t connection, TimePoint now) {
  Seat& seat = seats_[connection];
  SLUICE_CHECK(seat.state == State::kAway);
  seat.state = State::kFree;
  seat.free_since = now;
  ++free_;
}

std::optional<uint32_t> Line::Next(TimePoint now) {
  if (now < wake()) return std::nullopt;
  while (seats_[turn_].state != State::kFree) turn_ = (turn_ + 1) % seats_.size();
  Seat& seat = seats_[turn_];
  seat.state = State::kBusy;
  seat.request = next_++;
  --free_;
  ++busy_;
  if (seat.request >= schedule_.warmup) {
    tally_.lags.push_back(now - std::max(schedule_.At(seat.request), seat.free_since));
  }
  return std::exchange(turn_, (turn_ + 1) % seats_.size());
}

void Line::Answer(uint32_t connection, TimePoint since, TimePoint now, bool good) {
  Seat& seat = seats_[connection];
  SLUICE_CHECK(seat.state == State::kBusy);
  Settle(seat.request, now, good);
  seat.state = State::kFree;
  seat.free_since = since;
  --busy_;
  ++free_;
}

void Line::Lose(uint32_t connection, TimePoint now) {
  Seat& seat = seats_[connection];
  if (seat.state == State::kFree) --free_;
  if (seat.state == State::kBusy) {
    --busy_;
    Settle(seat.request, now, /*good=*/false);
  }
  seat.state = State::kAway;
}

void Line::GiveUp(TimePoint now) {
  for (uint32_t connection = 0; connection < seats_.size(); ++connection) Lose(connection, now);
  for (; next_ < schedule_.requests; ++next_) Settle(next_, now, /*good=*/false);
}

TimePoint Line::wake() const {
  return free_ == 0 || next_ == schedule_.requests ? TimePoint::max() : schedule_.At(next_);
}

void Line::Settle(uint64_t request, TimePoint now, bool good) {
  if (request < schedule_.warmup) return;
  tally_.latencies.push_back(now - schedule_.At(request));
  ++(good ? tally_.completed : tally_.errors);
  tally_.took = now - tally_.began;
  if (!good) tally_.last_error = now;
}

}  // namespace sluice::load
