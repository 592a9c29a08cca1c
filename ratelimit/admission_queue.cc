#include "ratelimit/admission_queue.h"

#include <algorithm>
#include <cmath>

namespace sluice::ratelimit {

using std::chrono::seconds;

namespace {

// In gaps between two grants: so many in line are no crowd, and so many one waits for at least.
constexpr int kGapsOfTarget = 2;
constexpr int kGapsOfLongest = 4;

}  // namespace

size_t AdmissionQueue::size(Priority priority) const {
  const size_t first = static_cast<size_t>(priority) * kKinds;
  size_t sum = 0;
  for (size_t kind = 0; kind < kKinds; ++kind) sum += lines_[first + kind].turns.size();
  return sum;
}

Duration AdmissionQueue::Target(TimePoint now) const {
  return std::max(times_.target, kGapsOfTarget * grants_.Gap(now));
}

Duration AdmissionQueue::Longest(TimePoint now) const {
  return std::max(times_.longest, kGapsOfLongest * grants_.Gap(now));
}

void AdmissionQueue::NoteCalm(TimePoint now) { calm_until_.fill(Advance(now)); }

bool AdmissionQueue::Stands(Priority priority, TimePoint now) {
  now = Advance(now);
  const auto at = static_cast<size_t>(priority);
  NoteHead(at, now);
  return stands_[at] = !VisitorsOf(at).turns.empty() && now - calm_until_[at] > times_.interval;
}

// The wait of who is next only grows until it is another's, so it is known how long it is calm.
// Newest first, those who had their turn and have more are the last, and so at the head: there it
// is the oldest that counts.
void AdmissionQueue::NoteHead(size_t priority, TimePoint now) {
  const Turns& visitors = VisitorsOf(priority).turns;
  const Turn* const head = stands_[priority] ? visitors.oldest() : visitors.head();
  if (head == nullptr) return;
  const Duration target = Target(now);
  if (now - head->arrived <= target) calm_until_[priority] = head->arrived + target;
}

Turns::From AdmissionQueue::FromOf(size_t line, TimePoint now) {
  const bool newest =
      line % kKinds == kVisitors && Stands(static_cast<Priority>(line / kKinds), now);
  return newest ? Turns::From::kNewest : Turns::From::kOldest;
}

bool AdmissionQueue::Fits(const Entry& entry, const Bounds& bounds) const {
  if (size_ >= bounds.entries) return false;
  if (entry.bytes > 0 && bytes_ + entry.bytes > bounds.bytes) return false;
  return entry.priority != Priority::kLow || size(Priority::kLow) < bounds.entries / 2;
}

bool AdmissionQueue::Join(Entry& entry, const Bounds& bounds, TimePoint now,
                          absl::FunctionRef<void(Entry&)> pushed_out) {
  now = Advance(now);
  if (entry.deadline <= now) return false;
  if (!Fits(entry, bounds)) {
    Entry* const victim = Victim(entry, bounds, now);
    if (victim == nullptr) return false;
    Leave(*victim, now);
    pushed_out(*victim);
  }
  if (size_ == 0) grants_.Begin(now);
  const size_t at = LineOf(entry);
  entry.arrived = now;
  entry.waits = true;
  lines_[at].turns.Join(entry);
  lines_[at].bytes += entry.bytes;
  ++size_;
  bytes_ += entry.bytes;
  deadlines_.emplace(entry.deadline, &entry);
  NoteHead(at / kKinds, now);
  return true;
}

// Who makes room for `entry`, which does not fit; null: nobody is to.
AdmissionQueue::Entry* AdmissionQueue::Victim(const Entry& entry, const Bounds& bounds,
                                              TimePoint now) {
  const size_t own = LineOf(entry);
  if (entry.bytes > bounds.bytes) return nullptr;
  if (entry.bytes > 0 && bytes_ + entry.bytes > bounds.bytes) {
    return LastWith(bytes_ + entry.bytes - bounds.bytes, own);
  }
  for (size_t line = kLines; line-- > own;) {
    const Turns& turns = lines_[line].turns;
    if (turns.empty()) continue;
    const Turns::End last = turns.Last(FromOf(line, now));
    if (line == own && last.of_client < turns.Of(entry.client) + 2) return nullptr;
    return static_cast<Entry*>(last.turn);
  }
  return nullptr;
}

// The newest of those in lines behind `own` that holds so many bytes.
AdmissionQueue::Entry* AdmissionQueue::LastWith(uint64_t bytes, size_t own) {
  uint32_t looks = Turns::kLooks;
  for (size_t at = kLines; --at > own;) {
    const Line& line = lines_[at];
    if (line.bytes < bytes) continue;
    for (Turn* turn = line.turns.newest(); turn != nullptr; turn = line.turns.Before(*turn)) {
      auto* const entry = static_cast<Entry*>(turn);
      if (entry->bytes >= bytes) return entry;
      if (--looks == 0) return nullptr;
    }
  }
  return nullptr;
}

size_t AdmissionQueue::Ahead(const Entry& entry, TimePoint now) {
  now = Advance(now);
  const size_t own = LineOf(entry);
  size_t ahead = 0;
  for (size_t line = 0; line < own; ++line) ahead += lines_[line].turns.size();
  if (FromOf(own, now) == Turns::From::kOldest) ahead += lines_[own].turns.size() - 1;
  return ahead;
}

// The best class that waits; kPriorities when none does.
size_t AdmissionQueue::Best() const {
  size_t line = 0;
  while (line < kLines && lines_[line].turns.empty()) ++line;
  return line / kKinds;
}

// Of the classes below `best` that wait, the one whose turn it is; kPriorities when none waits.
size_t AdmissionQueue::LowerInTurn(size_t best) const {
  for (size_t step = 1; step <= kPriorities; ++step) {
    const size_t priority = (turn_ + step) % kPriorities;
    if (priority > best && size(static_cast<Priority>(priority)) > 0) return priority;
  }
  return kPriorities;
}

AdmissionQueue::Entry* AdmissionQueue::NextOf(size_t priority, TimePoint now,
                                              absl::FunctionRef<bool(const Entry&)> takes) {
  uint32_t looks = Turns::kLooks;
  const auto in_time = [&](const Turn& turn) {
    const auto& entry = static_cast<const Entry&>(turn);
    return entry.deadline > now && takes(entry);
  };
  for (size_t kind = 0; kind < kKinds; ++kind) {
    const size_t line = priority * kKinds + kind;
    if (lines_[line].turns.empty()) continue;
    Turn* const turn = lines_[line].turns.Next(FromOf(line, now), looks, in_time);
    if (turn != nullptr) return static_cast<Entry*>(turn);
  }
  return nullptr;
}

AdmissionQueue::Entry* AdmissionQueue::Next(TimePoint now,
                                            absl::FunctionRef<bool(const Entry&)> takes) {
  now = Advance(now);
  const size_t best = Best();
  const size_t lower = passed_over_ + 1 >= kShare ? LowerInTurn(best) : kPriorities;
  if (lower < kPriorities) {
    if (Entry* const entry = NextOf(lower, now, takes)) return entry;
  }
  for (size_t priority = best; priority < kPriorities; ++priority) {
    if (priority == lower) continue;
    if (Entry* const entry = NextOf(priority, now, takes)) return entry;
  }
  return nullptr;
}

Served AdmissionQueue::Serve(Entry& entry, TimePoint now) {
  now = Advance(now);
  const size_t best = Best();
  const auto own = static_cast<size_t>(entry.priority);
  if (own > best) {
    passed_over_ = 0;
    turn_ = own;
  } else if (LowerInTurn(best) < kPriorities) {
    ++passed_over_;
  }
  grants_.Note(now);
  const size_t line = LineOf(entry);
  const uint64_t turn = lines_[line].turns.Serve(entry, FromOf(line, now));
  Forget(entry, now);
  return {.client = entry.client, .turn = turn, .line = line};
}

void AdmissionQueue::Done(const Served& served, TimePoint now) {
  now = Advance(now);
  lines_[served.line].turns.Done(served.client, served.turn, FromOf(served.line, now));
  NoteHead(served.line / kKinds, now);
}

void AdmissionQueue::Leave(Entry& entry, TimePoint now) {
  now = Advance(now);
  lines_[LineOf(entry)].turns.Leave(entry);
  Forget(entry, now);
}

void AdmissionQueue::Forget(Entry& entry, TimePoint now) {
  const size_t line = LineOf(entry);
  lines_[line].bytes -= entry.bytes;
  --size_;
  bytes_ -= entry.bytes;
  deadlines_.erase({entry.deadline, &entry});
  entry.waits = false;
  if (size_ == 0) grants_.End(now);
  NoteHead(line / kKinds, now);
}

void AdmissionQueue::Expire(TimePoint now, absl::FunctionRef<void(Entry&, Refusal)> dropped) {
  now = Advance(now);
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
    Entry& entry = *deadlines_.begin()->second;
    Leave(entry, now);
    dropped(entry, Refusal::kDeadline);
  }
  if (size_ == 0) return;
  const Duration longest = Longest(now);
  for (size_t priority = 0; priority < kPriorities; ++priority) {
    const Turns& visitors = VisitorsOf(priority).turns;
    while (Stands(static_cast<Priority>(priority), now) &&
           now - visitors.oldest()->arrived > longest) {
      auto& entry = static_cast<Entry&>(*visitors.oldest());
      Leave(entry, now);
      dropped(entry, Refusal::kTooLong);
    }
  }
}

Duration AdmissionQueue::DrainTime(TimePoint now) {
  now = Advance(now);
  return static_cast<int64_t>(size_) * grants_.Gap(now);
}

seconds RetryAfter(Duration drain, double random) {
  constexpr double kLeast = 1;
  constexpr double kMost = 30;
  const double base = std::clamp(std::chrono::duration<double>(drain).count(), kLeast, kMost);
  return seconds(std::lround(base * (1 + random)));
}

}  // namespace sluice::ratelimit
