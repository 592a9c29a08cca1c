// Affinity: by what a pool with the strategy maglev keeps requests together (pool.hash): the
// client's address, a header field, a cookie, a parameter of the query, or the path. A request
// without it, or with an empty one, has no key and goes anywhere.
//
// Immutable; made once for a cluster. Threads: any. Cost of a key: a look at the head, no
// allocation but in its arena; none at all with other strategies. The hash is the same on every
// machine, so that several in front of the same servers agree.
#ifndef SLUICE_PROXY_EXCHANGE_AFFINITY_H_
#define SLUICE_PROXY_EXCHANGE_AFFINITY_H_

#include <cstdint>
#include <optional>

#include "conf/config.h"
#include "proxy/admission/request_part.h"
#include "proxy/base/address.h"
#include "proxy/http/message.h"

namespace sluice::exchange {

class Affinity {
 public:
  Affinity() = default;  // no keys
  explicit Affinity(const conf::Pool& pool);

  std::optional<uint64_t> KeyOf(const http::RequestHead& head, const Ip& client) const;

 private:
  std::optional<admission::RequestPart> by_;
};

}  // namespace sluice::exchange

#endif  // SLUICE_PROXY_EXCHANGE_AFFINITY_H_
