#include "ratelimit/line.h"

#include <algorithm>

namespace sluice::ratelimit {
namespace {

// So many places tell how many of them are shown.
constexpr double kMemory = 300;
// A saved slot longer than that is none of ours.
constexpr RoomTime kWidest = Line::kWidth << 24;

}  // namespace

Line::Slot& Line::At(RoomTime place) {
  if (slots_.empty()) {
    base_ = place / width_;
    slots_.push_back({});
  }
  for (;; Widen()) {
    const uint64_t first = std::min(place / width_, base_);
    const uint64_t last = std::max(place / width_, base_ + slots_.size() - 1);
    if (last - first < kMost) break;
  }
  for (; place / width_ < base_; --base_) slots_.emplace_front();
  while (place / width_ >= base_ + slots_.size()) slots_.push_back({.before = waiting_});
  return slots_[IndexOf(place)];
}

// REQUIRES: there is one.
size_t Line::IndexOf(RoomTime place) const {
  const uint64_t number = std::clamp(place / width_, base_, base_ + slots_.size() - 1);
  return static_cast<size_t>(number - base_);
}

// Of two slots each is made one.
void Line::Widen() {
  std::deque<Slot> wider;
  for (size_t i = 0; i < slots_.size(); ++i) {
    const Slot& slot = slots_[i];
    if (i == 0 || (base_ + i) % 2 == 0) {
      wider.push_back(slot);
      continue;
    }
    Slot& both = wider.back();
    both.given += slot.given;
    both.shown += slot.shown;
    both.here += slot.here;
    both.due_s = std::max(both.due_s, slot.due_s);
  }
  slots_ = std::move(wider);
  base_ /= 2;
  width_ *= 2;
}

void Line::Join(RoomTime place, RoomTime due) {
  Slot& slot = At(place);
  ++slot.given;
  slot.due_s = std::max(slot.due_s, static_cast<uint32_t>((due + kLate) / kSecond));
  waiting_ += share_;
}

bool Line::Show(RoomTime place) {
  Slot& slot = At(place);
  const bool expected = slot.given > 0;
  if (expected) {
    --slot.given;
    ++slot.shown;
    waiting_ -= share_;
  }
  ++slot.here;
  waiting_ += 1;
  return expected;
}

void Line::Leave(RoomTime place) {
  if (slots_.empty()) return;
  Slot& slot = slots_[IndexOf(place)];
  if (slot.here == 0) return;
  --slot.here;
  waiting_ -= 1;
}

void Line::Move(RoomTime from, RoomTime to) {
  Leave(from);
  ++At(to).here;
  waiting_ += 1;
}

void Line::Recount(RoomTime now) {
  for (Slot& slot : slots_) {
    if (slot.due_s == 0 || slot.due_s * kSecond > now) continue;
    const double all = static_cast<double>(slot.given) + slot.shown;
    judged_ = std::min(judged_ + all, kMemory);
    if (all > 0) share_ += (slot.shown / all - share_) * std::min(all / judged_, 1.0);
    slot.due_s = slot.given = slot.shown = 0;
  }
  while (!slots_.empty() && slots_.front().here == 0 && slots_.front().due_s == 0 &&
         (base_ + 1) * width_ <= now) {
    slots_.pop_front();
    ++base_;
  }
  if (slots_.empty()) width_ = kWidth;
  waiting_ = 0;
  for (Slot& slot : slots_) {
    slot.before = waiting_;
    waiting_ += WeightOf(slot);
  }
}

double Line::Ahead(RoomTime place) const {
  if (slots_.empty() || place < base_ * width_) return 0;
  if (place / width_ >= base_ + slots_.size()) return waiting_;
  const Slot& slot = slots_[IndexOf(place)];
  const double part = static_cast<double>(place % width_) / static_cast<double>(width_);
  return slot.before + WeightOf(slot) * part;
}

RoomTime Line::Reach(RoomTime after, double many, RoomTime until) const {
  if (slots_.empty() || many <= 0) return after;
  double sum = 0;
  for (uint64_t number = std::max(after / width_, base_); number < base_ + slots_.size();
       ++number) {
    const double weight = WeightOf(slots_[static_cast<size_t>(number - base_)]);
    const RoomTime begins = std::max(number * width_, after);
    const double part =
        static_cast<double>((number + 1) * width_ - begins) / static_cast<double>(width_);
    if (sum + weight * part >= many) {
      const double more = (many - sum) / weight * static_cast<double>(width_);
      return std::max(after, std::min(begins + static_cast<RoomTime>(more), until));
    }
    sum += weight * part;
  }
  return std::max(after, until);
}

Line::Saved Line::Save() const {
  Saved saved{.first = base_ * width_, .width = width_, .counts = {}};
  saved.counts.reserve(slots_.size());
  // What is less than one in a slot is made up for in the next.
  double sum = 0, told = 0;
  for (const Slot& slot : slots_) {
    sum += WeightOf(slot);
    saved.counts.push_back(static_cast<uint32_t>(sum - told + 1e-6));
    told += saved.counts.back();
  }
  return saved;
}

void Line::Restore(const Saved& saved, RoomTime due, RoomTime now) {
  Clear();
  while (width_ < std::min(saved.width, kWidest)) width_ *= 2;
  for (size_t i = 0; i < std::min(saved.counts.size(), kMost); ++i) {
    if (saved.counts[i] == 0) continue;
    Slot& slot = At(std::min(saved.first + i * saved.width, now));
    slot.given += saved.counts[i];
    slot.due_s = static_cast<uint32_t>((due + kLate) / kSecond);
  }
  Recount(now);
}

void Line::Clear() {
  slots_.clear();
  width_ = kWidth;
  waiting_ = 0;
}

}  // namespace sluice::ratelimit
