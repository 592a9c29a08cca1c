#include "ratelimit/waiting_room.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace sluice::ratelimit {
namespace {

constexpr uint32_t kSoonest_s = 1;     // to come by again
constexpr uint32_t kUsual_s = 10;      // between visits
constexpr double kVisitsPerEntry = 3;  // at least are asked for
constexpr double kOfTheWait = 4;       // visits of who is far back
constexpr uint32_t kAlone_s = 60;      // who comes in and never asks again is gone after that
constexpr double kSpan_s = 5;          // of averages of the pace
constexpr double kLoadSpan_s = 0.5;
constexpr double kCalmSpan_s = 30;
constexpr double kAheadSpan_s = 1;  // of the pace: so many are called ahead
constexpr double kLeastAhead = 2;
// Times kAheadSpan_s: with those of a usual interval and a half called, somebody comes by.
constexpr double kMostAhead = 1.6 * kUsual_s / kAheadSpan_s;
// Of a line, until those who came in its first ten seconds, and were to come by at any moment of
// ten, have been there a second time.
constexpr uint32_t kYoung_s = 22;
constexpr double kAtTheDoor = 2;  // of a young one, times those that are to be called
constexpr double kHungrier = 1.1, kSated = 0.8;  // a tick
constexpr double kAtRest = 0.7;                  // of what the servers carry
constexpr double kIdle = 0.05;                   // which tells nothing
constexpr double kErrorMemory = 200;
constexpr double kLongestWait_s = 1e7;  // whatever a store or a file may say
constexpr double kLeastDrain = 0.01;    // a second

uint32_t Whole(RoomTime time) { return static_cast<uint32_t>(time / kSecond); }

Ticket Written(Ticket::Kind kind, uint64_t id, RoomTime place, RoomTime now, double due_s = 0) {
  return {.kind = kind,
          .id = id,
          .order = place,
          .issued_s = Whole(now),
          .due_s = static_cast<uint16_t>(std::ceil(due_s))};
}

// A uniform number in [0, 1) of some of the bits.
double Part(uint64_t random) { return static_cast<double>(random >> 11) * 0x1p-53; }

}  // namespace

WaitingRoom::Answer WaitingRoom::Come(const Ticket* shown, absl::FunctionRef<bool()> open,
                                      uint64_t random, RoomTime now) {
  if (shown == nullptr) return Newcomer(open, random, now);
  const Table& table = TableOf(shown->id);
  const auto found = table.find(shown->id);
  if (found == table.end()) {
    return KeepsInside(*shown) ? Inside(*shown, now) : Waiting(*shown, open, random, now);
  }
  // A ticket that was copied, or is shown again, counts for where its visitor has got to.
  switch (found->second.state) {
    case State::kWaiting:
      if (!IsInElsewhere(*shown)) return Waiting(*shown, open, random, now);
      Heed({shown->id, RoomNews::What::kEntered}, now);
      [[fallthrough]];
    case State::kInside:
      return Inside(*shown, now);
    case State::kEnded:
      break;
  }
  return Newcomer(open, random, now);
}

WaitingRoom::Answer WaitingRoom::Newcomer(absl::FunctionRef<bool()> open, uint64_t random,
                                          RoomTime now) {
  // Those who are called come by in a moment: while the servers are at rest nobody needs to wait
  // for them. Neither is there by chance anybody who was before.
  const bool all_called = spec_.by_chance || line_.waiting() - line_.Ahead(called_) < 1;
  const bool stands = (waits() && (load_ > kAtRest || closed_ || !all_called || IsKept())) ||
                      (others_ && now > others_->until);
  if (spec_.straight && !stands && MayEnter(open)) {
    ++counts_.straight;
    return Enter(random, now, false, now);
  }
  Answer answer;
  if (line_.waiting() >= static_cast<double>(spec_.most_waiting)) {
    ++counts_.refused;
    answer.outcome = Outcome::kFull;
    answer.poll_s = kLongestPoll_s * (0.5 + Part(random) / 2);
    return answer;
  }
  ++counts_.given;
  answer.outcome = Outcome::kWaits;
  Tell(answer, now, random, now);
  answer.ticket = Written(Ticket::Kind::kWaiting, random, now, now, answer.poll_s);
  line_.Join(now, now + static_cast<RoomTime>(answer.poll_s * kSecond));
  return answer;
}

// Of what is counted, those who are called need all that is left.
bool WaitingRoom::IsKept() const {
  const double called = line_.Ahead(called_);
  if (spec_.most_active &&
      static_cast<double>(Active()) + called >= static_cast<double>(*spec_.most_active))
    return true;
  return spec_.pace && tokens_ < called + 1;
}

