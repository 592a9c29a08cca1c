#include "proxy/upstream/pool.h"

#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "proxy/net/dialer.h"
#include "proxy/net/error.h"
#include "proxy/upstream/h1_upstream.h"
#include "proxy/upstream/h2_upstream.h"

namespace sluice::upstream {

namespace {

class DialAttempt final : public Attempt {
 public:
  DialAttempt(net::Loop& loop, const Address& to, Duration timeout,
              const net::SocketOptions& options, net::Dial::Done done)
      : dial_(loop, to, timeout, options, std::move(done)) {}

 private:
  net::Dial dial_;
};

}  // namespace

namespace {

Failure DialFailure(int error) {
  Failure failure{.side = Side::kUpstream,
                  .cause = Cause::kConnectRefused,
                  .nothing_sent = true,
                  .why = absl::StrFormat("connecting: %s", net::ErrorText(error))};
  if (error == net::kTimedOut) {
    failure.cause = Cause::kConnectTimeout;
    failure.why = "no connection within connect_timeout";
  } else if (error == net::kTooManyFiles || error == net::kSystemTooManyFiles) {
    // Ours, not the server's: it must not rest for it.
    failure.side = Side::kSluice;
    failure.cause = Cause::kLimit;
  }
  return failure;
}

}  // namespace

// One connection being opened for all who wait for it. Its own: gone when it has an outcome, or
// nobody waits any more.
class H2Dial {
 public:
  class Waiter final : public Attempt {
   public:
    Waiter(H2Dial& dial, Pool::Connected done) : dial_(&dial), done_(std::move(done)) {}
    ~Waiter() override {
      if (dial_ != nullptr) dial_->Leave(*this);
    }

   private:
    friend class H2Dial;
    H2Dial* dial_;
    Pool::Connected done_;
  };

  H2Dial(Pool& pool, std::shared_ptr<ServerSlot> slot, const conf::Pool& spec, Duration timeout)
      : pool_(pool),
        slot_(std::move(slot)),
        spec_(spec),
        dial_(pool.loop(), slot_->server->address, timeout,
              {.nodelay = spec.nodelay, .keepalive = spec.tcp_keepalive},
              [this](std::unique_ptr<net::Socket> socket, int error) {
                OnOutcome(std::move(socket), error);
              }) {
    slot_->h2_dial = this;
    slot_->server->stats.shard(pool_.shard()).connects.Add();
  }
  ~H2Dial() { slot_->h2_dial = slot_->h2_dial == this ? nullptr : slot_->h2_dial; }

  bool Takes(const conf::Pool& spec) const { return waiters_.size() < kMost && &spec == &spec_; }
  std::unique_ptr<Attempt> Add(Pool::Connected done) {
    auto waiter = std::make_unique<Waiter>(*this, std::move(done));
    waiters_.push_back(waiter.get());
    return waiter;
  }

 private:
  // As many as one connection can serve for all we know.
  static constexpr size_t kMost = 100;

  void OnOutcome(std::unique_ptr<net::Socket> socket, int error) {
    if (slot_->h2_dial == this) slot_->h2_dial = nullptr;
    decided_ = true;
    H2Upstream* made = nullptr;
    if (error == 0) {
      slot_->server->stats.shard(pool_.shard()).connections.Add();
      made = new H2Upstream(pool_, slot_, spec_, std::move(socket));
      if (slot_->retired) made->Retire();
    }
    const Failure why = error == 0 ? Failure{} : DialFailure(error);
    if (why.side == Side::kSluice && error != 0) pool_.CloseAllIdle();
    // Each may cancel others, or come back for another connection.
    while (!waiters_.empty()) {
      Waiter& waiter = *waiters_.front();
      waiters_.erase(waiters_.begin());
      waiter.dial_ = nullptr;
      const bool lends = made != nullptr && made->MayLend(Duration::max());
      Pool::Connected done = std::move(waiter.done_);
      done(lends ? made->Lend() : Lease(), lends || made == nullptr ? why : Crowded());
    }
    pool_.loop().Retire(std::unique_ptr<H2Dial>(this));
  }

  void Leave(Waiter& waiter) {
    std::erase(waiters_, &waiter);
    if (waiters_.empty() && !decided_) delete this;
  }

  static Failure Crowded() {
    return {.side = Side::kUpstream,
            .cause = Cause::kConnectRefused,
            .nothing_sent = true,
            .why = "the server takes no streams"};
  }

