// RunAttack: a script said on many connections, as fast as the peer takes it; when one is cut, or
// has said all, it comes again. One thread; ends by itself.
//
// Everything that is said was made beforehand, so nearly all the time is the kernel's. What comes
// back is read and counted.
#ifndef SLUICE_BENCH_LOAD_ATTACK_ATTACK_H_
#define SLUICE_BENCH_LOAD_ATTACK_ATTACK_H_

#include <cstdint>
#include <map>

#include "bench/load/attack/script.h"
#include "proxy/base/time.h"

namespace sluice::load {

struct AttackPlan {
  uint16_t port = 0;  // of 127.0.0.1
  uint32_t connections = 1;
  double seconds = 1;
  // Connections opened again in a second, of all; 0: at once.
  double reopen = 0;
};

struct AttackTally {
  uint64_t opened = 0;                   // connections that came to be
  uint64_t refused = 0;                  // that did not
  uint64_t cut = 0;                      // by the peer
  uint64_t finished = 0;                 // said all
  uint64_t bytes = 0;                    // taken by the kernel
  uint64_t resets = 0;                   // RST_STREAM that came
  std::map<uint32_t, uint64_t> goaways;  // that came, by their code
  Duration took{};
};

AttackTally RunAttack(const AttackPlan& plan, const Script& script);

}  // namespace sluice::load

#endif  // SLUICE_BENCH_LOAD_ATTACK_ATTACK_H_
