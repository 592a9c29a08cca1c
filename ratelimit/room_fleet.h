// RoomFleet: one waiting room over many machines. Each says once a second what it knows of its part
// of the room (RoomWord); what this one heard of the others comes to a few numbers (RoomOthers), by
// which its rule (waiting_room.h) keeps to what they share:
//
//  - Order. Nobody is called here whose place is more than kSlack later than where another machine
//    has got to, while somebody waits there. What the servers have left meanwhile is for those who
//    are behind. A machine that has let nobody in for kStuck is not waited for: it may have lost
//    its servers.
//  - How many inside. A stated number is shared out in advance: each machine takes a part of what
//    nobody has taken yet, says so, and does not go beyond it. A visitor counts where he came in;
//    his ticket says where, by the machine's tag.
//  - Pace. Of a stated one each has a part, by how many wait there.
//  - The wait that is announced: those before one at all machines, by what all of them let in.
//
// A machine not heard of for kGone is gone: those inside there count here until they show
// themselves or `session` is over. One that took leave is just not there.
//
// Pure. Threads: one at a time. Memory: a word each of kMost machines, each some 400
// bytes, with 1,536 news of 16 bytes in all; and what is not told yet.
#ifndef SLUICE_RATELIMIT_ROOM_FLEET_H_
#define SLUICE_RATELIMIT_ROOM_FLEET_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ratelimit/line.h"

namespace sluice::ratelimit {

// What other machines are to know of one visitor: they may have seen him, too.
struct RoomNews {
  enum class What : uint8_t { kEntered, kEnded };
  uint64_t id = 0;
  What what = What::kEntered;
  friend bool operator==(const RoomNews&, const RoomNews&) = default;
};

// What one machine says of its part of the room.
struct RoomWord {
  static constexpr size_t kParts = 8;

  uint64_t beat = 0;         // another one in each word
  bool keeps_order = false;  // somebody waits here, in order, and is not held by operators
  RoomTime called = 0;       // places up to here may come in
  uint64_t waiting = 0;
  uint64_t active = 0;
  uint64_t most = 0;     // of a stated number inside: this machine goes up to that
  uint64_t entered = 0;  // ever
  double pace = 0, drain = 0, leaving = 0;  // a second, as WaitingRoom has them
  // The first place of those who wait, and up to where each eighth of them is; not falling.
  std::array<RoomTime, kParts + 1> line{};
  std::vector<RoomNews> news = {};  // of the last seconds
  friend bool operator==(const RoomWord&, const RoomWord&) = default;
};

// The others, as of the last look.
struct RoomOthers {
  static constexpr RoomTime kNever = std::numeric_limits<RoomTime>::max();

  bool known = false;    // else they are silent: only how many there are is known, or guessed
  size_t instances = 1;  // this one included
  uint64_t waiting = 0, active = 0, most = 0;
  double pace = 0, drain = 0, leaving = 0;
  RoomTime until = kNever;          // no later place is called here
  RoomTime first = kNever;          // who waits first of all
  bool leads = true;                // this machine is the first by name
  uint16_t tag = 0;                 // of this machine; chance gives two the same once in 65,535
  std::vector<uint16_t> tags = {};  // of the others
  struct Part {
    uint64_t waiting = 0;
    std::array<RoomTime, RoomWord::kParts + 1> line{};
  };
  std::vector<Part> parts = {};

  // Said once, to be done once.
  std::vector<RoomNews> news = {};
  uint64_t inherited = 0;  // inside at machines that are gone: this one's part of them

  // Of those waiting at the others, who are before this place. Within an eighth they are taken to
  // have come evenly.
  double Ahead(RoomTime place) const;
  // Up to so many inside here, of `stated` in all, where `inside` are now and `first_here` (or
  // kNever) waits first. What is left is shared evenly; the last places go to who waits first.
  uint64_t MostHere(uint64_t stated, uint64_t inside, RoomTime first_here) const;
  // Of a stated pace, where so many wait here.
  double ShareHere(double waiting_here) const {
    if (!known) return 1 / static_cast<double>(instances);
    return (waiting_here + 1) / (waiting_here + static_cast<double>(waiting + instances));
  }
};

class RoomFleet {
 public:
  static constexpr size_t kMost = 64;  // others; further ones are not heard
  static constexpr RoomTime kGone = 5 * kSecond;
  static constexpr RoomTime kSlack = 10 * kSecond;
  static constexpr RoomTime kStuck = 30 * kSecond;

  // `name` tells this machine from all others; `expected`: so many there are until some are heard.
  RoomFleet(std::string name, size_t expected) : name_(std::move(name)), expected_(expected) {}

  // One look: all words that are there, each by the name of who says it, then Look(). Who has taken
  // its word away is not there any more; words that are missing because the store was silent or has
  // lost them all (this machine's own, too) are waited for.
  void Hear(std::string_view name, const RoomWord& word, RoomTime now);
  RoomOthers Look(RoomTime now);
  // No look has come to anything for kGone: what is left of what was known.
  RoomOthers Silent() const;
  // Names of machines that have been gone for so long that all others know.
  std::vector<std::string> Forgotten(RoomTime now) const;

 private:
  struct Known {
    RoomWord word;
    RoomTime heard = 0;  // another word than before
    RoomTime moved = 0;  // somebody came in there
    bool here = false;   // in this look
    bool news = false;   // since the last
    bool lived = false;  // more than one word was heard
    bool gone = false;
  };

  const std::string name_;
  size_t expected_;
  bool own_here_ = false;
  RoomTime looked_ = 0;
  std::map<std::string, Known, std::less<>> known_;
};

// News of this machine that others may not have heard yet. Each is told for kTold from its first
// time on, the oldest first; what is not told while the store is silent waits for its turn.
class RoomTidings {
 public:
  static constexpr RoomTime kTold = 3 * kSecond;
  static constexpr size_t kMostTold = 1536;  // in the words of all machines
  static constexpr size_t kMost = 16384;     // 400 KB; beyond, the oldest are lost

  void Add(RoomNews news);
  // As one of so many machines.
  std::vector<RoomNews> Tell(size_t instances, RoomTime now);

 private:
  struct Item {
    RoomNews news;
    RoomTime told = 0;  // first; 0: not yet
  };
  std::deque<Item> list_;
};

}  // namespace sluice::ratelimit

#endif  // SLUICE_RATELIMIT_ROOM_FLEET_H_
