// Lease: the right to send one request to a server, whatever protocol is spoken to it: all of an
// HTTP/1 connection for that long, or one stream of an HTTP/2 one. A Connector is where leases come
// from; Pool is the one with sockets, the tests have one in memory.
//
// Threads: one worker's.
#ifndef SLUICE_PROXY_UPSTREAM_LEASE_H_
#define SLUICE_PROXY_UPSTREAM_LEASE_H_

#include <memory>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "conf/config.h"
#include "proxy/base/arena.h"
#include "proxy/base/failure.h"
#include "proxy/base/time.h"
#include "proxy/http/exchange_streams.h"
#include "proxy/upstream/permit.h"

namespace sluice::upstream {

struct ServerSlot;

// A server side that is lent for one request and then given back.
class Leasable : public http::Upstream {
 public:
  // Binds it to an exchange: `events` and `arena` must outlive the lease.
  virtual void Begin(http::UpstreamEvents& events, Arena& arena) = 0;
  // The lease is over, however far the request had come. No event follows. `permit` (maybe empty)
  // is kept for as long as the server may still be at work on the request: until it has answered,
  // closed or been told to stop in a way it cannot miss, and conf::Pool::cancel_hold at most.
  virtual void GiveBack(Permit permit) = 0;
};

class [[nodiscard]] Lease {
 public:
  Lease() = default;
  Lease(Leasable* stream, bool reused) : stream_(stream), reused_(reused) {}
  Lease(Lease&& other) noexcept
      : stream_(std::exchange(other.stream_, nullptr)), reused_(other.reused_) {}
  Lease& operator=(Lease&& other) noexcept;
  ~Lease() { Drop(); }

  explicit operator bool() const { return stream_ != nullptr; }
  // REQUIRES: not empty.
  http::Upstream& stream() const;
  // The connection had served a request before: a failure now may only mean that the server closed
  // it at that moment.
  bool reused() const { return reused_; }
  // REQUIRES: not empty.
  void Begin(http::UpstreamEvents& events, Arena& arena);
  // `permit`: the place at the server that came with it.
  void Drop(Permit permit = Permit()) {
    if (Leasable* const stream = std::exchange(stream_, nullptr)) {
      stream->GiveBack(std::move(permit));
    }
  }

 private:
  Leasable* stream_ = nullptr;
  bool reused_ = false;
};

// A connection being opened; destroying it cancels.
class Attempt {
 public:
  virtual ~Attempt() = default;
};

class Connector {
 public:
  virtual ~Connector() = default;

  // What was kept of an earlier connection, if it was used at most `max_rest` ago; else an empty
  // lease.
  virtual Lease TakeIdle(ServerSlot& slot, Duration max_rest) = 0;

  // Opens a new connection. `done` runs once, from the loop, with a lease or a failure. `spec`
  // outlives the attempt and the connection.
  using Connected = absl::AnyInvocable<void(Lease lease, const Failure& why)>;
  virtual std::unique_ptr<Attempt> Connect(std::shared_ptr<ServerSlot> slot, const conf::Pool& spec,
                                           Duration timeout, Connected done) = 0;
};

}  // namespace sluice::upstream

#endif  // SLUICE_PROXY_UPSTREAM_LEASE_H_
