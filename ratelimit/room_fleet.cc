#include "ratelimit/room_fleet.h"

#include <algorithm>
#include <utility>

#include "ratelimit/ticket.h"

namespace sluice::ratelimit {
namespace {

// Of a name that is random. Never 0, which is nobody.
uint16_t TagOf(std::string_view name) {
  return static_cast<uint16_t>(RoomHash(name) % std::numeric_limits<uint16_t>::max() + 1);
}

// The part of a line that is before a place.
double PartBefore(const RoomOthers::Part& part, RoomTime place) {
  const auto& line = part.line;
  if (place <= line.front()) return 0;
  for (size_t i = 0; i < RoomWord::kParts; ++i) {
    if (place >= line[i + 1]) continue;
    const auto width = static_cast<double>(line[i + 1] - line[i]);
    return (static_cast<double>(i) + static_cast<double>(place - line[i]) / width) /
           RoomWord::kParts;
  }
  return 1;
}

}  // namespace

double RoomOthers::Ahead(RoomTime place) const {
  double ahead = 0;
  for (const Part& part : parts) {
    ahead += static_cast<double>(part.waiting) * PartBefore(part, place);
  }
  return ahead;
}

uint64_t RoomOthers::MostHere(uint64_t stated, uint64_t inside, RoomTime first_here) const {
  if (!known) return std::max<uint64_t>(stated / instances, 1);
  const uint64_t taken = most + inside;
  if (taken >= stated) return inside;
  const uint64_t share = (stated - taken) / instances;
  if (share > 0) return inside + share;
  const bool is_first = first_here < first || (first_here == first && leads);
  return inside + (is_first ? 1 : 0);
}

void RoomFleet::Hear(std::string_view name, const RoomWord& word, RoomTime now) {
  if (name == name_) {
    own_here_ = true;
    return;
  }
  const auto found = known_.find(name);
  if (found == known_.end()) {
    if (known_.size() >= kMost) return;
    known_.emplace(name,
                   Known{.word = word, .heard = now, .moved = now, .here = true, .news = true});
    return;
  }
  Known& known = found->second;
  known.here = true;
  if (word.beat == known.word.beat) return;
  if (word.entered != known.word.entered || known.gone) known.moved = now;
  known.heard = now;
  known.news = known.lived = true;
  known.gone = false;
  known.word = word;
}

RoomOthers RoomFleet::Look(RoomTime now) {
  const bool own_lost = !std::exchange(own_here_, false);
  const bool lost = own_lost || now > looked_ + kGone;
  looked_ = now;
  for (auto item = known_.begin(); item != known_.end();) {
    if (!item->second.here && !lost) {
      item = known_.erase(item);
      continue;
    }
    if (lost) item->second.heard = now;
    ++item;
  }
  RoomOthers others{.known = true, .tag = TagOf(name_)};
  uint64_t left = 0;
  for (auto& [name, known] : known_) {
    known.here = false;
    const RoomWord& word = known.word;
    if (now > known.heard + kGone) {
      if (known.lived && !known.gone) left += word.active;
      known.gone = true;
      continue;
    }
    ++others.instances;
    others.tags.push_back(TagOf(name));
    others.leads = others.leads && name_ < name;
    others.waiting += word.waiting;
    others.active += word.active;
    others.most += word.most;
    others.pace += word.pace;
    others.drain += word.drain;
    others.leaving += word.leaving;
    if (std::exchange(known.news, false)) {
      others.news.insert(others.news.end(), word.news.begin(), word.news.end());
    }
    if (word.waiting == 0) continue;
    others.first = std::min(others.first, word.line.front());
    others.parts.push_back({.waiting = word.waiting, .line = word.line});
    if (word.keeps_order && now <= known.moved + kStuck) {
      others.until = std::min(others.until, word.called + kSlack);
    }
  }
  // Rather one too many than one who is forgotten.
  others.inherited = (left + others.instances - 1) / others.instances;
  expected_ = others.instances;
  return others;
}

RoomOthers RoomFleet::Silent() const {
  RoomOthers others{.instances = std::max<size_t>(expected_, 1), .tag = TagOf(name_)};
  for (const auto& [name, known] : known_) {
    if (!known.gone) others.tags.push_back(TagOf(name));
  }
  return others;
}

std::vector<std::string> RoomFleet::Forgotten(RoomTime now) const {
  std::vector<std::string> names;
  for (const auto& [name, known] : known_) {
    if (now > known.heard + 2 * kGone) names.push_back(name);
  }
  return names;
}

void RoomTidings::Add(RoomNews news) {
  if (list_.size() >= kMost) list_.pop_front();
  list_.push_back({.news = news});
}

std::vector<RoomNews> RoomTidings::Tell(size_t instances, RoomTime now) {
  while (!list_.empty() && list_.front().told != 0 && now > list_.front().told + kTold) {
    list_.pop_front();
  }
  const size_t most = kMostTold / std::max<size_t>(instances, 1);
  std::vector<RoomNews> news;
  for (size_t i = 0; i < std::min(most, list_.size()); ++i) {
    Item& item = list_[i];
    if (item.told == 0) item.told = now;
    news.push_back(item.news);
  }
  return news;
}

}  // namespace sluice::ratelimit
