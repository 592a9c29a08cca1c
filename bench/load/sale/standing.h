// What the tickets of a waiting room say of shoppers, for who counts whether anybody loses his
// place. Signatures are not looked at: the room itself hands these tickets out.
//
// Threads: any. Reads the wall clock, by which tickets end.
#ifndef SLUICE_BENCH_LOAD_SALE_STANDING_H_
#define SLUICE_BENCH_LOAD_SALE_STANDING_H_

#include <string_view>

#include "proxy/demo/crowd.h"

namespace sluice::load {

demo::StandingReader StandingsIn(std::string_view room);

}  // namespace sluice::load

#endif  // SLUICE_BENCH_LOAD_SALE_STANDING_H_
