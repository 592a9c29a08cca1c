#include "proxy/server/registry.h"

#include <vector>

#include "absl/strings/str_format.h"
#include "proxy/base/check.h"
#include "proxy/crypto/random.h"

namespace sluice::server {
namespace {

SipKey NewSecret() {
  SipKey secret;
  crypto::FillRandom(secret);
  return secret;
}

}  // namespace

Registry::Registry(size_t shards) : shards_(shards), secret_(NewSecret()) {}

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

std::shared_ptr<admission::Room> Registry::RoomOf(std::string_view name) {
  Kept<admission::Room>& kept = rooms_[std::string(name)];
  if (kept.object == nullptr) {
    kept.object = std::make_shared<admission::Room>(
        std::string(name), std::chrono::steady_clock::now(), std::chrono::system_clock::now());
  }
  kept.named = true;
  return kept.object;
}

std::shared_ptr<admission::Room> Registry::FindRoom(std::string_view name) const {
  const auto found = rooms_.find(name);
  return found == rooms_.end() ? nullptr : found->second.object;
}

std::shared_ptr<exchange::RouteCounters> Registry::RouteOf(std::string_view name) {
  Kept<exchange::RouteCounters>& kept = routes_[std::string(name)];
  if (kept.object == nullptr) kept.object = std::make_shared<exchange::RouteCounters>(shards_);
  kept.named = true;
  return kept.object;
}

std::shared_ptr<admission::QuotaGate> Registry::QuotaOf(const conf::Limit& spec) {
  if (spec.scope != "fleet") return nullptr;
  const ratelimit::RateSpec rate = spec.Spec();
  Kept<admission::QuotaGate>& kept =
      quotas_[absl::StrFormat("%s\n%d/%d\n%d\n%d\n%s", spec.name, rate.rate.count,
                              rate.rate.per.count(), rate.burst, spec.keys, spec.when_silent)];
  if (kept.object == nullptr) {
    const admission::WhenSilent when = spec.when_silent == "open" ? admission::WhenSilent::kOpen
                                       : spec.when_silent == "closed"
                                           ? admission::WhenSilent::kClosed
                                           : admission::WhenSilent::kShare;
    kept.object = std::make_shared<admission::QuotaGate>(
        spec.name, ratelimit::KeyedSpec{.limit = rate, .keys = spec.keys}, when);
  }
  kept.named = true;
  return kept.object;
}

std::shared_ptr<admission::Limit> Registry::LimitOf(const conf::Limit& spec,
                                                    const SipKey& fleet_secret) {
  Kept<admission::Limit>& kept = limits_[spec.name];
  std::shared_ptr<admission::QuotaGate> quota = QuotaOf(spec);
  const SipKey& secret = quota != nullptr ? fleet_secret : secret_;
  const bool same =
      kept.object != nullptr && kept.object->spec == spec && kept.object->secret == secret;
  if (!same) {
    absl::StatusOr<std::shared_ptr<admission::Limit>> made =
        admission::Limit::Make(spec, secret, shards_, std::move(quota), kept.object.get());
    SLUICE_CHECK(made.ok());  // the loader knows the parts of keys
    kept.object = *std::move(made);
  }
  kept.named = true;
  return kept.object;
}

std::vector<std::shared_ptr<admission::QuotaGate>> Registry::Quotas() const {
  std::vector<std::shared_ptr<admission::QuotaGate>> quotas;
  for (const auto& [key, kept] : quotas_) quotas.push_back(kept.object);
  return quotas;
}

void Registry::OfferPlaces() {
  std::erase_if(retired_, [](const auto& pool) { return pool.expired(); });
  for (const auto& weak : retired_) {
    if (const auto pool = weak.lock()) pool->dispatch.Offer();
  }
}

void Registry::BeginView() {
  for (auto& [key, kept] : limits_) kept.named = false;
  for (auto& [key, kept] : quotas_) kept.named = false;
  for (auto& [key, kept] : servers_) kept.named = false;
  for (auto& [key, kept] : pools_) kept.named = false;
  for (auto& [key, kept] : routes_) kept.named = false;
  for (auto& [key, kept] : rooms_) kept.named = false;
}

void Registry::EndView() {
  for (const auto& [name, kept] : pools_) {
    if (!kept.named) retired_.push_back(kept.object);
  }
  Forget(servers_);
  Forget(pools_);
  Forget(routes_);
  Forget(rooms_);
  Forget(limits_);
  Forget(quotas_);
}

}  // namespace sluice::server
