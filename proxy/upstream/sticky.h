// Sticky: the cookie that brings the requests of a session back to one server of a pool. Its value
// is a signature of the pool's and the server's names under a secret, so it tells nothing about
// addresses, nobody can name a server who was not sent there before, and a value is the same in
// every process that has the secret. All values are made with the cluster: a request costs one
// look-up and no cryptography.
//
// Immutable. Threads: any. Cost: some 300 bytes and a microsecond a server, once.
#ifndef SLUICE_PROXY_UPSTREAM_STICKY_H_
#define SLUICE_PROXY_UPSTREAM_STICKY_H_

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "balancer/host_view.h"
#include "balancer/picker.h"
#include "conf/config.h"
#include "proxy/base/text.h"
#include "proxy/base/time.h"
#include "proxy/http/message.h"

namespace sluice::upstream {

class Sticky {
 public:
  // `secret` serves where the configuration has none. `labels` by HostIndex.
  Sticky(const conf::Sticky& spec, std::string_view pool, std::string_view secret,
         std::span<const std::string> labels);

  // The server that the request's cookie names; nothing without one, or for one that is forged or
  // of a server that is there no more.
  std::optional<balancer::HostIndex> SessionOf(const http::Fields& request) const;

  // Sends the session to `host` from now on. `secure`: the client came by https.
  void Begin(http::Fields& answer, balancer::HostIndex host, bool secure) const;
  // What the server says about a cookie of this name is not for the client.
  void Filter(http::Fields& answer) const;

 private:
  const std::string name_;
  TextMap<balancer::HostIndex> hosts_;  // by value
  std::vector<std::string> cookies_;    // of Set-Cookie, by host
  const bool always_secure_;
  const bool never_secure_;
};

// Whether a session may go on at its server: one that is drained keeps those it has, one that
// rests, fails its checks, is in maintenance, weighs nothing or was tried by this request does not.
bool MayStay(const balancer::HostView& hosts, balancer::HostIndex host,
             const balancer::PickInput& in);

}  // namespace sluice::upstream

#endif  // SLUICE_PROXY_UPSTREAM_STICKY_H_
