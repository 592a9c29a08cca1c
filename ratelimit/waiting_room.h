// WaitingRoom: who may come in. People are admitted, not pages: who is inside stays until he has
// not been heard of for `session`, or is done; who is not waits in a line for the servers to have
// room, in the order of coming, or by chance.
//
// What keeps the servers busy and their pages quick is the door: it is open while the pages of
// those inside leave room, and every entry is asked for there (`open`). Nobody states how many that
// are: an entry takes room at once and again with each further page of the visitor, so entries end
// by themselves when those inside fill the servers. The line only says whose turn it is. A visitor
// comes by when he was told to, so some must be called ahead for one always to be there; how many
// follows from the pace of entries, and grows while the door is open and nobody comes. What comes
// in then tells how many came by, and not what the servers carry: so once that many are called that
// they come by over a whole poll interval, and the door is open all the same, the pace at which the
// line is expected to move grows, and nobody is told to stay away for longer than that interval.
// Who joins a line that has only begun comes by at any moment of his first poll interval, so that
// the servers do not stand idle until that is over.
//
// A visitor brings along a ticket that holds his place (line.h) as its `order`. What is kept here
// of one that was shown is for counting, and to tell that a place has ended; all of it can be lost
// without anybody losing his place. Of a first visit nothing is kept.
//
// Events. Before one begins (`Gather`) nobody comes in; then who has gathered may draw lots, which
// are places too, before all that come later.
//
// Of a fleet's room each machine has one of these, and tells the others what it knows
// (room_fleet.h).
//
// Pure. Threads: one at a time. Memory: 94 bytes at most for each ticket shown, of kMost; beyond,
// tickets are good all the same, and not counted. Cost, of 100,000 (1,000,000): a visit 0.12 (0.6)
// us, a tick 40 us (1 ms).
// Sources: the shared knowledge of waiting rooms; the rule of the door is ours.
#ifndef SLUICE_RATELIMIT_WAITING_ROOM_H_
#define SLUICE_RATELIMIT_WAITING_ROOM_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "ratelimit/line.h"
#include "ratelimit/room_fleet.h"
#include "ratelimit/ticket.h"

namespace sluice::ratelimit {

struct RoomSpec {
  bool straight = true;    // in without waiting, while nobody waits; else all join the line first
  bool by_chance = false;  // whoever comes by when there is room; else in order
  // Inside at once; none: as many as the door lets in.
  std::optional<uint64_t> most_active = std::nullopt;
  std::optional<double> pace = std::nullopt;  // entries per second; none: likewise
  uint32_t session_s = 600;
  uint32_t grace_s = 300;  // who is late keeps his place for so long
  uint64_t most_waiting = 1'000'000;
  // Of all that wait, as far as that is up to us; more where so many are needed for entries.
  double polls_per_s = 500;
  // Requests per second of one inside, after kVisitorBurst seconds' worth.
  double visitor_rate = 30;
};

class WaitingRoom {
 public:
  static constexpr size_t kMost = 4'000'000;
  static constexpr uint32_t kLongestPoll_s = 120;       // but for the poll budget
  static constexpr uint32_t kLongestUsual_s = 30 * 60;  // even by that
  static constexpr double kVisitorBurst = 10;
  // Of the usual time between visits, which is longer the more wait: nobody is told to stay away
  // for longer, nor those who gather for an event that is about to begin.
  static constexpr double kMostAway = 2.7;

  enum class Outcome : uint8_t {
    kInside,   // he was; goes on
    kTooFast,  // he is inside, and one visitor does not ask so often
    kEnters,
    kWaits,
    kFull,  // too many wait: no place was given
  };
  struct Answer {
    Outcome outcome = Outcome::kEnters;
    std::optional<Ticket> ticket;  // to be written, but for its room
    uint64_t ahead = 0;            // kWaits: before him
    std::optional<double> wait_s;  // kWaits: as far as can be said
    double poll_s = 0;             // kWaits, kFull, kTooFast: when to come by again
  };

  explicit WaitingRoom(const RoomSpec& spec) : stated_(spec), spec_(spec) {}
  void set_spec(const RoomSpec& spec);

  // A request of somebody with this ticket, a good one of this room, or null. `open`: the servers
  // have room at this moment; asked only when it matters. `random`: for a new visitor's id, and to
  // spread visits.
  Answer Come(const Ticket* shown, absl::FunctionRef<bool()> open, uint64_t random, RoomTime now);
  // He is done: the place is free, and his ticket worth nothing any more.
  void End(uint64_t id, RoomTime now);

  // Ten times a second. `open`: as above. `load`: what is at the servers and waits there, over what
  // they carry.
  void Tick(bool open, double load, RoomTime now);

  // By operators. Nobody comes in while it is closed, but for those that are released: so many, in
  // order, whatever the servers have room for.
  void Close(bool closed);
  // What comes in, and how busy the servers are, tells nothing: all but some are kept from them.
  void Halt(bool halted);
  void Release(uint64_t visitors) { released_ += visitors; }

  // Nobody comes in until Hold(), expected at `start`; 0: that is over, and nothing was drawn.
  void Gather(RoomTime start) { gathers_until_ = start; }
  // Places of all that came from `since` to `until` are drawn anew, each by `lot`: a number from
  // the id that nobody knew before. To be called once, at `until`; without a `lot` all keep theirs.
  struct Draw {
    RoomTime since = 0, until = 0;
    std::function<uint64_t(uint64_t id)> lot;
  };
  // Cost: linear in the tickets shown, at once.
  void Hold(Draw draw, RoomTime now);

  // Of a fleet: what the others say, once a second; none: this machine is alone. And what they are
  // to hear, but for its `beat`.
  void Share(std::optional<RoomOthers> others, RoomTime now);
  RoomWord Word(RoomTime now);

