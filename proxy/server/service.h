// Service: what answers the requests of a connection. The proxy is one (proxy_service.h), the admin
// API another (admin/api.h); the connection knows neither.
#ifndef SLUICE_PROXY_SERVER_SERVICE_H_
#define SLUICE_PROXY_SERVER_SERVICE_H_

#include <string_view>

#include "conf/config.h"
#include "proxy/base/arena.h"
#include "proxy/base/peer.h"
#include "proxy/http/exchange_streams.h"
#include "proxy/http/h1_codec.h"

namespace sluice::server {

// One request, opened. Everything outlives the object that answers it.
struct Opening {
  Arena& arena;
  http::Downstream& downstream;
  http::RequestHead& head;
  const Peer& peer;
  const conf::Listener& listener;
  // Set when the head was refused: `head` holds what could be read of it, nothing follows, and the
  // answer will be the last on its connection.
  const http::Refusal* refusal = nullptr;
};

class Service {
 public:
  virtual ~Service() = default;
  // Makes, inside the arena, the object that answers; it may call the downstream at once. The
  // connection destroys it (destructor call, memory with the arena) after OnResponseDone().
  virtual http::DownstreamEvents* Open(const Opening& opening) = 0;
  // Connections should end after their current answer.
  virtual bool draining() const = 0;
};

}  // namespace sluice::server

#endif  // SLUICE_PROXY_SERVER_SERVICE_H_
