#include "proxy/exchange/affinity.h"

#include <string_view>

#include "balancer/hash.h"

namespace sluice::exchange {

Affinity::Affinity(const conf::Pool& pool) {
  if (pool.picker.strategy == "maglev") by_ = admission::RequestPart::Parse(pool.hash);
}

std::optional<uint64_t> Affinity::KeyOf(const http::RequestHead& head, const Ip& client) const {
  if (!by_) return std::nullopt;
  if (by_->kind() == admission::RequestPart::Kind::kClientIp) {
    // Nobody behind a Unix socket who is not named is a client.
    if (client == Ip{}) return std::nullopt;
    return balancer::Hash(
        {reinterpret_cast<const char*>(client.bytes.data()), client.bytes.size()});
  }
  const std::optional<std::string_view> value = by_->InHead(head);
  if (!value) return std::nullopt;
  return balancer::Hash(*value);
}

}  // namespace sluice::exchange
