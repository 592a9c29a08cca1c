// Pool: the connections of one worker to all servers. A connection is lent out as a Lease, one
// request at a time, and comes back by the Lease's destruction: kept when the exchange left it in a
// state from which another request can be told apart with certainty, closed otherwise.
//
// An HTTP/2 connection lends as many streams as its server lets it have; another is opened beyond
// that. Requests that come while the first one is being opened wait for it together.
//
// Kept connections are read all the while, so that a close by the server is seen when it happens
// and not by the next request. They are bounded by count (max_idle per server), by idle time and by
// age.
//
// Threads: one worker's.
#ifndef SLUICE_PROXY_UPSTREAM_POOL_H_
#define SLUICE_PROXY_UPSTREAM_POOL_H_

#include <memory>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "proxy/net/loop.h"
#include "proxy/upstream/cluster.h"
#include "proxy/upstream/lease.h"
#include "proxy/upstream/peers.h"
#include "proxy/upstream/transport.h"

namespace sluice::upstream {

class H1Upstream;
class H2Upstream;
class Opening;

// The connections of one worker to one server. Shared by the pool, the worker's view and the
// connections themselves, since exchanges outlive a view and a view may outlive its place in a
// pool.
struct ServerSlot {
  ServerSlot(std::shared_ptr<Server> to, std::shared_ptr<const Transport> by)
      : server(std::move(to)),
        transport(std::move(by)),
        http2(transport->protocol != Protocol::kHttp1) {}

  const std::shared_ptr<Server> server;
  const std::shared_ptr<const Transport> transport;  // what all its connections are made with
  H1Upstream* idle = nullptr;                        // most recently used first
  H2Upstream* h2 = nullptr;                          // that lend further streams; the newest first
  Opening* opening = nullptr;  // of HTTP/2, under way: who comes meanwhile waits for it too
  uint32_t idle_count = 0;
  bool http2;            // what to expect of a new connection: of Protocol::kAgreed, the last one's
  bool retired = false;  // its place was taken: connections close as they come back
};

class Pool final : public Connector {
 public:
  // `shard` is this worker's place in sharded counters.
  // `peers`: null where there is but one.
  Pool(net::Loop& loop, uint32_t shard, Peers* peers = nullptr);
  ~Pool() override;
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  // The slot of `server`; with another transport than before it is another one, and what was made
  // with the former serves no further request.
  std::shared_ptr<ServerSlot> SlotFor(const std::shared_ptr<Server>& server,
                                      const std::shared_ptr<const Transport>& transport);

  // The kept connection used last; of HTTP/2, a stream of one that has room.
  Lease TakeIdle(ServerSlot& slot, Duration max_rest) override;
  std::unique_ptr<Attempt> Connect(std::shared_ptr<ServerSlot> slot, const conf::Pool& spec,
                                   Duration timeout, Connected done) override;

  // Closes the kept connections to every server for which `keep` is false, and retires its slot.
  void Retain(absl::FunctionRef<bool(const Server*)> keep);
  void CloseAllIdle();
  // The kept connection to `server` that was used longest ago.
  void CloseOneIdle(const Server& server);
  // And those that only wait for their server to be done (H1Upstream::Remnant).
  void CloseAll();

  net::Loop& loop() { return loop_; }
  uint32_t shard() const { return shard_; }
  const Peers* peers() const { return peers_; }

 private:
  friend class H1Upstream;
  void Release(H1Upstream* connection);
  void Unlink(H1Upstream* connection);
  // Of abandoned ones.
  void Keep(H1Upstream* connection);
  void Let(H1Upstream* connection);
  void CloseIdle(ServerSlot& slot);
  void Retire(ServerSlot& slot);
  Lease TakeStream(ServerSlot& slot, Duration max_rest);

  net::Loop& loop_;
  const uint32_t shard_;
  Peers* const peers_;
  absl::flat_hash_map<const Server*, std::shared_ptr<ServerSlot>> slots_;
  H1Upstream* abandoned_ = nullptr;
};

}  // namespace sluice::upstream

#endif  // SLUICE_PROXY_UPSTREAM_POOL_H_
