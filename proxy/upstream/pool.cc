#include "proxy/upstream/pool.h"

#include <utility>

#include "absl/strings/str_format.h"
#include "proxy/net/dialer.h"
#include "proxy/net/error.h"
#include "proxy/upstream/h1_upstream.h"

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

Pool::~Pool() { CloseAllIdle(); }

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