  struct Counts {
    uint64_t waiting = 0;  // expected to come by; what was given out but not shown is estimated
    uint64_t called = 0;   // of those: may come in at their next visit
    uint64_t active = 0;
    uint64_t released = 0;  // by operators, and not in yet
    uint64_t given = 0, straight = 0, entered = 0, lapsed = 0, left = 0, ended = 0, refused = 0;
    double pace = 0;   // entries per second, lately
    double drain = 0;  // of the line, with those who gave up
    double error = 0;  // of estimates, a part of the wait that was announced; fading mean
  };
  Counts counts() const;
  bool waits() const { return line_.waiting() >= 1; }

  // What a restart must not forget.
  struct Snapshot {
    RoomTime called = 0, taken = 0;
    double pace = 0, drain = 0;
    uint64_t active = 0;
    Line::Saved line;  // 64 KiB at most
  };
  Snapshot Save(RoomTime now) const;
  // `now` is not before `taken` where places are to keep their order: those that lie ahead of it
  // count as of now. False, and nothing is as it was then, where all who were there have gone
  // since: those inside lapsed, and those in line were told to come by, and had their grace, before
  // now. REQUIRES: a new room.
  bool Restore(const Snapshot& snapshot, RoomTime now);

 private:
  static constexpr double kGuess = 10;  // before anything is known

  // So that growth of one, and a tick's look at all of some, take no longer than a millisecond
  // while a million wait (bench/waiting_room_bench.cc); all are looked at within 1.6 s.
  static constexpr size_t kTables = 64;
  static constexpr size_t kSweptAtOnce = 4;

  enum class State : uint8_t { kWaiting, kInside, kEnded };
  struct Entry {
    RoomTime place = 0;
    uint32_t seen_s = 0;
    uint32_t due_s = 0;          // when he was told to come by, the latest
    uint32_t told_at_s = 0;      // when a wait was announced first
    uint32_t told_wait_s = 0;    // 0: none was
    uint32_t busy_until_ms = 0;  // kInside: by visitor_rate; wraps
    State state = State::kWaiting;
    bool again = false;  // kInside: was seen since he came in
    bool guest = false;  // kInside: another machine counts him
  };
  using Table = absl::flat_hash_map<uint64_t, Entry>;

  Answer Newcomer(absl::FunctionRef<bool()> open, uint64_t random, RoomTime now);
  Answer Inside(const Ticket& ticket, RoomTime now);
  Answer Waiting(const Ticket& ticket, absl::FunctionRef<bool()> open, uint64_t random,
                 RoomTime now);
  Answer Enter(uint64_t id, RoomTime place, bool waited, RoomTime now);
  Table& TableOf(uint64_t id) { return tables_[id % kTables]; }
  bool IsKept() const;
  bool IsRestored(const Ticket& ticket) const;
  bool KeepsInside(const Ticket& ticket) const;
  void Tell(Answer& answer, RoomTime place, uint64_t random, RoomTime now) const;
  bool MayEnter(absl::FunctionRef<bool()> open);
  bool TakesTurn(RoomTime place) const;
  RoomTime Drawn(const Ticket& ticket) const;
  double Drain() const;
  double Wait(double ahead) const;
  double Apart(double visitors) const;
  double Usual() const;
  double MostAhead() const;
  bool IsUnmanned(RoomTime now) const;
  bool Starves() const;
  uint64_t Active() const { return active_ + restored_; }
  void Measure(double load, double dt, RoomTime now);
  void Call(bool open, RoomTime now);
  void Sweep(Table& table, RoomTime now);
  bool Finish(uint64_t id, RoomTime now);

  // waiting_room_fleet.cc
  void PartStated();
  void Heed(const RoomNews& news, RoomTime now);
  RoomTime First() const;
  double Everybody() const;
  double Before(RoomTime place) const;
  bool IsHeld() const { return others_ && called_ >= others_->until; }
  bool PartsNumber() const { return others_ && stated_.most_active; }
  bool IsGuest(const Ticket& ticket) const;
  void Count(const Ticket& ticket);
  void NoteGuestDone();
  uint16_t Tag() const { return others_ ? others_->tag : uint16_t{0}; }
  bool IsInElsewhere(const Ticket& ticket) const;
  uint32_t Late_s() const;

  RoomSpec stated_;
  RoomSpec spec_;  // of it, this machine's part
  std::optional<RoomOthers> others_;
  RoomTidings tidings_;
  uint64_t guests_done_ = 0;  // while the others are silent
  std::array<Table, kTables> tables_;
  size_t swept_ = 0;  // the last of them
  Line line_;
  RoomTime called_ = 0;      // places up to here may come in
  uint64_t active_ = 0;      // of tables_
  RoomTime now_ = 0;         // of the last tick
  RoomTime began_ = 0;       // the line: somebody has waited since then
  double pace_ = 0;          // entries per second, lately
  double entered_ = 0;       // since the last tick
  double drain_ = kGuess;    // entries per second that are expected while the line lasts
  double leaving_ = 0;       // per second, who gives up, anywhere in line
  double gone_ = 0;          // since the last tick; less those who came back
  double carries_ = kGuess;  // visitors per second that the servers carry, as far as calm days tell
  double load_ = 0;          // lately
  double ahead_ = 1;         // times those that are to be called
  double tokens_ = 0;        // of a stated pace
  uint64_t released_ = 0;
  bool closed_ = false;
  bool halted_ = false;
  RoomTime gathers_until_ = 0;
  Draw draw_;
  uint64_t restored_ = 0;  // active before a restart, and not seen since
  RoomTime restored_until_ = 0;
  Counts counts_;
};

}  // namespace sluice::ratelimit

#endif  // SLUICE_RATELIMIT_WAITING_ROOM_H_
