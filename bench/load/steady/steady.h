// RunSteady: an open-loop load of GETs over kept connections; the sockets around a Line. One
// thread, which sleeps between turns, because it shares its core with the origin.
//
// Cost: two clock readings, one send and one read for each request; no allocation once it runs.
// Besides, 16 bytes for each counted request and 4 KiB for each connection, taken beforehand.
#ifndef SLUICE_BENCH_LOAD_STEADY_STEADY_H_
#define SLUICE_BENCH_LOAD_STEADY_STEADY_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "bench/load/steady/line.h"

namespace sluice::load {

struct SteadyPlan {
  uint16_t port = 0;  // of 127.0.0.1
  std::string path = "/";
  double rate = 0;  // requests a second
  uint32_t connections = 1;
  bool http2 = false;  // with prior knowledge, one request at a time on each connection
  double seconds = 1;  // of turns that are counted
  double warmup = 0;   // seconds of turns before them
  // With a seed the load is that of a farm: requests come by chance (orders.h) and each asks for
  // work of its own, `path`/17?work=1432; what they ask for follows from the seed alone.
  std::optional<uint64_t> farm = {};
  std::optional<double> deviation = {};  // of that work (chance.h)
  // Longest wait for answers after the last turn; what has none by then is an error.
  std::chrono::milliseconds drain{2000};
};

// Turns of `seconds` at that rate.
uint64_t TurnsIn(const SteadyPlan& plan, double seconds);

// An error when the connections cannot be made at the start. Whatever the server does later is in
// the tally: an answer other than 200, a broken one, a lost connection are errors. Lost connections
// are opened again: at once when they had carried an answer, else after 10 ms.
absl::StatusOr<Line::Tally> RunSteady(const SteadyPlan& plan);

}  // namespace sluice::load

#endif  // SLUICE_BENCH_LOAD_STEADY_STEADY_H_