  Pool& pool_;
  const std::shared_ptr<ServerSlot> slot_;
  const conf::Pool& spec_;
  net::Dial dial_;
  std::vector<Waiter*> waiters_;
  bool decided_ = false;
};

Pool::~Pool() { CloseAllIdle(); }

Lease Pool::TakeStream(ServerSlot& slot, Duration max_rest) {
  for (H2Upstream* connection = slot.h2; connection != nullptr; connection = connection->next) {
    if (!connection->MayLend(max_rest)) continue;
    slot.server->stats.shard(shard_).reuses.Add();
    return connection->Lend();
  }
  return Lease();
}

std::unique_ptr<Attempt> Pool::ConnectH2(std::shared_ptr<ServerSlot> slot, const conf::Pool& spec,
                                         Duration timeout, Connected done) {
  if (slot->h2_dial == nullptr || !slot->h2_dial->Takes(spec)) {
    new H2Dial(*this, slot, spec, timeout);  // the slot knows it, and it ends by itself
  }
  return slot->h2_dial->Add(std::move(done));
}

std::shared_ptr<ServerSlot> Pool::SlotFor(const std::shared_ptr<Server>& server) {
  std::shared_ptr<ServerSlot>& slot = slots_[server.get()];
  if (slot == nullptr) {
    slot = std::make_shared<ServerSlot>();
    slot->server = server;
  }
  return slot;
}

Lease Pool::TakeIdle(ServerSlot& slot, Duration max_rest) {
  H1Upstream* const connection = slot.idle;
  if (slot.h2 != nullptr) return TakeStream(slot, max_rest);
  if (connection == nullptr || loop_.now() - connection->rests_since_ > max_rest) return Lease();
  slot.idle = connection->older_;
  if (slot.idle != nullptr) slot.idle->newer_ = nullptr;
  connection->older_ = nullptr;
  --slot.idle_count;
  connection->idle_deadline_.Cancel();
  observe::ServerStats& count = slot.server->stats.shard(shard_);
  count.reuses.Add();
  count.idle_connections.Sub();
  return Lease(connection, /*reused=*/true);
}

std::unique_ptr<Attempt> Pool::Connect(std::shared_ptr<ServerSlot> slot, const conf::Pool& spec,
                                       Duration timeout, Connected done) {
  if (spec.protocol == "h2") return ConnectH2(std::move(slot), spec, timeout, std::move(done));
  const Address& to = slot->server->address;
  slot->server->stats.shard(shard_).connects.Add();
  const net::SocketOptions options{.nodelay = spec.nodelay, .keepalive = spec.tcp_keepalive};
  return std::make_unique<DialAttempt>(
      loop_, to, timeout, options,
      [this, slot = std::move(slot), &spec, done = std::move(done)](
          std::unique_ptr<net::Socket> socket, int error) mutable {
        if (error == 0) {
          slot->server->stats.shard(shard_).connections.Add();
          done(Lease(new H1Upstream(*this, slot, spec, std::move(socket)), /*reused=*/false), {});
          return;
        }
        const Failure why = DialFailure(error);
        if (why.side == Side::kSluice) CloseAllIdle();  // their descriptors serve nobody now
        done(Lease(), why);
      });
}

void Pool::Release(H1Upstream* connection) {
  ServerSlot& slot = *connection->slot_;
  if (!connection->End() || slot.retired || slot.idle_count >= connection->max_idle_) {
    connection->phase_ = H1Upstream::Phase::kDead;
    slot.server->stats.shard(shard_).connections.Sub();
    loop_.Retire(std::unique_ptr<H1Upstream>(connection));
    return;
  }
  connection->older_ = slot.idle;
  if (slot.idle != nullptr) slot.idle->newer_ = connection;
  slot.idle = connection;
  ++slot.idle_count;
  slot.server->stats.shard(shard_).idle_connections.Add();
  connection->rests_since_ = loop_.now();
  loop_.Arm(connection->idle_deadline_, connection->max_idle_time_);
}

void Pool::Unlink(H1Upstream* connection) {
  ServerSlot& slot = *connection->slot_;
  if (connection->newer_ != nullptr) connection->newer_->older_ = connection->older_;
  if (connection->older_ != nullptr) connection->older_->newer_ = connection->newer_;
  if (slot.idle == connection) slot.idle = connection->older_;
  --slot.idle_count;
  observe::ServerStats& count = slot.server->stats.shard(shard_);
  count.idle_connections.Sub();
  count.connections.Sub();
  loop_.Retire(std::unique_ptr<H1Upstream>(connection));
}

void Pool::CloseIdle(ServerSlot& slot) {
  while (slot.idle != nullptr) Unlink(slot.idle);
  while (slot.h2 != nullptr) slot.h2->Retire();
}

void Pool::Retain(absl::FunctionRef<bool(const Server*)> keep) {
  for (auto it = slots_.begin(); it != slots_.end();) {
    if (keep(it->first)) {
      ++it;
      continue;
    }
    CloseIdle(*it->second);
    it->second->retired = true;
    slots_.erase(it++);
  }
}

void Pool::CloseAllIdle() {
  for (auto& [server, slot] : slots_) CloseIdle(*slot);
}

}  // namespace sluice::upstream
