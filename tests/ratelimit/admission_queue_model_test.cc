// The admission queue against the same rules on plain lists, with no thought of what they cost,
// over random operations.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <deque>
#include <map>
#include <random>
#include <vector>

#include "ratelimit/admission_queue.h"

namespace sluice::ratelimit {
namespace {

using namespace std::chrono_literals;
using Guest = AdmissionQueue::Entry;
using Refusal = AdmissionQueue::Refusal;

class Model {
 public:
  using Stands = std::array<bool, 4>;

  bool Join(Guest& guest, const AdmissionQueue::Bounds& bounds, TimePoint now, const Stands& stands,
            std::vector<Guest*>& out) {
    if (guest.deadline <= now) return false;
    if (!Fits(guest, bounds)) {
      Guest* const victim = Victim(guest, bounds, stands);
      if (victim == nullptr) return false;
      Remove(*victim, /*served=*/false, stands);
      out.push_back(victim);
    }
    Line& line = lines_[LineOf(guest)];
    if (Of(line, guest.client) == 0) line.ring.push_back(guest.client);
    line.entries.push_back(&guest);
    return true;
  }
  Guest* Next(TimePoint now, const Stands& stands, int not_of) {
    size_t best = 12;
    for (size_t i = 0; i < 12 && best == 12; ++i) best = lines_[i].entries.empty() ? 12 : i;
    if (best == 12) return nullptr;
    std::vector<size_t> order;
    const size_t lower = passed_over_ >= 19 ? Lower(best / 3) : 4;
    if (lower < 4) order.push_back(lower);
    for (size_t c = best / 3; c < 4; ++c) order.push_back(c);
    for (const size_t c : order) {
      int looks = 64;
      for (size_t at = c * 3; at < c * 3 + 3; ++at) {
        const bool newest = at % 3 == 2 && stands[at / 3];
        std::vector<uint64_t> ring = lines_[at].ring;
        if (newest) {
          // Those whose next turn is due, of the first 16 that have had one, and then all.
          std::vector<uint64_t> due;
          for (size_t i = 0; i < ring.size() && i < 16 && lines_[at].turns.contains(ring[i]); ++i) {
            if (IsDue(lines_[at], ring[i])) due.push_back(ring[i]);
          }
          std::reverse(ring.begin(), ring.end());
          ring.insert(ring.begin(), due.begin(), due.end());
        }
        ring.insert(ring.end(), lines_[at].away.begin(), lines_[at].away.end());
        for (const uint64_t client : ring) {
          std::vector<Guest*> own;
          for (Guest* guest : lines_[at].entries) {
            if (guest->client == client) own.push_back(guest);
          }
          if (newest) std::reverse(own.begin(), own.end());
          for (Guest* guest : own) {
            if (looks-- <= 0) break;
            if (guest->deadline > now && static_cast<int>(guest->client % 7) != not_of) {
              return guest;
            }
          }
        }
      }
    }
    return nullptr;
  }
  void Serve(Guest& guest, const Stands& stands) {
    size_t best = 0;
    while (lines_[best].entries.empty()) ++best;
    const auto own = static_cast<size_t>(guest.priority);
    if (own > best / 3) {
      passed_over_ = 0;
      turn_ = own;
    } else if (Lower(best / 3) < 4) {
      ++passed_over_;
    }
    Remove(guest, /*served=*/true, stands);
  }
  void Remove(Guest& guest, bool served, const Stands& stands) {
    const size_t at = LineOf(guest);
    Line& line = lines_[at];
    std::erase(line.entries, &guest);
    if (served) ++line.served;
    if (served || Of(line, guest.client) == 0) {
      std::erase(line.ring, guest.client);
      std::erase(line.away, guest.client);
    }
    if (Of(line, guest.client) == 0) {
      line.turns.erase(guest.client);
    } else if (served) {
      line.away.push_back(guest.client);
      line.turns[guest.client] = line.served;
    }
    if (!served) return;
    const std::vector<uint64_t> away = line.away;
    for (const uint64_t client : away) {
      if (IsDue(line, client)) ComeBack(at, client, stands);
    }
  }
  void Done(const Served& served, const Stands& stands) {
    if (served.line % 3 == 2 && stands[served.line / 3]) return;
    const Line& line = lines_[served.line];
    if (std::find(line.away.begin(), line.away.end(), served.client) == line.away.end()) return;
    if (line.turns.at(served.client) == served.turn) ComeBack(served.line, served.client, stands);
  }
  bool AnyLate(TimePoint now, Duration longest, const Stands& stands) const {
    for (size_t at = 0; at < 12; ++at) {
      for (const Guest* guest : lines_[at].entries) {
        if (guest->deadline <= now) return true;
        if (at % 3 == 2 && stands[at / 3] && now - guest->arrived > longest) return true;
      }
    }
    return false;
  }
  size_t size() const {
    size_t sum = 0;
    for (const Line& line : lines_) sum += line.entries.size();
    return sum;
  }
  uint64_t bytes() const {
    uint64_t sum = 0;
    for (const Line& line : lines_) {
      for (const Guest* guest : line.entries) sum += guest->bytes;
    }
    return sum;
  }