// It was written before a restart, and its visitor is still counted as one of those.
bool WaitingRoom::IsRestored(const Ticket& ticket) const {
  return restored_ > 0 && ticket.issued_s + spec_.session_s <= Whole(restored_until_);
}

// Of somebody not known. An active ticket outlasts its place inside by what it takes to be renewed;
// where a number is never to be exceeded, his place may be another's by now. He is the next then.
bool WaitingRoom::KeepsInside(const Ticket& ticket) const {
  if (ticket.kind != Ticket::Kind::kActive) return false;
  // In a fleet it is his that is counted elsewhere, while the ticket is that new.
  if (others_ && ticket.issued_s + spec_.session_s >= Whole(now_)) return true;
  return !spec_.most_active || IsRestored(ticket) || Active() < *spec_.most_active;
}

WaitingRoom::Answer WaitingRoom::Inside(const Ticket& ticket, RoomTime now) {
  Answer answer;
  answer.outcome = Outcome::kInside;
  Table& table = TableOf(ticket.id);
  auto found = table.find(ticket.id);
  if (found == table.end()) {
    if (table.size() >= kMost / kTables) return answer;
    found = table.try_emplace(ticket.id, Entry{.place = ticket.order}).first;
    found->second.state = State::kInside;
    found->second.busy_until_ms = static_cast<uint32_t>(now / 1000);
    found->second.guest = IsGuest(ticket);
    if (!found->second.guest) Count(ticket);
  }
  Entry& entry = found->second;
  // The machine that counted him is gone.
  const bool is_ours = entry.guest && !IsGuest(ticket);
  if (is_ours) {
    entry.guest = false;
    Count(ticket);
  }
  entry.again = true;
  entry.seen_s = Whole(now);
  const auto now_ms = static_cast<uint32_t>(now / 1000);
  const auto ahead_ms = static_cast<int32_t>(entry.busy_until_ms - now_ms);
  const int32_t busy_ms = std::max(ahead_ms, 0);
  if (busy_ms > kVisitorBurst * 1000) {
    answer.outcome = Outcome::kTooFast;
    answer.poll_s = std::max<double>(kSoonest_s, busy_ms / 1e3 - kVisitorBurst);
    return answer;
  }
  const auto step_ms = static_cast<int32_t>(std::clamp(1000 / spec_.visitor_rate, 1.0, 3.6e6));
  entry.busy_until_ms = now_ms + static_cast<uint32_t>(busy_ms + step_ms);
  if (ticket.kind != Ticket::Kind::kActive || is_ours ||
      ticket.issued_s + spec_.session_s / 4 < Whole(now)) {
    answer.ticket = Written(Ticket::Kind::kActive, ticket.id, entry.place, now);
    answer.ticket->due_s = entry.guest ? ticket.due_s : Tag();
  }
  return answer;
}

RoomTime WaitingRoom::Drawn(const Ticket& ticket) const {
  const bool gathered = draw_.lot && ticket.order >= draw_.since && ticket.order < draw_.until &&
                        ticket.issued_s < Whole(draw_.until);
  if (!gathered) return ticket.order;
  return draw_.since + draw_.lot(ticket.id) % (draw_.until - draw_.since);
}

WaitingRoom::Answer WaitingRoom::Waiting(const Ticket& ticket, absl::FunctionRef<bool()> open,
                                         uint64_t random, RoomTime now) {
  Table& table = TableOf(ticket.id);
  auto found = table.find(ticket.id);
  const bool known = found != table.end();
  // Who cannot be kept is not counted either: nobody would count him out.
  const bool counts = known || table.size() < kMost / kTables;
  // Nobody is before those who come now.
  const RoomTime place = known ? found->second.place : std::min(Drawn(ticket), now);
  if (!known && counts) {
    const bool expected = line_.Show(place);
    // Not for the first time: he had been given up.
    if (!expected && ticket.issued_s > Whole(ticket.order) + 1) gone_ -= 1;
  }
  if (TakesTurn(place) && MayEnter(open)) {
    if (counts) line_.Leave(place);
    return Enter(ticket.id, place, true, now);
  }
  Answer answer;
  answer.outcome = Outcome::kWaits;
  Tell(answer, place, random, now);
  answer.ticket = Written(Ticket::Kind::kWaiting, ticket.id, place, now, answer.poll_s);
  if (!counts) return answer;
  if (!known) {
    found = table.try_emplace(ticket.id, Entry{.place = place}).first;
    if (answer.wait_s) {
      found->second.told_at_s = Whole(now);
      found->second.told_wait_s = static_cast<uint32_t>(*answer.wait_s);
    }
  }
  Entry& entry = found->second;
  entry.seen_s = Whole(now);
  entry.due_s = std::max(entry.due_s, Whole(now) + answer.ticket->due_s);
  return answer;
}

