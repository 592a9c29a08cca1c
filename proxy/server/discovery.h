// Discovery: the addresses behind the servers that pools name: addresses as written, DNS names
// (each address is a server), services (SRV records: targets with ports, weights and priorities).
// They are looked up again when their TTL ends; what stops answering keeps its last addresses.
//
// Threads: the supervisor's loop. Cost: linear in what is watched and found.
#ifndef SLUICE_PROXY_SERVER_DISCOVERY_H_
#define SLUICE_PROXY_SERVER_DISCOVERY_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "conf/config.h"
#include "proxy/base/address.h"
#include "proxy/server/lookups.h"

namespace sluice::server {

class Discovery {
 public:
  struct Found {
    const conf::Server* as;  // which of those written
    std::string host;        // as the service names it, host and port; empty: as written
    Address address;
    uint32_t weight = 1;
    uint32_t tier = 0;
  };

  // `changed` runs when the addresses of what is watched are others than before. `config` is read
  // here only, but for what Watch() brings.
  Discovery(net::Loop& loop, const conf::ResolverConfig& config,
            absl::AnyInvocable<void()> changed);

  // Exactly these servers, of all pools, from now on; what is known of their names stays.
  void Watch(std::vector<conf::Server> servers, const conf::ResolverConfig& config);

  // The addresses behind `written`, which are servers of `pool`, in order; each address once.
  // What is found points into `written`.
  std::vector<Found> Find(std::string_view pool, const std::vector<conf::Server>& written) const;
  // Every name has been answered or has failed once.
  bool settled() const { return names_.settled() && services_.settled(); }

 private:
  void WatchNames();

  conf::ResolverConfig config_;
  std::vector<conf::Server> watched_;
  absl::AnyInvocable<void()> changed_;
  Lookups<net::Service> services_;
  Lookups<Ip> names_;
  net::Resolver resolver_;  // last: its callbacks end before what they touch
};

// The weights of the servers of a service beside each other (RFC 2782): as DNS tells them times
// `factor`, but where some of a priority are 0 beside others, these get a hundredth of a weight of
// 1 instead of nothing. At most kMostServiceWeight each. REQUIRES (both): sorted.
inline constexpr uint32_t kMostServiceWeight = 10'000'000;
std::vector<uint32_t> WeightsOf(const std::vector<net::Service>& services, uint32_t factor);

// Their tiers: 0 for the lowest priority, then one more for each.
std::vector<uint32_t> TiersOf(const std::vector<net::Service>& services);

}  // namespace sluice::server

#endif  // SLUICE_PROXY_SERVER_DISCOVERY_H_
