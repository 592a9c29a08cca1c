// Resolver: names to addresses, and services to servers, through c-ares, on one loop, with the TTL
// of the answer. Nothing blocks and nothing is cached: who asks keeps the answer for as long as its
// TTL says.
//
// Threads: the loop's; not for the request path. Cost: while questions are open, one descriptor a
// name server and a timer of kTick.
#ifndef SLUICE_PROXY_NET_RESOLVER_H_
#define SLUICE_PROXY_NET_RESOLVER_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "proxy/base/address.h"
#include "proxy/net/loop.h"
#include "proxy/net/service_reply.h"

namespace sluice::net {

struct ResolverOptions {
  std::vector<std::string> servers;  // "10.0.0.53" or "10.0.0.53:5353"; empty: /etc/resolv.conf
  Duration timeout = std::chrono::seconds(2);  // one try
  int tries = 3;
};

class Resolver {
 public:
  Resolver(Loop& loop, const ResolverOptions& options);
  ~Resolver();  // callbacks that have not run never do
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // Of both: `done` runs exactly once, from the loop, and must not destroy the Resolver. NotFound:
  // the name does not exist or has no address; DeadlineExceeded: no name server answered;
  // Unavailable or InvalidArgument: anything else. /etc/hosts is consulted first (TTL kHostsTtl),
  // so "localhost" works without a name server; a numeric name is its own answer (TTL kNumericTtl).
  template <typename Record>
  using Done = absl::AnyInvocable<void(absl::StatusOr<Answer<Record>>)>;
  // A and AAAA records; never an answer without.
  void Resolve(std::string_view name, Done<Ip> done);
  // The SRV records of "_http._tcp.shop.internal"; /etc/hosts has none. An answer may be empty.
  void ResolveService(std::string_view name, Done<Service> done);

  static constexpr Duration kHostsTtl = std::chrono::seconds(60);
  static constexpr Duration kNumericTtl = std::chrono::hours(24);
  // How often tries are looked at for their timeout.
  static constexpr Duration kTick = std::chrono::milliseconds(50);

 private:
  struct Channel;  // c-ares and its sockets
  std::unique_ptr<Channel> channel_;
};

}  // namespace sluice::net

#endif  // SLUICE_PROXY_NET_RESOLVER_H_