bool WaitingRoom::TakesTurn(RoomTime place) const { return spec_.by_chance || place <= called_; }

bool WaitingRoom::MayEnter(absl::FunctionRef<bool()> open) {
  if (gathers_until_ != 0) return false;
  if (released_ > 0) return true;
  if (closed_) return false;
  if (spec_.most_active && Active() >= *spec_.most_active) return false;
  if (spec_.pace && tokens_ < 1) return false;
  return open();
}

WaitingRoom::Answer WaitingRoom::Enter(uint64_t id, RoomTime place, bool waited, RoomTime now) {
  if (released_ > 0) --released_;
  if (spec_.pace) tokens_ = std::max(tokens_ - 1, 0.0);
  entered_ += 1;
  ++counts_.entered;
  if (others_ && waited) tidings_.Add({id, RoomNews::What::kEntered});
  Table& table = TableOf(id);
  const auto found = table.find(id);
  if (found != table.end()) {
    Entry& entry = found->second;
    if (entry.told_wait_s >= kUsual_s) {
      const double took = Whole(now) - entry.told_at_s;
      counts_.error += (std::abs(took / entry.told_wait_s - 1) - counts_.error) / kErrorMemory;
    }
    entry.state = State::kInside;
    entry.seen_s = Whole(now);
    entry.busy_until_ms = static_cast<uint32_t>(now / 1000);
    ++active_;
  } else if ((spec_.most_active || waited) && table.size() < kMost / kTables) {
    Entry entry{.place = place, .seen_s = Whole(now)};
    entry.state = State::kInside;
    entry.busy_until_ms = static_cast<uint32_t>(now / 1000);
    table.try_emplace(id, entry);
    ++active_;
  }
  Answer answer;
  answer.ticket = Written(Ticket::Kind::kActive, id, place, now);
  answer.ticket->due_s = Tag();
  return answer;
}

void WaitingRoom::End(uint64_t id, RoomTime now) {
  if (!Finish(id, now)) return;
  ++counts_.ended;
  if (others_) tidings_.Add({id, RoomNews::What::kEnded});
}

// False: nothing is left of him anyway, or there is no room to know it.
bool WaitingRoom::Finish(uint64_t id, RoomTime now) {
  Table& table = TableOf(id);
  const auto found = table.find(id);
  if (found == table.end() && table.size() >= kMost / kTables) return false;
  Entry& entry = found == table.end() ? table[id] : found->second;
  if (entry.state == State::kEnded) return false;
  if (entry.state == State::kInside) {
    if (entry.guest) {
      NoteGuestDone();
    } else {
      --active_;
    }
  }
  if (entry.state == State::kWaiting && found != table.end()) line_.Leave(entry.place);
  entry.state = State::kEnded;
  entry.seen_s = Whole(now);
  return true;
}

// Between two visits of one, where so many come by. Nobody comes in without a visit.
double WaitingRoom::Apart(double visitors) const {
  return visitors / std::max(spec_.polls_per_s, kVisitsPerEntry * Drain());
}

// Of all that wait.
double WaitingRoom::Usual() const {
  return std::clamp<double>(Apart(line_.waiting()), kUsual_s, kLongestUsual_s);
}

// Entries per second that the line may hope for. Servers at rest carry more than comes in.
double WaitingRoom::Drain() const {
  const double drain = load_ < kAtRest ? std::max(drain_, carries_) : drain_;
  return std::max(std::min(drain, spec_.pace.value_or(drain)), kLeastDrain);
}

// Of those before one, who are a part of all, so large a part of those who give up are; and fewer
// and fewer as they get fewer: half as many on the way.
double WaitingRoom::Wait(double ahead) const {
  const double part = std::min(ahead / std::max(Everybody(), 1.0), 1.0);
  const double drain = Drain() + (others_ ? others_->drain : 0);
  const double leaving = leaving_ + (others_ ? others_->leaving : 0);
  return std::min(ahead / (drain + std::max(leaving, 0.0) * part / 2), kLongestWait_s);
}

double WaitingRoom::MostAhead() const { return kMostAhead * Usual() / kUsual_s; }

// The line is too young for anybody to be there again, and the servers have room.
bool WaitingRoom::IsUnmanned(RoomTime now) const {
  return ahead_ > 1 && began_ + kUsual_s * kSecond > now;
}

bool WaitingRoom::Starves() const { return ahead_ > 0.9 * MostAhead(); }

