// Api: what the admin listener answers. Everything an operator or a scraper asks of a running
// sluice, and all that can be changed about it without a reload:
//
//   GET  /healthz   200 while the process works
//   GET  /readyz    200 while it wants traffic, 503 before the first view and while shutting down
//   GET  /metrics   Prometheus text (metrics.h)
//   GET  /status    the same facts as JSON, by name (status.h)
//   GET  /servers   the servers of all pools (servers.h)
//   POST /servers   changes one: drain, maintenance, ready, weight, add, remove, undo (order.h)
//   GET  /panic     the panic switch, and POST turns it (panic.h)
//   GET  /rooms     the waiting rooms (rooms.h); POST changes one
//   GET  /changes   what has been changed, by whom, when and why (servers.h)
//
// Who may do what is in access.h. Every change is logged (Supervisor::Obey), and so is everyone who
// was refused one, as far as lines go.
//
// Threads: the supervisor's. Cost: /metrics and /status add up every worker's counters; nothing is
// kept between two requests. An order has kOrderBytes at most.
#ifndef SLUICE_PROXY_ADMIN_API_H_
#define SLUICE_PROXY_ADMIN_API_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "proxy/admin/access.h"
#include "proxy/http/message.h"
#include "proxy/server/service.h"
#include "proxy/server/supervisor.h"

namespace sluice::admin {

inline constexpr std::string_view kJson = "application/json";

struct Answer {
  int status = 200;
  std::string_view content_type = "text/plain; charset=utf-8";  // static text
  std::string body;
};

class Api final : public server::Service {
 public:
  static constexpr size_t kOrderBytes = 64 * 1024;

  explicit Api(server::Supervisor& supervisor) : supervisor_(supervisor) {}

  http::DownstreamEvents* Open(const server::Opening& opening) override;
  // The admin listener answers to the last: whoever drains wants to watch.
  bool draining() const override { return false; }

  Answer AnswerTo(http::Method method, std::string_view path, std::string_view query = {}) const;
  // Does what the body of a POST to `path` says.
  Answer Obey(std::string_view path, std::string_view order, const Asker& asker);
  Answer Refuse(const Denial& denial, std::string_view who);

 private:
  Answer AnswerOfLimit(std::string_view name, std::string_view query) const;
  template <typename Order>
  Answer ObeyParsed(const absl::StatusOr<Order>& order, const server::Author& author,
                    absl::FunctionRef<std::string()> done);

  server::Supervisor& supervisor_;
  Tally tally_;
};

}  // namespace sluice::admin

#endif  // SLUICE_PROXY_ADMIN_API_H_
