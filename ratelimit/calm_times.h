// CalmTimes: how long requests of each kind take in calm. What counts as a kind is the caller's to
// say (route, method, first part of the path); kinds are told apart by a hash, in a table of fixed
// size: two that share a row share a time, which blurs both and harms neither much.
//
// The first answers of a kind are averaged, crowd or not, with the crowding of their server taken
// out; later ones only in calm. So a kind that is first seen in the middle of a crowd is known
// after a few answers, and no crowd is ever taken for the usual.
//
// Threads: any; of two answers in the same nanosecond one may be forgotten, which an average does
// not notice. Cost: a few loads and stores of one line. Memory: 4 KiB.
#ifndef SLUICE_RATELIMIT_CALM_TIMES_H_
#define SLUICE_RATELIMIT_CALM_TIMES_H_

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>

namespace sluice::ratelimit {

class CalmTimes {
 public:
  // What the server of an answer is like now.
  struct Server {
    double crowding = 1;  // times as slow as with the kinds' calm times; its own slowness included
    bool at_rest = false;
  };

  // Takes in an answer; returns its time over the calm time of its kind, or 0 while that is not
  // known well enough to say.
  double Add(uint64_t kind, std::chrono::nanoseconds time, Server server);

  // 0: not known.
  std::chrono::nanoseconds Of(uint64_t kind) const;

 private:
  struct Row {
    std::atomic<float> us{0};
    std::atomic<uint32_t> answers{0};
  };
  static constexpr size_t kRows = 512;

  std::array<Row, kRows> rows_;
};

}  // namespace sluice::ratelimit

#endif  // SLUICE_RATELIMIT_CALM_TIMES_H_
