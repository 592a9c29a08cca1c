// ServeFarm: the ModelServers of a plan behind sockets: HTTP/1.1 with kept connections, on ports of
// 127.0.0.1. What a request costs is said by who asks (`?work=1000`: a thousand thousandths of that
// server's mean; without it nothing, as for a health check), so that every proxy that is compared
// is asked to carry the very same work.
// It works on for those who have left, and closes their connections when it is done.
//
// The control port answers
//   GET /begin                      forget all; stalls are counted from now
//   GET /slots?slots=16[&server=2]  a server (the first) has so many from now on: 1 to 4096
//   GET /stats                      the Ledgers as a JSON list, in the order of the plan
//   GET /fail?share=300[&server=2]  so many thousandths of what comes is answered with 500
//
// One thread, which sleeps between answers to the nanosecond as far as the kernel can. Cost: some
// 10 us a request, nearly all of it two system calls.
#ifndef SLUICE_BENCH_LOAD_FARM_FARM_H_
#define SLUICE_BENCH_LOAD_FARM_FARM_H_

#include <cstdint>
#include <vector>

#include "bench/load/farm/plan.h"

namespace sluice::load {

// Until the process is ended.
[[noreturn]] void ServeFarm(const std::vector<FarmServer>& servers, uint16_t control_port);

}  // namespace sluice::load

#endif  // SLUICE_BENCH_LOAD_FARM_FARM_H_
