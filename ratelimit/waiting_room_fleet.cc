// The part of WaitingRoom that is about other machines.
#include <algorithm>
#include <cmath>
#include <utility>

#include "ratelimit/waiting_room.h"

namespace sluice::ratelimit {
namespace {

// Visitors who go from one machine to another are late at the one, and nowhere else.
constexpr uint32_t kLateInFleet_s = 3;

}  // namespace

void WaitingRoom::set_spec(const RoomSpec& spec) {
  stated_ = spec;
  const std::optional<uint64_t> taken = spec_.most_active;
  PartStated();
  // More is taken with the next word only, which says so.
  if (others_ && taken && spec_.most_active) {
    spec_.most_active = std::min(*taken, *spec_.most_active);
  }
}

// What is stated for the whole room, parted.
void WaitingRoom::PartStated() {
  spec_ = stated_;
  if (!others_) return;
  if (spec_.pace) *spec_.pace *= others_->ShareHere(line_.waiting());
  if (spec_.most_active) {
    // Whose place is free by what was seen here, his machine cannot know while it is silent.
    spec_.most_active = others_->MostHere(*stated_.most_active, Active(), First()) + guests_done_;
  }
}

void WaitingRoom::Share(std::optional<RoomOthers> others, RoomTime now) {
  others_ = std::move(others);
  if (!others_ || others_->known) guests_done_ = 0;
  if (others_) {
    for (const RoomNews& news : std::exchange(others_->news, {})) Heed(news, now);
    if (const uint64_t left = std::exchange(others_->inherited, 0); left > 0) {
      restored_ += left;
      restored_until_ = now + stated_.session_s * kSecond;
    }
  }
  PartStated();
}

void WaitingRoom::Heed(const RoomNews& news, RoomTime now) {
  if (news.what == RoomNews::What::kEnded) {
    Finish(news.id, now);
    return;
  }
  Table& table = TableOf(news.id);
  const auto found = table.find(news.id);
  if (found == table.end() || found->second.state != State::kWaiting) return;
  Entry& entry = found->second;
  line_.Leave(entry.place);
  entry.state = State::kInside;
  entry.guest = true;
  entry.seen_s = static_cast<uint32_t>(now / kSecond);
  entry.busy_until_ms = static_cast<uint32_t>(now / 1000);
}

RoomWord WaitingRoom::Word(RoomTime now) {
  RoomWord word{.called = called_,
                .active = Active(),
                .most = spec_.most_active.value_or(0),
                .entered = counts_.entered,
                .pace = pace_,
                .drain = Drain(),
                .leaving = leaving_,
                .news = tidings_.Tell(others_ ? others_->instances : 1, now)};
  if (!waits()) return word;
  word.waiting = static_cast<uint64_t>(std::lround(line_.waiting()));
  // One that has only begun may not have looked yet whom to call.
  word.keeps_order = called_ > 0 && !spec_.by_chance && !closed_ && now >= gathers_until_;
  word.line[0] = First();
  for (size_t i = 1; i < word.line.size(); ++i) {
    const double part = static_cast<double>(i) / RoomWord::kParts;
    word.line[i] = std::max(word.line[i - 1], line_.Reach(0, line_.waiting() * part, now));
  }
  return word;
}

RoomTime WaitingRoom::First() const {
  return waits() ? line_.Reach(0, 0.5, now_) : RoomOthers::kNever;
}

double WaitingRoom::Everybody() const {
  return line_.waiting() + (others_ ? static_cast<double>(others_->waiting) : 0);
}

double WaitingRoom::Before(RoomTime place) const {
  return line_.Ahead(place) + (others_ ? others_->Ahead(place) : 0);
}

// Whether somebody inside is counted by another machine. Only where a number is stated: else the
// number is for show, and who is seen counts.
bool WaitingRoom::IsGuest(const Ticket& ticket) const {
  return PartsNumber() && ticket.kind == Ticket::Kind::kActive &&
         std::find(others_->tags.begin(), others_->tags.end(), ticket.due_s) != others_->tags.end();
}

// Somebody inside who was not counted here before. He may be one of those that were only a number.
void WaitingRoom::Count(const Ticket& ticket) {
  if (IsRestored(ticket)) --restored_;
  ++active_;
}

void WaitingRoom::NoteGuestDone() {
  if (!PartsNumber() || others_->known) return;
  ++guests_done_;
  ++*spec_.most_active;
}

// Of somebody who waits here, as far as is known.
bool WaitingRoom::IsInElsewhere(const Ticket& ticket) const {
  return others_ && KeepsInside(ticket);
}

uint32_t WaitingRoom::Late_s() const {
  return others_ ? kLateInFleet_s : static_cast<uint32_t>(Line::kLate / kSecond);
}

}  // namespace sluice::ratelimit
