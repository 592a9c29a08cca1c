// Api: what the admin listener answers. Everything an operator or a scraper asks of a running
// sluice:
//
//   GET /healthz   200 while the process works
//   GET /readyz    200 while it wants traffic, 503 before the first view and while shutting down
//   GET /metrics   Prometheus text (metrics.h)
//   GET /status    the same facts as JSON, by name (status.h)
//
// Threads: the supervisor's. Cost: /metrics and /status add up every worker's counters; nothing is
// kept between two requests.
#ifndef SLUICE_PROXY_ADMIN_API_H_
#define SLUICE_PROXY_ADMIN_API_H_

#include <string>
#include <string_view>

#include "proxy/http/message.h"
#include "proxy/server/service.h"
#include "proxy/server/supervisor.h"

namespace sluice::admin {

struct Answer {
  int status = 200;
  std::string_view content_type = "text/plain; charset=utf-8";  // static text
  std::string body;
};

class Api final : public server::Service {
 public:
  explicit Api(const server::Supervisor& supervisor) : supervisor_(supervisor) {}

  http::DownstreamEvents* Open(const server::Opening& opening) override;
  // The admin listener answers to the last: whoever drains wants to watch.
  bool draining() const override { return false; }

  Answer AnswerTo(http::Method method, std::string_view path) const;

 private:
  const server::Supervisor& supervisor_;
};

}  // namespace sluice::admin

#endif  // SLUICE_PROXY_ADMIN_API_H_
