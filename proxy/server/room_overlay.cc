#include "proxy/server/room_overlay.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "conf/units.h"

namespace sluice::server {
namespace {

using RoomDeed = RoomOrder::Deed;

// Orders about the same take each other's place.
bool AreAlike(RoomDeed a, RoomDeed b) {
  const auto door = [](RoomDeed deed) { return deed == RoomDeed::kHold ? RoomDeed::kPause : deed; };
  return door(a) == door(b);
}

}  // namespace

bool Lasts(RoomDeed deed) {
  return deed != RoomDeed::kResume && deed != RoomDeed::kRelease && deed != RoomDeed::kUndo;
}

std::string RoomOrder::What() const {
  switch (deed) {
    case RoomDeed::kPause:
      return "paused";
    case RoomDeed::kHold:
      return "everybody waits";
    case RoomDeed::kPace:
      return "pace " + (pace ? conf::FormatRate(*pace) : "auto");
    case RoomDeed::kMaxActive:
      return "max_active " + (max_active ? std::to_string(*max_active) : "auto");
    case RoomDeed::kMessage:
      return message.empty() ? "no message" : absl::StrFormat("message \"%s\"", message);
    case RoomDeed::kRelease:
      return absl::StrFormat("release %d", visitors);
    case RoomDeed::kResume:
    case RoomDeed::kUndo:
      break;
  }
  return std::string(kRoomDeeds[static_cast<size_t>(deed)]);
}

absl::Status RoomOverlay::Apply(const RoomOrder& order, const Author& author, TimePoint now) {
  const bool all = order.deed == RoomDeed::kUndo;
  const bool puts = Lasts(order.deed);
  const RoomDeed about = order.deed == RoomDeed::kResume ? RoomDeed::kPause : order.deed;
  RoomChange change = {
      .order = order,
      .until = order.lasts > Duration::zero() ? now + order.lasts : TimePoint::max(),
      .author = author};
  // What is for a time lies on top of what lasts.
  const size_t gone = std::erase_if(changes_, [&](const RoomChange& each) {
    return each.order.room == order.room && (all || AreAlike(each.order.deed, about)) &&
           (each.timed() || !change.timed());
  });
  if (puts) {
    changes_.push_back(std::move(change));
  } else if (gone == 0) {
    return absl::FailedPreconditionError(
        all ? absl::StrFormat("nothing was changed about '%s'", order.room)
            : absl::StrFormat("'%s' neither pauses nor holds by an order", order.room));
  }
  return absl::OkStatus();
}

void RoomOverlay::Change(RoomInForce& room) const {
  for (const RoomChange& change : changes_) {
    const RoomOrder& order = change.order;
    if (order.room != room.spec.name) continue;
    switch (order.deed) {
      case RoomDeed::kPause:
      case RoomDeed::kHold:
        room.paused = order.deed == RoomDeed::kPause;
        room.spec.when = "always";
        break;
      case RoomDeed::kPace:
        room.spec.pace = order.pace;
        break;
      case RoomDeed::kMaxActive:
        room.spec.max_active = order.max_active;
        break;
      case RoomDeed::kMessage:
        room.spec.message = order.message;
        break;
      case RoomDeed::kResume:
      case RoomDeed::kRelease:
      case RoomDeed::kUndo:
        break;
    }
  }
}

std::vector<std::string> RoomOverlay::Expire(TimePoint now) {
  std::vector<std::string> said;
  std::erase_if(changes_, [&](const RoomChange& change) {
    if (change.until > now) return false;
    said.push_back(absl::StrFormat("waiting room %s: what %s changed (%s) has ended, as ordered",
                                   change.order.room, change.author.who, change.order.What()));
    return true;
  });
  return said;
}

std::vector<std::string> RoomOverlay::DropGone(const conf::Config& config) {
  std::vector<std::string> said;
  std::erase_if(changes_, [&](const RoomChange& change) {
    const bool there =
        std::any_of(config.waiting_rooms.begin(), config.waiting_rooms.end(),
                    [&](const auto& room) { return room.name == change.order.room; });
    if (there) return false;
    said.push_back(absl::StrFormat("waiting room %s is gone, and what was changed of it (%s)",
                                   change.order.room, change.order.What()));
    return true;
  });
  return said;
}

}  // namespace sluice::server