 private:
  struct Line {
    std::vector<Guest*> entries;  // by age
    std::vector<uint64_t> ring, away;
    std::map<uint64_t, uint64_t> turns;  // of those that have had one
    uint64_t served = 0;
  };
  static size_t LineOf(const Guest& guest) {
    return static_cast<size_t>(guest.priority) * 3 + (guest.again ? 0 : guest.holder ? 1 : 2);
  }
  static size_t Of(const Line& line, uint64_t client) {
    size_t sum = 0;
    for (const Guest* guest : line.entries) sum += guest->client == client ? 1 : 0;
    return sum;
  }
  static bool IsDue(const Line& line, uint64_t client) {
    return line.served - line.turns.at(client) >= 4 * (line.ring.size() + line.away.size());
  }
  void ComeBack(size_t at, uint64_t client, const Stands& stands) {
    Line& line = lines_[at];
    std::erase(line.away, client);
    const bool newest = at % 3 == 2 && stands[at / 3];
    line.ring.insert(newest ? line.ring.begin() : line.ring.end(), client);
  }
  size_t Lower(size_t best) const {
    for (size_t step = 1; step <= 4; ++step) {
      const size_t c = (turn_ + step) % 4;
      if (c <= best) continue;
      for (size_t at = c * 3; at < c * 3 + 3; ++at) {
        if (!lines_[at].entries.empty()) return c;
      }
    }
    return 4;
  }
  bool Fits(const Guest& guest, const AdmissionQueue::Bounds& bounds) const {
    size_t low = 0;
    for (size_t at = 9; at < 12; ++at) low += lines_[at].entries.size();
    return size() < bounds.entries && (guest.bytes == 0 || bytes() + guest.bytes <= bounds.bytes) &&
           (guest.priority != Priority::kLow || low < bounds.entries / 2);
  }
  Guest* Victim(const Guest& guest, const AdmissionQueue::Bounds& bounds,
                const Stands& stands) const {
    const size_t own = LineOf(guest);
    if (guest.bytes > bounds.bytes) return nullptr;
    if (guest.bytes > 0 && bytes() + guest.bytes > bounds.bytes) {
      const uint64_t missing = bytes() + guest.bytes - bounds.bytes;
      for (size_t at = 11; at > own; --at) {
        for (size_t i = lines_[at].entries.size(); i-- > 0;) {
          if (lines_[at].entries[i]->bytes >= missing) return lines_[at].entries[i];
        }
      }
      return nullptr;
    }
    for (size_t at = 12; at-- > own;) {
      const Line& line = lines_[at];
      if (line.entries.empty()) continue;
      const bool newest = at % 3 == 2 && stands[at / 3];
      std::vector<uint64_t> last_first = line.ring;
      if (newest) std::reverse(last_first.begin(), last_first.end());
      last_first.insert(last_first.end(), line.away.begin(), line.away.end());
      std::reverse(last_first.begin(), last_first.end());
      uint64_t most = last_first[0];
      for (const uint64_t client : last_first) {
        if (Of(line, client) > Of(line, most)) most = client;
      }
      if (at == own && Of(line, most) < Of(line, guest.client) + 2) return nullptr;
      Guest* last = nullptr;
      for (Guest* other : line.entries) {
        if (other->client == most && (last == nullptr || !newest)) last = other;
      }
      return last;
    }
    return nullptr;
  }

