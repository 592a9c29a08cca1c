#include "proxy/observe/top.h"

#include <algorithm>

namespace sluice::observe {
namespace {

bool Less(const Top::Entry& a, const Top::Entry& b) { return a.count < b.count; }

}  // namespace

void Top::Add(uint64_t key, uint64_t weight, absl::FunctionRef<std::string()> describe) {
  const MutexLock lock(mutex_);
  const auto known = std::find_if(entries_.begin(), entries_.end(),
                                  [&](const Entry& entry) { return entry.key == key; });
  if (known != entries_.end()) {
    known->count += weight;
  } else if (entries_.size() < kEntries) {
    entries_.push_back({.key = key, .count = weight, .text = describe()});
  } else {
    // The newcomer takes over the least one's count, for it may have been as much before.
    Entry& least = *std::min_element(entries_.begin(), entries_.end(), Less);
    least = {.key = key, .count = least.count + weight, .text = describe()};
  }
}

std::vector<Top::Entry> Top::Entries() const {
  std::vector<Entry> entries;
  {
    const MutexLock lock(mutex_);
    entries = entries_;
  }
  std::stable_sort(entries.begin(), entries.end(),
                   [](const Entry& a, const Entry& b) { return Less(b, a); });
  return entries;
}

void Top::Fade() {
  const MutexLock lock(mutex_);
  for (Entry& entry : entries_) entry.count /= 2;
  entries_.erase(std::remove_if(entries_.begin(), entries_.end(),
                                [](const Entry& entry) { return entry.count == 0; }),
                 entries_.end());
}

}  // namespace sluice::observe
