// Rooms: the waiting rooms of the process: what of them a view needs, their tick, the events and
// the operators that change them, and what of them is kept through a restart.
//
// Threads: the supervisor's. Cost: a tick is linear in rooms and as the rule says
// (ratelimit/waiting_room.h); a snapshot once a second is handed to the state's own thread.
#ifndef SLUICE_PROXY_SERVER_ROOMS_H_
#define SLUICE_PROXY_SERVER_ROOMS_H_

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "conf/config.h"
#include "proxy/admission/room_sync.h"
#include "proxy/base/text.h"
#include "proxy/base/time.h"
#include "proxy/crypto/key_ring.h"
#include "proxy/exchange/runtime_view.h"
#include "proxy/server/registry.h"
#include "proxy/server/room_overlay.h"
#include "proxy/server/state_dir.h"

namespace sluice::server {

class Rooms {
 public:
  explicit Rooms(Registry& registry) : registry_(registry) {}

  using Pages = std::vector<std::shared_ptr<const admission::WaitingPage>>;

  // Keys and what rooms knew, of a start before this one. Once. REQUIRES: before the first view
  // that has a room.
  void Open(StateDir& state);
  bool IsOpen() const { return state_ != nullptr; }
  // Of the rooms of the configuration that the next view is of.
  void Take(Pages pages) { pages_ = std::move(pages); }

  // Between Registry::BeginView() and EndView(): the entrances of the view, whose clusters and
  // panic are there; and its rooms follow what its configuration says. `now` and `wall` are one
  // moment.
  void SetEntrances(exchange::RuntimeView& view, TimePoint now, WallTime wall);
  // Of the events of this room, the one that is on: from its prequeue to its end. Null: none.
  static const conf::Event* EventOf(const conf::Config& config, std::string_view room,
                                    WallTime wall);

  // Does what is ordered; unless it is a release, a new view has to follow. The error is for who
  // ordered it.
  absl::Status Obey(const conf::Config& config, const RoomOrder& order, const Author& author,
                    TimePoint now);
  // What was ordered ends by time, or for its room is gone; sentences for the log.
  std::vector<std::string> Expire(TimePoint now) { return overlay_.Expire(now); }
  std::vector<std::string> DropGone(const conf::Config& config) {
    return overlay_.DropGone(config);
  }
  void RestoreOrders(std::vector<RoomChange> changes) { overlay_.Restore(std::move(changes)); }
  const RoomOverlay& overlay() const { return overlay_; }

  // A room of the file as `event`, which is on, or null, and operators have it.
  RoomInForce InForce(const conf::WaitingRoom& file, const conf::Event* event) const;
  // Whether anybody meets a room that is so.
  static bool IsThere(const conf::WaitingRoom& spec, const conf::Event* event);
  // Null when no view has named it.
  std::shared_ptr<const admission::Room> Find(std::string_view name) const;
  // Of the rooms that are there in this view, those of scope "fleet".
  std::vector<admission::RoomSync::Member> Shared(const exchange::RuntimeView& view) const;
  // Ten times a second. True when an event has begun or ended, and views have to follow.
  bool Tick(const exchange::RuntimeView& view, TimePoint now, WallTime wall);
  // The last word to the state, which is to be flushed.
  void Close(const exchange::RuntimeView* view, TimePoint now);

 private:
  using Signer = admission::Doorkeeper::Signer;
  // What was last told to a room of its events.
  struct Phase {
    std::string event;  // empty: none
    bool begun = false;
    conf::Time start{};  // until it has begun: a reload may move it
    friend bool operator==(const Phase&, const Phase&) = default;
  };

  static Phase PhaseOf(const conf::Event* event, WallTime wall);
  Signer SignerOf(const conf::WaitingRoom& room);
  void Forget(const conf::Config& config, TimePoint now);
  bool Follow(const conf::WaitingRoom& spec, const conf::Event* event, TimePoint now,
              WallTime wall);
  void Enact(const conf::WaitingRoom& spec, admission::Room& room, const conf::Event* event,
             const Phase& phase, TimePoint now, WallTime wall);
  void RestoreRoom(const conf::WaitingRoom& spec, admission::Room& room, TimePoint now) const;
  void Save(const exchange::RuntimeView& view, TimePoint now);

  Registry& registry_;
  RoomOverlay overlay_;
  Pages pages_;
  StateDir* state_ = nullptr;
  std::shared_ptr<const crypto::KeyRing> keys_;  // of rooms without a file of their own
  std::string past_;       // what rooms knew that are gone, the last first; kMostPast, or the file
  std::string idle_;       // what was saved last, if nobody was there: but for its times
  TextMap<Phase> phases_;  // by room
  uint32_t ticks_ = 0;
};

}  // namespace sluice::server

#endif  // SLUICE_PROXY_SERVER_ROOMS_H_