// When to come by again: at one's turn, or well before; not all at once.
void WaitingRoom::Tell(Answer& answer, RoomTime place, uint64_t random, RoomTime now) const {
  const double usual = Usual();
  const double chance = Part(random * 0x9e3779b97f4a7c15);
  const double spread = spec_.by_chance ? 0.5 + chance : 0.9 + 0.2 * chance;
  const double far = kLongestPoll_s;
  if (now < gathers_until_) {
    const double left = static_cast<double>(gathers_until_ - now) / kSecond;
    answer.ahead = static_cast<uint64_t>(Everybody());
    answer.wait_s = left;
    answer.poll_s = left < 1.7 * usual ? left + usual * chance
                                       : std::max(usual, std::min(left / kOfTheWait, far)) * spread;
    answer.poll_s = std::max<double>(answer.poll_s, kSoonest_s);
    return;
  }
  const double ahead = spec_.by_chance ? Everybody() : Before(place);
  answer.ahead = static_cast<uint64_t>(ahead);
  if (closed_ && released_ == 0) {
    answer.poll_s = usual * spread;
    return;
  }
  answer.wait_s = Wait(ahead);
  // Those whose turn it is are there in time, to take turns at the door; rather early than late.
  const double early = kAheadSpan_s * ahead_;
  const double until =
      spec_.by_chance ? *answer.wait_s / 2 * spread : std::max(*answer.wait_s - early, 0.0);
  answer.poll_s = until * (0.85 + 0.15 * chance);
  if (until > 1.5 * usual) {
    // At the first visit nobody knows yet whether he keeps his ticket: he is to show it soon.
    const bool soon = Starves() || place >= now;
    answer.poll_s = soon ? usual : std::max(usual, std::min(until / kOfTheWait, far));
    answer.poll_s *= IsUnmanned(now) && place >= now ? chance : spread;
  }
  const double there = std::min(early * Drain(), line_.waiting());
  const double soonest = std::max<double>(kSoonest_s, Apart(there));
  answer.poll_s = std::max(answer.poll_s, soonest * spread);
}

void WaitingRoom::Tick(bool open, double load, RoomTime now) {
  const double dt = now_ == 0 || now <= now_ ? 0.1 : static_cast<double>(now - now_) / kSecond;
  now_ = now;
  line_.Recount(now);
  Measure(load, dt, now);
  if (spec_.pace) tokens_ = std::min(tokens_ + *spec_.pace * dt, std::max(*spec_.pace, 1.0));
  if (restored_ > 0 && now >= restored_until_) restored_ = 0;
  Call(open, now);
  if (IsHeld() && !spec_.by_chance && released_ == 0) called_ = others_->until;
  for (size_t i = 0; i < kSweptAtOnce; ++i) Sweep(tables_[++swept_ % kTables], now);
}

void WaitingRoom::Measure(double load, double dt, RoomTime now) {
  const double part = 1 - std::exp(-dt / kSpan_s);
  const double entered = std::exchange(entered_, 0) / dt;
  load_ += (load - load_) * (1 - std::exp(-dt / kLoadSpan_s));
  pace_ += (entered - pace_) * part;
  leaving_ += (std::exchange(gone_, 0) / dt - leaving_) * part;
  if (gathers_until_ != 0 || closed_ || halted_) return;  // tells nothing
  if (load > kIdle && load_ < kAtRest) {
    carries_ += (entered / load - carries_) * (1 - std::exp(-dt / kCalmSpan_s));
  }
  if (!waits()) {
    drain_ = std::max(carries_, pace_);
    called_ = began_ = now;
    ahead_ = 1;
    return;
  }
  const double hunger = std::min((ahead_ - 1) / (kMostAhead - 1), 1.0);
  const double guess = std::max(drain_, std::min(2 * drain_, line_.waiting() / Usual()));
  drain_ += (std::lerp(entered, guess, hunger * hunger) - drain_) * part;
}

