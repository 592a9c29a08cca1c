// FarmServer: one server of a load_farm, as its command line says it.
//
//   port=8001,slots=8,mean_us=30000,stall_ms=300,stall_every_ms=3000,connections=8,failing=300
//
// Only `port` must be there. And a server that does all its work in the slots of another, as with a
// database that both share, which alone says how many they are and how long they take:
//
//   port=8002,slots_of=0           of the first of the command line; only of one before it
//
// Pure.
#ifndef SLUICE_BENCH_LOAD_FARM_PLAN_H_
#define SLUICE_BENCH_LOAD_FARM_PLAN_H_

#include <cstdint>
#include <optional>
#include <string_view>

#include "absl/status/statusor.h"
#include "bench/load/farm/model_server.h"

namespace sluice::load {

struct FarmServer {
  uint16_t port = 0;  // of 127.0.0.1
  ServerModel model;
  // Taken at once, others wait in the listener's backlog, as before a prefork server of so many
  // processes; 0: all.
  uint32_t connections = 0;
  std::optional<uint32_t> slots_of = {};  // in the order of the command line
};

constexpr uint32_t kMostSlots = 4096;

absl::StatusOr<FarmServer> ParseFarmServer(std::string_view text);

// The number behind `name=` in the query of `target`, or `otherwise`.
uint64_t QueryNumber(std::string_view target, std::string_view name, uint64_t otherwise);

}  // namespace sluice::load

#endif  // SLUICE_BENCH_LOAD_FARM_PLAN_H_
