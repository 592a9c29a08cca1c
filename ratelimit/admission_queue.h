// AdmissionQueue: who waits for a place at the servers of a pool, and who is next.
//
// Classes are strict: critical before high before normal before low. But of the places that are
// given while a lower class waits, one in kShare goes to a lower one, in turn among them, so that
// none starves. In a class those go first that had their turn before (a retry), then holders of an
// active place in a waiting room, then visitors; in each of these lines clients take turns
// (turns.h), which is first come, first served where each has one request here.
//
// The visitors of a class are a standing queue when whoever is next of them in order has waited
// longer than `target`, for all of `interval`: CoDel's measure (Nichols and Jacobson, "Controlling
// Queue Delay", 2012), but of the head of the line and not of who was served, so that the order of
// service does not hide it, and it is seen while nobody is served at all; and the head is soon
// another's where one client has much. It stands until none of them has waited so long. While it
// stands they are served newest first: where more
// come than the servers can serve somebody waits in vain, and it had better be who has waited so
// long that he is about to give up anyway. Who has waited `longest` is dropped then, oldest first,
// and told when to come back, which a shopper prefers to silence. Retries and holders are served
// in order and are never dropped for that.
//
// Times that suit pages: nobody notices a tenth of a second, half a second tells a burst from a
// crowd, and after a second people begin to think that nothing will come. (For calls between
// services CoDel has 5 ms and 100 ms.) In a pool that is slow by itself the places between two
// grants are what the clock is: there the second in line is no crowd yet.
//
// Bounded in number, and in what its entries hold: when one more does not fit, the one that would
// be served last gives way to it, if it is of a worse line; or of the same line, if its client has
// more there by two than the client of the new one, so that nobody can shut others out by coming
// often. The low class may have half of all at most.
//
// Threads: one at a time (dispatch.h holds its lock). Time: an argument; a clock that steps back
// stands still here until it has caught up. Ownership: entries are their owners', and leave before
// they are destroyed. Cost: some 300 ns to join and be served with 10,000 waiting
// (BM_AdmissionQueue); some 200 bytes an entry, its own 80 included.
#ifndef SLUICE_RATELIMIT_ADMISSION_QUEUE_H_
#define SLUICE_RATELIMIT_ADMISSION_QUEUE_H_

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/container/btree_set.h"
#include "absl/functional/function_ref.h"
#include "ratelimit/pace.h"
#include "ratelimit/served.h"
#include "ratelimit/spec.h"
#include "ratelimit/turns.h"
#include "ratelimit/verdict.h"

namespace sluice::ratelimit {

class AdmissionQueue {
 public:
  static constexpr uint32_t kShare = 20;
  static constexpr size_t kPriorities = kPriorityNames.size();

  struct Entry : Turn {
    Priority priority = Priority::kNormal;
    bool again = false;   // it had its turn before
    bool holder = false;  // of an active place in a waiting room
    uint64_t bytes = 0;   // that it holds
    TimePoint deadline = TimePoint::max();
    bool waits = false;  // the queue's to say: it has joined, and was not served or dropped
  };

  struct Bounds {
    uint64_t entries = 4096;
    uint64_t bytes = 64 << 20;
  };

  struct Times {
    Duration target = std::chrono::milliseconds(100);
    Duration interval = std::chrono::milliseconds(500);
    Duration longest = std::chrono::seconds(1);  // REQUIRES: not below target + interval
  };

  // Why an entry was refused.
  enum class Refusal : uint8_t {
    kFull,
    kPushedOut,  // by one that goes first
    kTooLong,    // it waited, and the queue stands
    kDeadline,
  };
  static constexpr size_t kRefusals = static_cast<size_t>(Refusal::kDeadline) + 1;

  AdmissionQueue() : AdmissionQueue(Times()) {}
  explicit AdmissionQueue(const Times& times) : times_(times) {}

