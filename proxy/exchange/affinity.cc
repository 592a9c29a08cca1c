#include "proxy/exchange/affinity.h"

#include "balancer/hash.h"
#include "proxy/http/cookie.h"
#include "proxy/route/conditions.h"

namespace sluice::exchange {
namespace {

std::optional<uint64_t> HashOf(std::optional<std::string_view> text) {
  if (!text) return std::nullopt;
  return balancer::Hash(*text);
}

}  // namespace

Affinity::Affinity(const conf::Pool& pool) {
  if (pool.picker.strategy != "maglev") return;
  const std::string_view text = pool.hash;
  const size_t colon = text.find(':');
  const std::string_view kind = text.substr(0, colon);
  if (colon != std::string_view::npos) name_ = text.substr(colon + 1);
  by_ = kind == "header"   ? By::kHeader
        : kind == "cookie" ? By::kCookie
        : kind == "query"  ? By::kQuery
        : kind == "path"   ? By::kPath
                           : By::kClientIp;
}

std::optional<uint64_t> Affinity::KeyOf(const http::RequestHead& head, const Ip& client) const {
  switch (by_) {
    case By::kNothing:
      return std::nullopt;
    case By::kClientIp:
      // Nobody behind a Unix socket who is not named is a client.
      if (client == Ip{}) return std::nullopt;
      return balancer::Hash(
          {reinterpret_cast<const char*>(client.bytes.data()), client.bytes.size()});
    case By::kHeader: {
      const http::Field* const field = head.fields.Find(name_);
      if (field == nullptr) return std::nullopt;
      return balancer::Hash(field->value);
    }
    case By::kCookie:
      return HashOf(http::FindCookie(head.fields, name_));
    case By::kQuery:
      return HashOf(route::FindParameter(head.query, name_));
    case By::kPath:
      return balancer::Hash(head.path);
  }
  return std::nullopt;
}

}  // namespace sluice::exchange
