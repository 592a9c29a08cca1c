#include "proxy/admission/room.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace sluice::admission {

using ratelimit::RoomTime;
using std::chrono::duration_cast;
using std::chrono::microseconds;

namespace {

uint32_t Seconds(Duration time) {
  return static_cast<uint32_t>(duration_cast<std::chrono::seconds>(time).count());
}

double PerSecond(const ratelimit::Rate& rate) {
  return static_cast<double>(rate.count) / std::chrono::duration<double>(rate.per).count();
}

}  // namespace

ratelimit::RoomSpec RoomSpecOf(const conf::WaitingRoom& spec) {
  ratelimit::RoomSpec rule{.straight = spec.when != "always",
                           .by_chance = spec.random_order,
                           .most_active = spec.max_active,
                           .session_s = Seconds(spec.session),
                           .grace_s = Seconds(spec.grace),
                           .most_waiting = spec.max_waiting,
                           .polls_per_s = static_cast<double>(spec.poll_budget)};
  if (spec.pace) rule.pace = PerSecond(*spec.pace);
  if (spec.visitor_rate) rule.visitor_rate = PerSecond(*spec.visitor_rate);
  return rule;
}

RoomTime Room::At(TimePoint now) const {
  const WallTime wall = wall_ + (now - began_);
  return static_cast<RoomTime>(duration_cast<microseconds>(wall.time_since_epoch()).count());
}

WallTime Room::WallAt(RoomTime time) const {
  return WallTime(microseconds(static_cast<int64_t>(time)));
}

Room::Rule::Answer Room::Come(const ratelimit::Ticket* shown, absl::FunctionRef<bool()> open,
                              uint64_t random, TimePoint now) {
  const MutexLock lock(mutex_);
  return rule_.Come(shown, open, random, At(now));
}

void Room::End(uint64_t id, TimePoint now) {
  const MutexLock lock(mutex_);
  rule_.End(id, At(now));
}

void Room::Tick(bool open, double load, TimePoint now) {
  const MutexLock lock(mutex_);
  rule_.Tick(open, load, At(now));
}

void Room::SetSpec(const ratelimit::RoomSpec& spec) {
  const MutexLock lock(mutex_);
  rule_.set_spec(spec);
}

void Room::Close(bool closed) {
  closed_.store(closed, std::memory_order_relaxed);
  const MutexLock lock(mutex_);
  rule_.Close(this->closed());
}

void Room::Bar(bool barred) {
  barred_.store(barred, std::memory_order_relaxed);
  const MutexLock lock(mutex_);
  rule_.Close(closed());
}

void Room::Share(std::optional<ratelimit::RoomOthers> others, TimePoint now) {
  const MutexLock lock(mutex_);
  rule_.Share(std::move(others), At(now));
}

ratelimit::RoomWord Room::Word(TimePoint now) {
  const MutexLock lock(mutex_);
  return rule_.Word(At(now));
}

void Room::Halt(bool halted) {
  const MutexLock lock(mutex_);
  rule_.Halt(halted);
}

void Room::Release(uint64_t visitors) {
  const MutexLock lock(mutex_);
  rule_.Release(visitors);
}

void Room::Gather(std::optional<WallTime> start) {
  RoomTime until = 0;
  if (start) {
    until = static_cast<RoomTime>(duration_cast<microseconds>(start->time_since_epoch()).count());
  }
  gathers_until_.store(until, std::memory_order_relaxed);
  const MutexLock lock(mutex_);
  rule_.Gather(until);
}

std::optional<WallTime> Room::gathers_until() const {
  const RoomTime until = gathers_until_.load(std::memory_order_relaxed);
  if (until == 0) return std::nullopt;
  return WallAt(until);
}

void Room::Hold(Rule::Draw draw, TimePoint now) {
  gathers_until_.store(0, std::memory_order_relaxed);
  const MutexLock lock(mutex_);
  rule_.Hold(std::move(draw), At(now));
}

Room::Rule::Counts Room::counts() const {
  const MutexLock lock(mutex_);
  return rule_.counts();
}

Room::Rule::Snapshot Room::Save(TimePoint now) const {
  const MutexLock lock(mutex_);
  return rule_.Save(At(now));
}

bool Room::Restore(const Rule::Snapshot& snapshot, TimePoint now) {
  // The clock was set back meanwhile: places are to come after those that were given out.
  constexpr RoomTime kMostBack = 24 * 3600 * ratelimit::kSecond;
  if (snapshot.taken > At(now)) {
    wall_ += microseconds(static_cast<int64_t>(std::min(snapshot.taken - At(now), kMostBack)));
  }
  const MutexLock lock(mutex_);
  return rule_.Restore(snapshot, At(now));
}

}  // namespace sluice::admission