  std::array<Line, 12> lines_;
  size_t passed_over_ = 0;
  size_t turn_ = 0;
};

// Whether a queue stands is taken from the queue; that has tests of its own.
class AdmissionQueueModelTest : public testing::TestWithParam<int> {};

TEST_P(AdmissionQueueModelTest, TenThousandRandomOperationsEndAsInTheModel) {
  std::mt19937_64 rng(static_cast<uint64_t>(GetParam()));
  AdmissionQueue queue;
  Model model;
  std::deque<Guest> guests;
  std::vector<Guest*> waiting;
  std::vector<Served> served;  // whose answers are not there yet
  TimePoint now{1h};
  const AdmissionQueue::Bounds bounds = {.entries = 50, .bytes = 2000};
  int stood = 0;
  const auto gone = [&](Guest& guest) {
    EXPECT_FALSE(guest.waits);
    std::erase(waiting, &guest);
  };
  for (int i = 0; i < 10'000; ++i) {
    now += std::chrono::milliseconds(rng() % 40);
    std::array<bool, 4> stands{};
    for (size_t c = 0; c < 4; ++c) {
      stands[c] = queue.Stands(static_cast<Priority>(c), now);
      stood += stands[c] ? 1 : 0;
    }
    // More come than are served, and for a while less.
    const uint64_t dice = rng() % 115 + (i % 1000 < 100 ? 20 : 0);
    if (dice < 55) {
      Guest& guest = guests.emplace_back();
      guest.priority = static_cast<Priority>(rng() % 4);
      guest.client = rng() % 10 < 4 ? 1 : 1 + rng() % 30;
      guest.again = rng() % 10 == 0;
      guest.holder = rng() % 4 == 0;
      guest.bytes = rng() % 3 == 0 ? rng() % 400 : 0;
      guest.deadline = now + std::chrono::milliseconds(rng() % 5000);
      std::vector<Guest*> out, model_out;
      const bool joined =
          queue.Join(guest, bounds, now, [&](Guest& entry) { out.push_back(&entry); });
      ASSERT_EQ(joined, model.Join(guest, bounds, now, stands, model_out)) << i;
      ASSERT_EQ(out, model_out) << i;
      for (Guest* victim : out) gone(*victim);
      if (joined) waiting.push_back(&guest);
    } else if (dice < 90) {
      const int not_of = static_cast<int>(rng() % 14);
      Guest* const next = queue.Next(
          now, [&](const Guest& entry) { return static_cast<int>(entry.client % 7) != not_of; });
      ASSERT_EQ(next, model.Next(now, stands, not_of)) << i;
      if (next == nullptr) continue;
      served.push_back(queue.Serve(*next, now));
      model.Serve(*next, stands);
      gone(*next);
    } else if (dice < 105) {
      if (served.empty()) continue;
      const auto done = served.begin() + static_cast<ptrdiff_t>(rng() % served.size());
      queue.Done(*done, now);
      model.Done(*done, stands);
      served.erase(done);
    } else if (dice < 112) {
      if (waiting.empty()) continue;
      Guest& leaves = *waiting[rng() % waiting.size()];
      queue.Leave(leaves, now);
      model.Remove(leaves, /*served=*/false, stands);
      gone(leaves);
    } else {
      queue.Expire(now, [&](Guest& guest, Refusal why) {
        EXPECT_EQ(why == Refusal::kDeadline, guest.deadline <= now);
        EXPECT_TRUE(why == Refusal::kDeadline || now - guest.arrived > 1s);
        model.Remove(guest, /*served=*/false, stands);
        gone(guest);
      });
      for (size_t c = 0; c < 4; ++c) stands[c] = queue.Stands(static_cast<Priority>(c), now);
      ASSERT_FALSE(model.AnyLate(now, 1s, stands)) << i;
    }
    ASSERT_EQ(queue.size(), model.size()) << i;
    ASSERT_EQ(queue.bytes(), model.bytes()) << i;
    ASSERT_EQ(queue.size(), waiting.size()) << i;
  }
  EXPECT_GT(stood, 2000);
  EXPECT_LT(stood, 38'000);
}
INSTANTIATE_TEST_SUITE_P(Seeds, AdmissionQueueModelTest, testing::Range(1, 9));

}  // namespace
}  // namespace sluice::ratelimit
