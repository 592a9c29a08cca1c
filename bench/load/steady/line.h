// Line: who sends next, and how long each request took, counted from the moment at which its turn
// came. The heart of load_steady; no sockets, and time is an argument.
//
// The turns are fixed beforehand: request k of a Schedule is due at start + k/rate, whatever the
// server does. When every connection is busy, the requests whose turn has come wait in line, and
// their waiting belongs to their latency: a server that stalls cannot keep the load generator from
// asking, as it could if a request were only counted from being sent (coordinated omission).
//
// Requests are known by their number alone, so the line is two numbers: the next request to send,
// and the clock.
// Every counted request gets exactly one latency, and is completed or an error.
#ifndef SLUICE_BENCH_LOAD_STEADY_LINE_H_
#define SLUICE_BENCH_LOAD_STEADY_LINE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "proxy/base/time.h"

namespace sluice::load {

// Request k is due at start + k / rate, or at its own time where there are `arrivals`.
struct Schedule {
  TimePoint start;
  double rate;          // a second
  uint64_t requests;    // turns in all
  uint64_t warmup = 0;  // the first of them, which are not counted
  // From `start`, ascending, one for each request.
  std::shared_ptr<const std::vector<Duration>> arrivals = nullptr;

  TimePoint At(uint64_t request) const {
    if (arrivals != nullptr) return start + (*arrivals)[request];
    return start + Duration(static_cast<int64_t>(static_cast<double>(request) * (1e9 / rate)));
  }
};

class Line {
 public:
  struct Tally {
    uint64_t completed = 0;
    uint64_t errors = 0;
    std::vector<Duration> latencies;  // of all counted requests, errors too
    // How late each was sent after its turn had come and a connection was free: the generator's own
    // doing. When this is not small beside the latencies, they are not to be believed.
    std::vector<Duration> lags;
    Duration took{};         // from the first counted turn to the last answer, loss or giving up
    TimePoint began{};       // the first counted turn
    TimePoint last_error{};  // when the last of them was seen; `began` when there was none
  };

  // All connections are away. Reserves what it will ever need: 16 bytes for each counted request.
  Line(const Schedule& schedule, uint32_t connections);

  // The connection can carry requests from now on.
  void Open(uint32_t connection, TimePoint now);
  // The connection whose turn it is to send at `now`; nothing when no request is due or no
  // connection free. Ask again until nothing comes.
  std::optional<uint32_t> Next(TimePoint now);
  // The answer has been read at `now`; it lay there since `since`. REQUIRES: it was sent.
  void Answer(uint32_t connection, TimePoint since, TimePoint now, bool good);
  // The connection is gone; the request it carried, if any, is an error.
  void Lose(uint32_t connection, TimePoint now);
  // All that was not answered is an error, with its latency so far; the run is over.
  void GiveUp(TimePoint now);

  // When Next() has to be asked again; TimePoint::max(): not before something else happens.
  TimePoint wake() const;
  // Every request was answered or lost.
  bool done() const { return next_ == schedule_.requests && busy_ == 0; }
  // REQUIRES: it is busy.
  uint64_t RequestOf(uint32_t connection) const { return seats_[connection].request; }
  bool IsBusy(uint32_t connection) const { return seats_[connection].state == State::kBusy; }
  Tally& tally() { return tally_; }

 private:
  enum class State : uint8_t { kAway, kFree, kBusy };
  struct Seat {
    State state = State::kAway;
    TimePoint free_since = {};
    uint64_t request = 0;  // of a busy one
  };

  void Settle(uint64_t request, TimePoint now, bool good);

  const Schedule schedule_;
  std::vector<Seat> seats_;
  uint32_t turn_ = 0;  // the seat to be asked first, so that all are used alike
  uint32_t free_ = 0;
  uint32_t busy_ = 0;
  uint64_t next_ = 0;
  Tally tally_;
};

}  // namespace sluice::load

#endif  // SLUICE_BENCH_LOAD_STEADY_LINE_H_
