// RoomOverlay: the run-time layer over the waiting rooms of the file: what operators have said of
// them while sluice runs. As with limits (limit_overlay.h) the file stays what it is, each change
// tells who made it, when and why, and holds through reloads and restarts until it is undone or, if
// it was made for a time, until that is over.
//
// Threads: the supervisor's. Time and authors are arguments; nothing here does I/O.
// Cost: linear in the changes, of which a room has two of each kind at most.
#ifndef SLUICE_PROXY_SERVER_ROOM_OVERLAY_H_
#define SLUICE_PROXY_SERVER_ROOM_OVERLAY_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "conf/config.h"
#include "proxy/base/time.h"
#include "proxy/server/overlay.h"

namespace sluice::server {

struct RoomOrder {
  // The names are those of the admin API.
  enum class Deed : uint8_t {
    kPause,      // nobody comes in but those that are released
    kHold,       // everybody waits for his turn, as with when = "always"
    kResume,     // the end of both
    kPace,       // in place of the file's, and of an event's
    kMaxActive,  // likewise
    kMessage,    // what those who wait read
    kRelease,    // so many come in, in order, whatever the servers have room for
    kUndo,       // what the file says holds again
  };
  Deed deed = Deed::kPause;
  std::string room = {};                               // its name
  std::optional<ratelimit::Rate> pace = std::nullopt;  // kPace; none: "auto"
  std::optional<uint32_t> max_active = std::nullopt;   // kMaxActive; none: "auto"
  std::string message = {};                            // kMessage; empty: none
  uint64_t visitors = 0;                               // kRelease
  Duration lasts{0};                                   // 0: until it is undone
  std::string reason = {};

  // "paused", "pace 600/min"; of what does not last, the deed.
  std::string What() const;
};
inline constexpr std::string_view kRoomDeeds[] = {"pause",      "hold",    "resume",  "pace",
                                                  "max_active", "message", "release", "undo"};
// Whether it can be for a time.
bool Lasts(RoomOrder::Deed deed);

struct RoomChange {
  RoomOrder order;
  TimePoint until = TimePoint::max();
  Author author;

  bool timed() const { return until != TimePoint::max(); }
};

// A room as it is to be at present.
struct RoomInForce {
  conf::WaitingRoom spec;
  bool paused = false;
};

class RoomOverlay {
 public:
  // REQUIRES: a room of the configuration; not kRelease, which changes nothing that stays. After an
  // error, which is a sentence for who ordered it, nothing has changed.
  absl::Status Apply(const RoomOrder& order, const Author& author, TimePoint now);

  // A room that pauses or holds is there, whatever its `when` says.
  void Change(RoomInForce& room) const;

  // Ends what has lasted, and what is of rooms that are gone; sentences for the log.
  std::vector<std::string> Expire(TimePoint now);
  std::vector<std::string> DropGone(const conf::Config& config);

  // Those of a start before this one, in their order. REQUIRES: there are none yet.
  void Restore(std::vector<RoomChange> changes) { changes_ = std::move(changes); }
  // In the order in which they were made; of two that are about the same the later holds.
  const std::vector<RoomChange>& changes() const { return changes_; }

 private:
  std::vector<RoomChange> changes_;
};

}  // namespace sluice::server

#endif  // SLUICE_PROXY_SERVER_ROOM_OVERLAY_H_
