// The listening sockets of the process. The supervisor opens each once and owns it; a reload that
// keeps an address keeps its sockets, with all that queues in them. TCP addresses have one socket
// per worker (SO_REUSEPORT), so that the kernel spreads connections; a Unix socket is shared by
// all.
//
// Threads: ListenerSet the supervisor's; Listening is shared with the workers.
#ifndef SLUICE_PROXY_SERVER_LISTENER_SET_H_
#define SLUICE_PROXY_SERVER_LISTENER_SET_H_

#include <sys/types.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "conf/config.h"
#include "proxy/net/acceptor.h"
#include "proxy/observe/counters.h"
#include "proxy/observe/stats.h"
#include "proxy/server/handshake_gate.h"
#include "proxy/tls/server_context.h"
#include "ratelimit/concurrency.h"

namespace sluice::server {

// One address, open.
struct Listening {
  Listening(const conf::Listener& listener, size_t shards)
      : spec(std::make_shared<const conf::Listener>(listener)), open(0), stats(shards) {}
  ~Listening() { Close(); }

  // Lets go of our sockets, and takes the file of a Unix one away, if it is ours still: another
  // process may have put its own there. Workers go on accepting until they close theirs.
  void Close();

  std::shared_ptr<const conf::Listener> spec;     // replaced by a reload; workers hold copies
  std::shared_ptr<const tls::ServerContext> tls;  // the same; null: plain
  std::shared_ptr<HandshakeGate> handshakes;      // the same; null: not limited
  std::shared_ptr<AddressRate> newcomers;         // the same
  Address bound;
  // One, or one per worker. Shared: a worker that is told to listen may come to it only after the
  // supervisor has let go.
  std::vector<std::shared_ptr<const net::Fd>> sockets;
  // The file of a Unix socket, as it was bound: no other can have this number before that closes.
  std::pair<dev_t, ino_t> file;
  ratelimit::Concurrency open;  // connections, over all workers
  observe::Sharded<observe::ListenerStats> stats;
};

// What one worker is to accept from.
struct Binding {
  std::shared_ptr<Listening> listening;
  std::shared_ptr<const conf::Listener> spec;
  std::shared_ptr<const tls::ServerContext> tls;
  std::shared_ptr<HandshakeGate> handshakes;
  std::shared_ptr<AddressRate> newcomers;
  std::shared_ptr<const net::Fd> socket;  // Acceptor duplicates it
};

class ListenerSet {
 public:
  using Contexts = std::vector<std::shared_ptr<const tls::ServerContext>>;

  explicit ListenerSet(size_t workers) : workers_(workers) {}

  // Opens what is new, keeps what stays, closes our end of what is gone: the workers' duplicates
  // are then the last, and what queues between their draining and their close is as little as can
  // be. On an error nothing changes. `contexts`: the TLS of each, null: plain. `derived_limit` is
  // the connection limit for listeners that state none.
  absl::Status Apply(const std::vector<conf::Listener>& listeners, Contexts contexts,
                     uint32_t derived_limit);
  // Logs what expires, has expired, or is not valid yet.
  void LogConcerns(WallTime now) const;

  void CloseAll();

  std::vector<Binding> BindingsFor(size_t worker) const;
  const std::vector<std::shared_ptr<Listening>>& all() const { return open_; }

 private:
  // Whether a listener on the same port is not in `next`: "0.0.0.0:80" where `fresh` is "[::]:80".
  // Both are open for a moment, so that nobody is refused, and what is there is not in the way.
  bool FreesPortOf(const std::vector<conf::Listener>& next, const conf::Listener& fresh) const;
  absl::Status Open(Listening& listening, bool exclusive);

  const size_t workers_;
  std::vector<std::shared_ptr<Listening>> open_;
};

}  // namespace sluice::server

#endif  // SLUICE_PROXY_SERVER_LISTENER_SET_H_
