// Affinity: by what a pool with the strategy maglev keeps requests together (pool.hash): the
// client's address, a header field, a cookie, a parameter of the query, or the path. A request
// without it has no key and goes anywhere.
//
// Immutable; made once for a cluster, whose configuration it points into. Threads: any. Cost of a
// key: a look at the head, no allocation; none at all with other strategies.
#ifndef SLUICE_PROXY_EXCHANGE_AFFINITY_H_
#define SLUICE_PROXY_EXCHANGE_AFFINITY_H_

#include <cstdint>
#include <optional>
#include <string_view>

#include "conf/config.h"
#include "proxy/base/address.h"
#include "proxy/http/message.h"

namespace sluice::exchange {

class Affinity {
 public:
  Affinity() = default;  // no keys
  explicit Affinity(const conf::Pool& pool);

  std::optional<uint64_t> KeyOf(const http::RequestHead& head, const Ip& client) const;

 private:
  enum class By : uint8_t { kNothing, kClientIp, kHeader, kCookie, kQuery, kPath };

  By by_ = By::kNothing;
  std::string_view name_;  // of the field, cookie or parameter
};

}  // namespace sluice::exchange

#endif  // SLUICE_PROXY_EXCHANGE_AFFINITY_H_