void WaitingRoom::Call(bool open, RoomTime now) {
  if (!waits() || spec_.by_chance || gathers_until_ != 0) return;
  const double called = line_.Ahead(called_);
  auto wanted = static_cast<double>(released_);
  if (!closed_) {
    // Of a stated pace there is always something left.
    const bool hungry = !halted_ && !IsHeld() && MayEnter([open] { return open; }) &&
                        (!spec_.pace || tokens_ >= std::max(*spec_.pace / 2, 1.0));
    ahead_ = std::clamp(ahead_ * (hungry ? kHungrier : kSated), 1.0, MostAhead());
    const double span = std::max(Drain() * kAheadSpan_s, kLeastAhead);
    wanted = std::max(span * ahead_, wanted);
    // A room that knows of nobody, without a snapshot say, has called all; then they come. And who
    // was called while a young line was told to come by at any moment of ten seconds would be many
    // at the door, to come in by chance: those of them that came first are enough.
    const bool young = began_ + kYoung_s * kSecond > now;
    const double far = young ? std::min(kAtTheDoor * ahead_, MostAhead()) : MostAhead();
    const double most = std::max(span * far, wanted);
    if (called > most) called_ = line_.Reach(0, most, now);
  }
  if (called < wanted - 1e-6) {
    called_ = line_.Reach(called_, wanted - called, now);
  } else if (released_ > 0) {
    called_ = std::max(called_, std::min(line_.Onward(called_), now));
  }
}

void WaitingRoom::Close(bool closed) {
  if (closed_ && !closed) ahead_ = MostAhead();
  closed_ = closed;
}

void WaitingRoom::Halt(bool halted) {
  if (halted_ && !halted) ahead_ = MostAhead();
  halted_ = halted;
}

void WaitingRoom::Sweep(Table& table, RoomTime now) {
  const uint32_t now_s = Whole(now);
  absl::erase_if(table, [&](const auto& item) {
    const Entry& entry = item.second;
    const uint32_t age_s = now_s < entry.seen_s ? 0 : now_s - entry.seen_s;
    switch (entry.state) {
      case State::kWaiting:
        if (now_s <= entry.due_s + Late_s()) return false;
        line_.Leave(entry.place);
        ++counts_.left;
        gone_ += 1;
        return true;
      case State::kInside:
        // In a fleet he may be asking elsewhere.
        if (age_s <= (entry.again || PartsNumber() ? spec_.session_s
                                                   : std::min(kAlone_s, spec_.session_s))) {
          return false;
        }
        if (entry.guest) return true;
        --active_;
        ++counts_.lapsed;
        return true;
      case State::kEnded:
        // As long as any ticket of his would be good.
        return age_s > std::max(spec_.session_s + spec_.session_s / 4, spec_.grace_s) + 1 &&
               now_s > entry.due_s + spec_.grace_s + 1;
    }
    return false;
  });
  if (table.size() * 16 < table.capacity()) table.rehash(0);  // the sale is over
}

void WaitingRoom::Hold(Draw draw, RoomTime now) {
  gathers_until_ = 0;
  ahead_ = MostAhead();
  if (!draw.lot || draw.until <= draw.since) return;
  draw_ = std::move(draw);
  for (Table& table : tables_) {
    for (auto& [id, entry] : table) {
      if (entry.state != State::kWaiting) continue;
      const RoomTime drawn = Drawn({.id = id, .order = entry.place});
      line_.Move(entry.place, drawn);
      entry.place = drawn;
    }
  }
  called_ = std::min(called_, draw_.since);
  line_.Recount(now);
}

WaitingRoom::Counts WaitingRoom::counts() const {
  Counts counts = counts_;
  counts.waiting = static_cast<uint64_t>(line_.waiting());
  counts.called = static_cast<uint64_t>(line_.Ahead(called_));
  counts.active = Active();
  counts.released = released_;
  counts.pace = pace_;
  counts.drain = drain_;
  return counts;
}

WaitingRoom::Snapshot WaitingRoom::Save(RoomTime now) const {
  return {.called = called_,
          .taken = now,
          .pace = pace_,
          .drain = drain_,
          .active = Active(),
          .line = line_.Save()};
}

bool WaitingRoom::Restore(const Snapshot& snapshot, RoomTime now) {
  // Which says how long is usual, at most.
  line_.Restore(snapshot.line, now + kLongestPoll_s * kSecond, now);
  const double usual_s =
      std::clamp<double>(line_.waiting() / spec_.polls_per_s, kLongestPoll_s, kLongestUsual_s);
  const double longest_s = std::max<double>(spec_.session_s, kMostAway * usual_s + spec_.grace_s);
  if (now > snapshot.taken + static_cast<RoomTime>(longest_s * kSecond)) {
    line_.Clear();
    return false;
  }
  called_ = std::min(snapshot.called, now);
  pace_ = snapshot.pace;
  drain_ = snapshot.drain;
  restored_ = snapshot.active;
  restored_until_ = now + spec_.session_s * kSecond;
  // Until all that were told so have come by.
  const auto due = static_cast<RoomTime>(std::max<double>(Usual(), kLongestPoll_s) * 1.1 * kSecond);
  line_.Restore(snapshot.line, now + due, now);
  return true;
}

}  // namespace sluice::ratelimit
