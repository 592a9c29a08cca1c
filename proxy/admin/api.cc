#include "proxy/admin/api.h"

#include <new>
#include <utility>

#include "proxy/admin/metrics.h"
#include "proxy/admin/status.h"
#include "proxy/base/text.h"

namespace sluice::admin {
namespace {

constexpr std::string_view kIndex =
    "sluice admin\n\n"
    "/healthz   is the process alive\n"
    "/readyz    does it want traffic\n"
    "/metrics   for Prometheus\n"
    "/status    the same as JSON\n";

// One answered admin request. What a client sends beyond the head is thrown away.
class AdminExchange final : public http::DownstreamEvents {
 public:
  AdminExchange(const server::Opening& opening, Answer answer)
      : client_(opening.downstream), answer_(std::move(answer)) {
    http::ResponseHead head(opening.arena);
    head.status = answer_.status;
    head.reason = http::ReasonOf(answer_.status);
    head.fields.Add("Content-Type", answer_.content_type);
    head.fields.Add("Cache-Control", "no-store");
    if (answer_.status == 405) head.fields.Add("Allow", "GET, HEAD");
    head.framing = {http::Framing::Kind::kLength, answer_.body.size()};
    client_.SendHead(head);
    if (opening.head.method != http::Method::kHead) client_.SendBody(answer_.body);
    client_.SendEnd(nullptr);
  }

  void OnRequestBody(std::string_view bytes) override { client_.Consumed(bytes.size()); }
  void OnRequestEnd(const http::Fields*) override {}
  void OnRequestFailed(const Failure&) override { client_.Reset(); }
  void OnDownstreamWritable() override {}
  void OnResponseDone(bool) override {}

 private:
  http::Downstream& client_;
  const Answer answer_;
};

}  // namespace

http::DownstreamEvents* Api::Open(const server::Opening& opening) {
  Answer answer = opening.refusal != nullptr
                      ? Answer{opening.refusal->status, "text/plain; charset=utf-8",
                               std::string(opening.refusal->why) + "\n"}
                      : AnswerTo(opening.head.method, opening.head.path);
  void* const memory = opening.arena.Allocate(sizeof(AdminExchange));
  return new (memory) AdminExchange(opening, std::move(answer));
}

Answer Api::AnswerTo(http::Method method, std::string_view path) const {
  if (method != http::Method::kGet && method != http::Method::kHead) {
    return {.status = 405, .body = "only GET and HEAD are answered here\n"};
  }
  if (path == "/") return {.body = std::string(kIndex)};
  if (path == "/healthz") return {.body = "ok\n"};
  if (path == "/readyz") {
    if (supervisor_.ready()) return {.body = "ready\n"};
    return {.status = 503,
            .body = "not ready: " + std::string(StateName(supervisor_.state())) + "\n"};
  }
  if (path == "/metrics") {
    return {.content_type = "text/plain; version=0.0.4; charset=utf-8",
            .body = Metrics(supervisor_)};
  }
  if (path == "/status") {
    return {.content_type = "application/json", .body = Status(supervisor_)};
  }
  return {.status = 404, .body = "nothing here; see /\n"};
}

}  // namespace sluice::admin
