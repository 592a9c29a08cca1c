// The SRV records (RFC 2782) of a DNS answer: where a service is, on which ports, and how the load
// is meant to be spread.
//
// Pure, any thread. The bytes are foreign: whatever they are, the answer is records or an error. A
// message has at most 64 KiB, so a few thousand records. Read by hand, because c-ares 1.18 leaves
// the TTL out of what it parses.
#ifndef SLUICE_PROXY_NET_SERVICE_REPLY_H_
#define SLUICE_PROXY_NET_SERVICE_REPLY_H_

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "proxy/base/time.h"

namespace sluice::net {

// What a question brought.
template <typename Record>
struct Answer {
  std::vector<Record> records;  // sorted, without repetition
  Duration ttl{};               // the smallest of the records
};

// One server of a service.
struct Service {
  uint16_t priority = 0;  // servers of a higher number are asked when those of lower ones are away
  uint16_t weight = 0;    // its share among those of its priority
  uint16_t port = 0;
  std::string host;  // a name with addresses, in lower case and without its last dot

  friend auto operator<=>(const Service&, const Service&) = default;
};

// No records: the service says that it has no server (a target of "."). NotFound: the message has
// no SRV record at all; InvalidArgument: it is cut or malformed.
absl::StatusOr<Answer<Service>> ParseServiceReply(std::string_view message);

}  // namespace sluice::net

#endif  // SLUICE_PROXY_NET_SERVICE_REPLY_H_
