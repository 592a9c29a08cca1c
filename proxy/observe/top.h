// Top: who does most of something, of any number of keys, in 32 entries: Space-Saving (Metwally,
// Agrawal, El Abbadi, ICDT 2005). A key that does more than a 32nd of all is always among them; a
// count is at most too high by the smallest of them.
//
// Threads: any, one lock; callers that count fast tell it a sample (`weight` of 16 for every
// sixteenth). Cost: some 50 ns, and what `describe` costs for a key that is new.
#ifndef SLUICE_PROXY_OBSERVE_TOP_H_
#define SLUICE_PROXY_OBSERVE_TOP_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "proxy/base/mutex.h"

namespace sluice::observe {

class Top {
 public:
  static constexpr size_t kEntries = 32;

  struct Entry {
    uint64_t key = 0;
    uint64_t count = 0;
    std::string text;  // for people
  };

  void Add(uint64_t key, uint64_t weight, absl::FunctionRef<std::string()> describe);
  // Most first.
  std::vector<Entry> Entries() const;
  // Halves all: what was long ago counts for little.
  void Fade();

 private:
  mutable Mutex mutex_;
  std::vector<Entry> entries_ SLUICE_GUARDED_BY(mutex_);
};

}  // namespace sluice::observe

#endif  // SLUICE_PROXY_OBSERVE_TOP_H_