  // False when it has no room, or its deadline has passed; it has then not joined. What had to make
  // room for it was told to `pushed_out`, and waits no more.
  // REQUIRES: it does not wait, and its fields are set.
  bool Join(Entry& entry, const Bounds& bounds, TimePoint now,
            absl::FunctionRef<void(Entry&)> pushed_out);
  // How many of those that wait go before it as things are, whatever the turns; for one that has
  // joined just now.
  size_t Ahead(const Entry& entry, TimePoint now);
  // The next that `takes` takes, or null. Of each class it looks at Turns::kLooks.
  Entry* Next(TimePoint now, absl::FunctionRef<bool(const Entry&)> takes);
  // It gets a place. REQUIRES: it waits.
  Served Serve(Entry& entry, TimePoint now);
  // The place that it got is free again. Need not be told while nobody waits.
  void Done(const Served& served, TimePoint now);
  // It has gone by itself. REQUIRES: it waits.
  void Leave(Entry& entry, TimePoint now);
  // Those that have waited long enough, by whatever rule; they wait no more when `dropped` is told.
  void Expire(TimePoint now, absl::FunctionRef<void(Entry&, Refusal)> dropped);

  // About how long it takes until all of those who wait now are served, at the pace of late.
  Duration DrainTime(TimePoint now);

  // Who waits now does so for another reason than a crowd: until the interval has passed again no
  // queue stands.
  void NoteCalm(TimePoint now);

  // Whether its visitors are a standing queue.
  bool Stands(Priority priority, TimePoint now);

  size_t size() const { return size_; }
  size_t size(Priority priority) const;
  uint64_t bytes() const { return bytes_; }

 private:
  // In the order in which they are served: of each class those that come again, holders, visitors.
  static constexpr size_t kKinds = 3;
  static constexpr size_t kVisitors = kKinds - 1;
  static constexpr size_t kLines = kPriorities * kKinds;
  struct Line {
    Turns turns;
    uint64_t bytes = 0;
  };

  static size_t LineOf(const Entry& entry) {
    const size_t kind = entry.again ? 0 : entry.holder ? 1 : kVisitors;
    return static_cast<size_t>(entry.priority) * kKinds + kind;
  }
  Line& VisitorsOf(size_t priority) { return lines_[priority * kKinds + kVisitors]; }

  TimePoint Advance(TimePoint now) { return latest_ = std::max(latest_, now); }
  Duration Target(TimePoint now) const;
  Duration Longest(TimePoint now) const;
  Turns::From FromOf(size_t line, TimePoint now);
  bool Fits(const Entry& entry, const Bounds& bounds) const;
  Entry* Victim(const Entry& entry, const Bounds& bounds, TimePoint now);
  Entry* LastWith(uint64_t bytes, size_t behind);
  size_t Best() const;
  size_t LowerInTurn(size_t best) const;
  Entry* NextOf(size_t priority, TimePoint now, absl::FunctionRef<bool(const Entry&)> takes);
  // It is out of its line already.
  void Forget(Entry& entry, TimePoint now);
  void NoteHead(size_t priority, TimePoint now);

  const Times times_;
  std::array<Line, kLines> lines_;
  absl::btree_set<std::pair<TimePoint, Entry*>> deadlines_;
  // Whether the visitors of a class stood when last asked, and until when they are known to be
  // calm.
  std::array<bool, kPriorities> stands_{};
  std::array<TimePoint, kPriorities> calm_until_{};
  size_t size_ = 0;
  uint64_t bytes_ = 0;
  uint32_t passed_over_ = 0;  // places in a row that went by a lower class that waited
  size_t turn_ = 0;           // the lower class that was served last
  Pace grants_;               // of the time in which anybody waits
  TimePoint latest_{};
};

// What to tell who is refused: to come back when the queue is drained, in whole seconds between 1
// and 60. `random` in [0, 1) spreads those who were refused together over as long again.
std::chrono::seconds RetryAfter(Duration drain, double random);

}  // namespace sluice::ratelimit

#endif  // SLUICE_RATELIMIT_ADMISSION_QUEUE_H_
