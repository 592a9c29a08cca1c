// RoomSync: tells the store what this machine knows of the waiting rooms of scope "fleet", and
// brings their rules what the other machines say (ratelimit/room_fleet.h). Once a second for each
// room one look at all that is said, and at once the own word after it: so what this machine takes
// of a stated number is known to who looks next. No request waits for it.
//
// In the store a room is a hash, PREFIXroom:NAME, with a field for each machine, room_word_text.h.
// It is forgotten when no machine has said anything for kGoneAfter. Whether a machine is there is
// judged by whether its word changes, by our own clock: the clocks of machines and store need not
// agree for it. (Places in line are moments of the calendar, so those of the machines should, as
// NTP has them.)
//
// A room begins with nobody let in, until the store has told of the others or has been silent for
// kGoneAfter; then, as after any such silence, it goes on by itself, or with `fail_closed` lets
// nobody in, until the store answers.
//
// Threads: the main loop's. Bounds: one look under way for each room, of RoomFleet::kMost machines.
// Cost: some 5 us a second for each machine and room. Errors: an answer that is no hash ends the
// connection (store/client.h); words that are none are passed over and counted.
#ifndef SLUICE_PROXY_ADMISSION_ROOM_SYNC_H_
#define SLUICE_PROXY_ADMISSION_ROOM_SYNC_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proxy/admission/room.h"
#include "proxy/base/time.h"
#include "proxy/store/client.h"
#include "ratelimit/room_fleet.h"

namespace sluice::admission {

class RoomSync {
 public:
  static constexpr Duration kBeat = std::chrono::seconds(1);
  static constexpr Duration kGoneAfter =
      std::chrono::microseconds(static_cast<int64_t>(ratelimit::RoomFleet::kGone));

  struct Member {
    std::shared_ptr<Room> room;
    bool fail_closed = false;
  };
  // How it is with a room.
  struct Standing {
    bool known = false;  // by the store, lately
    size_t instances = 1;
    uint64_t waiting = 0, active = 0;  // at the others
    uint64_t unreadable = 0;           // words, ever
  };

  // `instance` tells it from all others.
  explicit RoomSync(std::string instance) : instance_(std::move(instance)) {}
  ~RoomSync() { Forget(); }  // what the store answers later goes nowhere
  RoomSync(const RoomSync&) = delete;
  RoomSync& operator=(const RoomSync&) = delete;

  // Exactly these from now on; those that were there go on where they are, and those that are no
  // longer take leave and are their machine's alone.
  void Adopt(std::vector<Member> members, TimePoint now);
  // By this store from now on; null: none, rooms go on by themselves. The client outlives its use.
  // So many instances there are until the store has told.
  void Use(store::Client* client, std::string prefix, uint32_t instances, TimePoint now);
  // Some times a second.
  void Tick(TimePoint now);
  // This machine ends: the others need not wait until it is gone.
  void Leave();

  // Nothing for a room that is not shared.
  std::optional<Standing> Find(std::string_view room) const;

 private:
  struct Shared;

  std::shared_ptr<Shared> Begin(Member member, TimePoint now) const;
  void GoSilent(Shared& shared, TimePoint now);
  void Ask(const std::shared_ptr<Shared>& shared, TimePoint now);
  void Hear(Shared& shared, const store::Reply& reply, TimePoint now);
  void Tell(Shared& shared, TimePoint now);
  void TakeLeave(const Shared& shared) const;
  void Forget();
  std::string KeyOf(const Shared& shared) const;

  const std::string instance_;
  std::string prefix_;
  uint32_t expected_ = 1;
  store::Client* client_ = nullptr;
  std::vector<std::shared_ptr<Shared>> shared_;
};

}  // namespace sluice::admission

#endif  // SLUICE_PROXY_ADMISSION_ROOM_SYNC_H_
