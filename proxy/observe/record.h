// ExchangeRecord: all that is known of one exchange when it is over; one line of the access log,
// one addition to the counters.
#ifndef SLUICE_PROXY_OBSERVE_RECORD_H_
#define SLUICE_PROXY_OBSERVE_RECORD_H_

#include <cstdint>
#include <string_view>

#include "proxy/base/address.h"
#include "proxy/base/failure.h"
#include "proxy/base/peer.h"
#include "proxy/base/time.h"

namespace sluice::observe {

// The views are good during the call that hands the record over. Durations are zero when the stage
// was not reached.
struct ExchangeRecord {
  WallTime started{};            // when the head was complete
  Ip client_ip;                  // resolved through trusted proxies
  const TlsPeer* tls = nullptr;  // of the connection; null: plain
  std::string_view listener;
  std::string_view method;
  std::string_view host;
  std::string_view target;    // as it came
  std::string_view protocol;  // "HTTP/1.1"
  std::string_view referer;
  std::string_view user_agent;
  std::string_view request_id;
  std::string_view route;  // empty: none matched
  std::string_view pool;
  std::string_view limit = {};  // that refused, delayed or tagged it; empty: none
  std::string_view room = {};   // the waiting room it met; empty: none
  std::string_view server;      // the last one tried; empty: none
  int status = 0;               // sent to the client; 0: nothing was sent
  int server_status = 0;        // of the last server that answered
  uint64_t request_bytes = 0;   // body
  uint64_t response_bytes = 0;  // body
  uint32_t tries = 0;
  Duration limit_wait{};  // held back by `limit`
  Duration body_wait{};   // for the request body before a server was chosen
  Duration queue_wait{};  // for a server and a slot
  // For a server, or of its visitor for a place in `room`. 1: it was next when it began to wait, or
  // is; 0: it did not wait.
  uint64_t queue_position = 0;
  Duration connect{};     // 0 on a kept connection
  Duration first_byte{};  // from the request sent to the response head
  Duration transfer{};    // from the response head to its last byte handed to the kernel
  Duration total{};
  Side side = Side::kSluice;  // whose doing `end` was
  Cause end = Cause::kNone;
  std::string_view why;  // for people; empty when all went well
  bool logged = true;    // false: it is counted, and no line of the access log
};

}  // namespace sluice::observe

#endif  // SLUICE_PROXY_OBSERVE_RECORD_H_
