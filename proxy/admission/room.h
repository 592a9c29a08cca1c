// Room: a waiting room that is open: the rule (ratelimit/waiting_room.h) under one mutex, its
// clock, and what operators have said to it. One for the whole process, kept through reloads.
//
// Time: places in line are moments of the calendar, so that they mean the same after a restart and
// on another machine; while the process runs they follow the steady clock from its start on, so
// that no step of the other is seen.
//
// Threads: any. Cost: a visit some 200 ns, most of it the mutex; a tick as the rule says.
#ifndef SLUICE_PROXY_ADMISSION_ROOM_H_
#define SLUICE_PROXY_ADMISSION_ROOM_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/functional/function_ref.h"
#include "conf/config.h"
#include "proxy/base/mutex.h"
#include "proxy/base/time.h"
#include "ratelimit/ticket.h"
#include "ratelimit/waiting_room.h"

namespace sluice::admission {

// The rule as the configuration has it.
ratelimit::RoomSpec RoomSpecOf(const conf::WaitingRoom& spec);

class Room {
 public:
  using Rule = ratelimit::WaitingRoom;

  // `now` and `wall` are the same moment.
  Room(std::string name, TimePoint now, WallTime wall)
      : name_(std::move(name)), began_(now), wall_(wall) {}

  const std::string& name() const { return name_; }
  ratelimit::RoomTime At(TimePoint now) const;
  WallTime WallAt(ratelimit::RoomTime time) const;

  Rule::Answer Come(const ratelimit::Ticket* shown, absl::FunctionRef<bool()> open, uint64_t random,
                    TimePoint now);
  void End(uint64_t id, TimePoint now);
  void Tick(bool open, double load, TimePoint now);
  void NoteFault(ratelimit::TicketFault fault) {
    faults_[static_cast<size_t>(fault)].fetch_add(1, std::memory_order_relaxed);
  }

  void SetSpec(const ratelimit::RoomSpec& spec);
  // Nobody comes in but those that are released.
  void Close(bool closed);
  // By that, or barred.
  bool closed() const {
    return closed_.load(std::memory_order_relaxed) || barred_.load(std::memory_order_relaxed);
  }
  bool barred() const { return barred_.load(std::memory_order_relaxed); }
  // A panic is on, or over.
  void Halt(bool halted);
  void Release(uint64_t visitors);
  // Nobody comes in before; nothing: at once, and no lots are drawn.
  void Gather(std::optional<WallTime> start);
  std::optional<WallTime> gathers_until() const;
  void Hold(Rule::Draw draw, TimePoint now);

  // Of a fleet (room_sync.h): what the others say, and what they are to hear. None: no fleet.
  void Share(std::optional<ratelimit::RoomOthers> others, TimePoint now);
  ratelimit::RoomWord Word(TimePoint now);
  // As by Close(), but for want of a store.
  void Bar(bool barred);

  Rule::Counts counts() const;
  uint64_t faults(ratelimit::TicketFault fault) const {
    return faults_[static_cast<size_t>(fault)].load(std::memory_order_relaxed);
  }
  Rule::Snapshot Save(TimePoint now) const;
  // REQUIRES: nobody has met it yet.
  bool Restore(const Rule::Snapshot& snapshot, TimePoint now);

 private:
  const std::string name_;
  const TimePoint began_;
  WallTime wall_;  // since Restore() it stays
  mutable Mutex mutex_;
  Rule rule_ SLUICE_GUARDED_BY(mutex_){ratelimit::RoomSpec{}};
  std::atomic<bool> closed_{false};
  std::atomic<bool> barred_{false};
  std::atomic<ratelimit::RoomTime> gathers_until_{0};
  std::array<std::atomic<uint64_t>, ratelimit::kTicketFaults> faults_{};
};

}  // namespace sluice::admission

#endif  // SLUICE_PROXY_ADMISSION_ROOM_H_
