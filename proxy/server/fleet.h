// Fleet: what this process shares with other machines: the connection to the store of [store], and
// the sync of the limits and waiting rooms of scope "fleet" with it. Without a store it is idle,
// and such limits go by their `when_silent`.
//
// For who builds gates: one QuotaGate for each such limit, kept through reloads while name, rate
// and burst are the same; all of them are given to Share(), again after each reload. Their keys are
// hashed by hash().
//
// Threads: the supervisor's; hash().Of() any. Cost: a timer every 50 ms where there is a store.
#ifndef SLUICE_PROXY_SERVER_FLEET_H_
#define SLUICE_PROXY_SERVER_FLEET_H_

#include <memory>
#include <string>
#include <vector>

#include "conf/config.h"
#include "proxy/admission/quota_sync.h"
#include "proxy/admission/room_sync.h"
#include "proxy/net/loop.h"
#include "proxy/net/resolver.h"
#include "proxy/net/timer.h"
#include "proxy/store/client.h"

namespace sluice::server {

class Fleet {
 public:
  Fleet(net::Loop& loop, const conf::Config& config);
  Fleet(const Fleet&) = delete;
  Fleet& operator=(const Fleet&) = delete;

  // After a reload. The connection stays when [store] has not changed.
  void Adopt(const conf::Config& config);
  void Share(std::vector<std::shared_ptr<admission::QuotaGate>> gates) {
    sync_.Adopt(std::move(gates));
  }

  void Share(std::vector<admission::RoomSync::Member> rooms) {
    rooms_.Adopt(std::move(rooms), loop_.now());
  }
  // At the end of the process.
  void Leave() { rooms_.Leave(); }

  const admission::FleetHash& hash() const { return sync_.hash(); }
  const admission::QuotaSync& sync() const { return sync_; }
  const admission::RoomSync& rooms() const { return rooms_; }
  // Null without a store.
  const store::Client* client() const { return client_.get(); }
  // As written, but for the password; empty: none.
  std::string url() const;

 private:
  net::Loop& loop_;
  conf::Store config_;
  net::Resolver resolver_;
  const std::string instance_;  // a name that no other has
  admission::QuotaSync sync_;
  admission::RoomSync rooms_;
  std::unique_ptr<store::Client> client_;
  std::unique_ptr<net::Ticker> tick_;
};

}  // namespace sluice::server

#endif  // SLUICE_PROXY_SERVER_FLEET_H_
