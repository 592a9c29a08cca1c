// The content of a servers_file: the servers of a pool as something that comes and goes with them
// writes them, one a line:
//
//   # what follows a hash is a comment
//   10.0.0.11:8000
//   10.0.0.12:8000 weight=2
//   spare.internal:8000 backup
//
// Addresses are as in pool.servers.address. Pure, any thread; the content is bounded by who reads
// it (kLargestServerList), the servers by kMostServers.
#ifndef SLUICE_CONF_SERVER_LIST_H_
#define SLUICE_CONF_SERVER_LIST_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "conf/config.h"

namespace sluice::conf {

inline constexpr size_t kLargestServerList = 1 << 20;  // bytes; more is a mistake
inline constexpr size_t kMostServers = 10'000;

struct ServerList {
  std::vector<Server> servers;  // never empty; one of them at least has a weight
  std::string warning;          // about lines that were passed over; empty: none were
};

// Or what is wrong with it, "line 3: …". A server that is there twice counts once, as first
// written.
absl::StatusOr<ServerList> ParseServerList(std::string_view content);

// Puts `listed` behind the servers written in the pool, in place of what a file had listed before;
// what is written counts.
void ListServers(Pool& pool, std::vector<Server> listed);

// Servers that would never be given a request, all of them weighing nothing.
bool AllWeighNothing(const std::vector<Server>& servers);

}  // namespace sluice::conf

#endif  // SLUICE_CONF_SERVER_LIST_H_
