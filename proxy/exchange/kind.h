// KindOf: which requests should take about the same time at a server: those of one route, method
// and first part of the path. What is compared with what when a server's answers become slow
// (ratelimit/calm_times.h). "/product/7" and "/product/8" are one kind.
//
// Pure. Any thread. Cost: a hash of two short texts.
#ifndef SLUICE_PROXY_EXCHANGE_KIND_H_
#define SLUICE_PROXY_EXCHANGE_KIND_H_

#include <cstdint>
#include <string_view>

#include "balancer/hash.h"
#include "proxy/http/message.h"

namespace sluice::exchange {

inline uint64_t KindOf(std::string_view route, http::Method method, std::string_view path) {
  constexpr size_t kMost = 64;  // of the path: whatever it is, it costs little
  path = path.substr(0, kMost);
  const std::string_view first = path.substr(0, path.find('/', 1));
  return balancer::Hash(route) ^ (balancer::Hash(first) * 3 + static_cast<uint64_t>(method));
}

// An answer that stays for as long as its reader (WHATWG HTML section 9.2).
inline bool IsEventStream(const http::ResponseHead& head) {
  return head.fields.Value(http::FieldId::kContentType).starts_with("text/event-stream");
}

}  // namespace sluice::exchange

#endif  // SLUICE_PROXY_EXCHANGE_KIND_H_
