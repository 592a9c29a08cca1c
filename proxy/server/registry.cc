#include "proxy/server/registry.h"

#include "absl/strings/str_format.h"

namespace sluice::server {

std::shared_ptr<upstream::Server> Registry::ServerOf(std::string_view pool, std::string_view name,
                                                     const Address& address,
                                                     std::string_view host) {
  // Newlines are in none of the parts.
  Kept<upstream::Server>& kept =
      servers_[absl::StrFormat("%s\n%s\n%s\n%s", pool, name, address.ToString(), host)];
  if (kept.object == nullptr) {
    kept.object = std::make_shared<upstream::Server>(PoolOf(pool), std::string(name), address,
                                                     shards_, std::string(host));
  }
  kept.named = true;
  return kept.object;
}

std::shared_ptr<upstream::PoolState> Registry::PoolOf(std::string_view name) {
  Kept<upstream::PoolState>& kept = pools_[std::string(name)];
  if (kept.object == nullptr) {
    kept.object = std::make_shared<upstream::PoolState>(std::string(name), shards_);
  }
  kept.named = true;
  return kept.object;
}

std::shared_ptr<exchange::RouteCounters> Registry::RouteOf(std::string_view name) {
  Kept<exchange::RouteCounters>& kept = routes_[std::string(name)];
  if (kept.object == nullptr) kept.object = std::make_shared<exchange::RouteCounters>(shards_);
  kept.named = true;
  return kept.object;
}

void Registry::BeginView() {
  for (auto& [key, kept] : servers_) kept.named = false;
  for (auto& [key, kept] : pools_) kept.named = false;
  for (auto& [key, kept] : routes_) kept.named = false;
}

void Registry::EndView() {
  Forget(servers_);
  Forget(pools_);
  Forget(routes_);
}

}  // namespace sluice::server
