// Resolver: names to addresses through c-ares, on one loop, with the TTL of the answer.
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

namespace sluice::net {

struct ResolverOptions {
  std::vector<std::string> servers;  // "10.0.0.53" or "10.0.0.53:5353"; empty: /etc/resolv.conf
  Duration timeout = std::chrono::seconds(2);  // one try
  int tries = 3;
};

struct Resolved {
  std::vector<Ip> addresses;  // A and AAAA, sorted, without repetition
  Duration ttl{};             // the smallest of the records
};

class Resolver {
 public:
  Resolver(Loop& loop, const ResolverOptions& options);
  ~Resolver();  // callbacks that have not run never do

  // `done` runs exactly once, from the loop. /etc/hosts is consulted first (TTL 60 s), so
  // "localhost" works without a name server.
  using Done = absl::AnyInvocable<void(absl::StatusOr<Resolved>)>;
  void Resolve(std::string_view name, Done done);
};

}  // namespace sluice::net

#endif  // SLUICE_PROXY_NET_RESOLVER_H_
