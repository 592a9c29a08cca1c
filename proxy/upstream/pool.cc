#include "proxy/upstream/pool.h"

#include <utility>

#include "proxy/upstream/h1_upstream.h"
#include "proxy/upstream/h2_upstream.h"
#include "proxy/upstream/opening.h"

namespace sluice::upstream {

Pool::Pool(net::Loop& loop, uint32_t shard, Peers* peers)
    : loop_(loop), shard_(shard), peers_(peers) {
  if (peers_ != nullptr) peers_->Join(shard_, *this);
}

Pool::~Pool() {
  if (peers_ != nullptr) peers_->Leave(shard_);
  CloseAll();
}

Lease Pool::TakeStream(ServerSlot& slot, Duration max_rest) {
  for (H2Upstream* connection = slot.h2; connection != nullptr; connection = connection->next) {
    if (!connection->MayLend(max_rest)) continue;
    slot.server->stats.shard(shard_).reuses.Add();
    return connection->Lend();
  }
  return Lease();
}

std::shared_ptr<ServerSlot> Pool::SlotFor(const std::shared_ptr<Server>& server,
                                          const std::shared_ptr<const Transport>& transport) {
  std::shared_ptr<ServerSlot>& slot = slots_[server.get()];
  if (slot != nullptr && slot->transport != transport) Retire(*std::exchange(slot, nullptr));
  if (slot == nullptr) slot = std::make_shared<ServerSlot>(server, transport);
  return slot;
}

Lease Pool::TakeIdle(ServerSlot& slot, Duration max_rest) {
  if (slot.h2 != nullptr) {
    if (Lease stream = TakeStream(slot, max_rest)) return stream;
  }
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

// The openings know when they end.
std::unique_ptr<Attempt> Pool::Connect(std::shared_ptr<ServerSlot> slot, const conf::Pool& spec,
                                       Duration timeout, Connected done) {
  Opening* const shared = slot->opening;
  if (shared != nullptr && shared->Takes(spec)) return shared->Add(std::move(done));
  return (new Opening(*this, std::move(slot), spec, timeout))->Add(std::move(done));
}

void Pool::Release(H1Upstream* connection) {
  ServerSlot& slot = *connection->slot_;
  const bool clean = connection->End();
  const bool wanted = slot.server->connections_wanted.load(std::memory_order_relaxed) > 0;
  if (!clean || slot.retired || wanted || slot.idle_count >= connection->max_idle_) {
    connection->phase_ = H1Upstream::Phase::kDead;
    if (clean) connection->SayGoodbye();
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
  connection->SayGoodbye();
  loop_.Retire(std::unique_ptr<H1Upstream>(connection));
}

void Pool::CloseIdle(ServerSlot& slot) {
  while (slot.idle != nullptr) Unlink(slot.idle);
  while (slot.h2 != nullptr) slot.h2->Retire();
}

void Pool::Retire(ServerSlot& slot) {
  CloseIdle(slot);
  slot.retired = true;
}

void Pool::Retain(absl::FunctionRef<bool(const Server*)> keep) {
  for (auto it = slots_.begin(); it != slots_.end();) {
    if (keep(it->first)) {
      ++it;
      continue;
    }
    Retire(*it->second);
    slots_.erase(it++);
  }
}

void Pool::CloseAllIdle() {
  for (auto& [server, slot] : slots_) CloseIdle(*slot);
}

void Pool::CloseOneIdle(const Server& server) {
  const auto found = slots_.find(&server);
  if (found == slots_.end()) return;
  ServerSlot& slot = *found->second;
  if (H1Upstream* oldest = slot.idle) {
    while (oldest->older_ != nullptr) oldest = oldest->older_;
    oldest->phase_ = H1Upstream::Phase::kDead;
    Unlink(oldest);
  } else if (slot.h2 != nullptr) {
    slot.h2->Retire();
  }
}

void Pool::CloseAll() {
  CloseAllIdle();
  while (abandoned_ != nullptr) abandoned_->EndRemnant();
}

void Pool::Keep(H1Upstream* connection) {
  connection->newer_ = nullptr;
  connection->older_ = abandoned_;
  if (abandoned_ != nullptr) abandoned_->newer_ = connection;
  abandoned_ = connection;
}

void Pool::Let(H1Upstream* connection) {
  if (connection->newer_ != nullptr) connection->newer_->older_ = connection->older_;
  if (connection->older_ != nullptr) connection->older_->newer_ = connection->newer_;
  if (abandoned_ == connection) abandoned_ = connection->older_;
  connection->slot_->server->stats.shard(shard_).connections.Sub();
  loop_.Retire(std::unique_ptr<H1Upstream>(connection));
}

}  // namespace sluice::upstream
