// Registry: live state that outlives views, keyed by name and address: servers with their load,
// health and counters, pools, limits with what everybody owes, and the counters of routes. A new
// view takes from here what it names again; what no view names any more goes when the last exchange
// that uses it is over.
//
// Threads: the supervisor's; the objects handed out are shared.
#ifndef SLUICE_PROXY_SERVER_REGISTRY_H_
#define SLUICE_PROXY_SERVER_REGISTRY_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/admission/limit.h"
#include "proxy/admission/quota_gate.h"
#include "proxy/admission/room.h"
#include "proxy/base/siphash.h"
#include "proxy/base/text.h"
#include "proxy/exchange/runtime_view.h"
#include "proxy/upstream/cluster.h"

namespace sluice::server {

class Registry {
 public:
  explicit Registry(size_t shards);

  // `host` is what the server is called beyond `name`, for servers of a service; else empty.
  std::shared_ptr<upstream::Server> ServerOf(std::string_view pool, std::string_view name,
                                             const Address& address, std::string_view host = {});
  std::shared_ptr<upstream::PoolState> PoolOf(std::string_view name);
  std::shared_ptr<exchange::RouteCounters> RouteOf(std::string_view name);
  // The one that was there, if `spec` says the same.
  std::shared_ptr<admission::Limit> LimitOf(const conf::Limit& spec, const SipKey& fleet_secret);
  std::shared_ptr<admission::Room> RoomOf(std::string_view name);
  // Null when the last view did not name it.
  std::shared_ptr<admission::Room> FindRoom(std::string_view name) const;
  // The gates of limits of scope "fleet" that are named.
  std::vector<std::shared_ptr<admission::QuotaGate>> Quotas() const;

  // Of pools that no view names any more, while exchanges still use them: to who waits there.
  void OfferPlaces();

  // Between Begin and End, what was not asked for is forgotten.
  void BeginView();
  void EndView();

 private:
  std::shared_ptr<admission::QuotaGate> QuotaOf(const conf::Limit& spec);

  template <typename T>
  struct Kept {
    std::shared_ptr<T> object;
    bool named = false;
  };

  const size_t shards_;
  template <typename T>
  static void Forget(TextMap<Kept<T>>& kept) {
    absl::erase_if(kept, [](const auto& entry) { return !entry.second.named; });
  }

  TextMap<Kept<upstream::Server>> servers_;
  TextMap<Kept<upstream::PoolState>> pools_;
  std::vector<std::weak_ptr<upstream::PoolState>> retired_;
  TextMap<Kept<exchange::RouteCounters>> routes_;
  TextMap<Kept<admission::Limit>> limits_;
  TextMap<Kept<admission::Room>> rooms_;
  TextMap<Kept<admission::QuotaGate>> quotas_;  // by name, rate and burst
  const SipKey secret_;                         // of the keys of limits
};

}  // namespace sluice::server

#endif  // SLUICE_PROXY_SERVER_REGISTRY_H_
