// Line: who waits, counted by when they came, in slots of a tenth of a second. It answers how many
// are before a visitor and how far back so many reach, and keeps nothing of the single one: a place
// in it is a number (microseconds since 1970) that its holder brings along.
//
// A place that was given out and not shown again yet may belong to somebody who keeps no cookies.
// Until it is due it counts for as much as such places have turned out to be shown lately; when it
// is overdue, for nothing; once shown, for one.
//
// Pure. One thread at a time. Memory: 24 bytes a slot from the oldest to the newest of the line;
// where that takes more than kMost, after 27 minutes, slots become twice as long, so a line of a
// day takes no more (its slots are 6.4 s). Within one slot all are taken to have come evenly. Cost:
// Recount() is linear in slots, 10,000 some 20 us; the rest is constant, Reach() linear in what it
// passes.
#ifndef SLUICE_RATELIMIT_LINE_H_
#define SLUICE_RATELIMIT_LINE_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <vector>

namespace sluice::ratelimit {

// Microseconds since 1970 by a clock that never steps.
using RoomTime = uint64_t;
inline constexpr RoomTime kSecond = 1'000'000;

class Line {
 public:
  static constexpr RoomTime kWidth = kSecond / 10;
  static constexpr size_t kMost = 1 << 14;  // slots
  // After it was due, a place counts as given up only then: clients are late.
  static constexpr RoomTime kLate = 10 * kSecond;

  // A place was given out that will be shown at `due`, or never.
  void Join(RoomTime place, RoomTime due);
  // It was shown for the first time, or again after it had been given up. False: nothing of the
  // kind was expected there any more.
  bool Show(RoomTime place);
  // Somebody who was shown is in, or gone.
  void Leave(RoomTime place);
  // Somebody who was shown has got another place.
  void Move(RoomTime from, RoomTime to);

  // Gives up who is overdue, and forgets the head where nobody is left.
  void Recount(RoomTime now);

  // Of all that wait, as of now.
  double waiting() const { return waiting_; }
  // Those before this place, as of the last Recount().
  double Ahead(RoomTime place) const;
  // The first place from `after` on up to which so many wait; not beyond `until`.
  RoomTime Reach(RoomTime after, double many, RoomTime until) const;
  // A little further back, as far as the slot of this place goes: within it Reach() can only guess.
  RoomTime Onward(RoomTime place) const {
    return std::min(place + width_ / 10, (place / width_ + 1) * width_ - 1);
  }

  // What a restart needs: how many wait in each slot from `first` on.
  struct Saved {
    RoomTime first = 0;
    RoomTime width = kWidth;  // of a slot
    std::vector<uint32_t> counts;
  };
  Saved Save() const;
  // All are expected to show their places by `due`. Nobody's place is later than `now`.
  void Restore(const Saved& saved, RoomTime due, RoomTime now);
  void Clear();

 private:
  struct Slot {
    uint32_t given = 0;  // and not yet shown, while any is expected
    uint32_t shown = 0;  // of those that were given here
    uint32_t here = 0;   // shown, and still waiting
    uint32_t due_s = 0;  // of those given, the last; 0: none is expected any more
    double before = 0;
  };
  double WeightOf(const Slot& slot) const { return slot.here + share_ * slot.given; }
  Slot& At(RoomTime place);
  size_t IndexOf(RoomTime place) const;
  void Widen();

  std::deque<Slot> slots_;
  RoomTime width_ = kWidth;
  uint64_t base_ = 0;  // number of the first: its begin over width_
  double waiting_ = 0;
  // Before anything is known all are; a few that are not do not tell of the others.
  static constexpr double kBelieved = 100;
  double share_ = 1;           // of places, that are shown
  double judged_ = kBelieved;  // places that share_ is of, fading
};

}  // namespace sluice::ratelimit

#endif  // SLUICE_RATELIMIT_LINE_H_
