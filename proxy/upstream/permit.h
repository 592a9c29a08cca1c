// Permit: one request's place at one server, from the choice of the server to the end of the
// server's work on it, which may be later than the end of the client's patience (lease.h).
//
// Threads: any one at a time. Its end may hand the place on to a request that waits, on whichever
// worker (dispatch.h). Ownership: the server outlives it; whoever keeps a permit keeps the server.
// Cost: an atomic addition and subtraction, and one look at whether anybody waits.
#ifndef SLUICE_PROXY_UPSTREAM_PERMIT_H_
#define SLUICE_PROXY_UPSTREAM_PERMIT_H_

#include <optional>
#include <utility>

#include "balancer/outcome.h"
#include "ratelimit/served.h"

namespace sluice::upstream {

struct Server;

class [[nodiscard]] Permit {
 public:
  Permit() = default;
  Permit(balancer::ActiveRequest active, Server& server)
      : active_(std::move(active)), server_(&server) {}
  Permit(Permit&& other) noexcept
      : active_(std::move(other.active_)),
        server_(std::exchange(other.server_, nullptr)),
        turn_(other.turn_),
        follows_(other.follows_) {
    other.active_.reset();
  }
  Permit& operator=(Permit&& other) noexcept {
    std::swap(active_, other.active_);
    std::swap(server_, other.server_);
    std::swap(turn_, other.turn_);
    std::swap(follows_, other.follows_);
    return *this;
  }
  ~Permit() {
    if (server_ != nullptr) Release();
  }

  explicit operator bool() const { return server_ != nullptr; }
  // REQUIRES: not empty.
  Server& server() const { return *server_; }
  // What became of the request; only the first outcome counts. REQUIRES: not empty.
  void Settle(const balancer::Outcome& outcome, balancer::TimePoint now) {
    active_->Settle(outcome, now);
  }
  // It was waited for, and this was whose turn it was.
  void ForTurn(const ratelimit::Served& turn) { turn_ = turn; }
  // To be given back no sooner than the place is free, even where any number of requests is
  // welcome. A server that still works on what others have answered would look idle otherwise, and
  // one that stalls the best of all.
  void FollowWork() { follows_ = true; }
  // Also where the server takes so many and no more. False of an empty one.
  bool follows() const;

 private:
  void Release();

  std::optional<balancer::ActiveRequest> active_;
  Server* server_ = nullptr;
  std::optional<ratelimit::Served> turn_;
  bool follows_ = false;
};

}  // namespace sluice::upstream

#endif  // SLUICE_PROXY_UPSTREAM_PERMIT_H_
