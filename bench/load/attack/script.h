// Script: what one connection of an attacker says. Made once; every connection says the same.
//
// A script's text is what a peer takes at most before it is a question of its limits: some hundred
// KiB, thousands of frames. An attacker who got all of it through closes and comes again.
#ifndef SLUICE_BENCH_LOAD_ATTACK_SCRIPT_H_
#define SLUICE_BENCH_LOAD_ATTACK_SCRIPT_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::load {

struct Script {
  std::string text;
  // The first bytes of it leave as fast as the peer takes them; the others at `drip` bytes/s.
  size_t at_once = 0;
  double drip = 0;
  // Having said all, it stays until it is cut; else it closes and comes again.
  bool holds = false;
  // Its answers are not HTTP/2.
  bool is_tls = false;
};

// All there are, as "a, b, c".
std::string ScriptNames();
// None: no such script.
std::optional<Script> MakeScript(std::string_view name);

}  // namespace sluice::load

#endif  // SLUICE_BENCH_LOAD_ATTACK_SCRIPT_H_
