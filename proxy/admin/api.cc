#include "proxy/admin/api.h"

#include <unistd.h>

#include <new>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <variant>

#include "absl/strings/str_format.h"
#include "proxy/admin/bans.h"
#include "proxy/admin/events.h"
#include "proxy/admin/limits.h"
#include "proxy/admin/metrics.h"
#include "proxy/admin/order.h"
#include "proxy/admin/panic.h"
#include "proxy/admin/rooms.h"
#include "proxy/admin/servers.h"
#include "proxy/admin/status.h"
#include "proxy/base/log.h"
#include "proxy/base/text.h"
#include "proxy/route/conditions.h"
#include "proxy/server/process.h"

namespace sluice::admin {
namespace {

constexpr std::string_view kIndex =
    "sluice admin\n\n"
    "/healthz   is the process alive\n"
    "/readyz    does it want traffic\n"
    "/metrics   for Prometheus\n"
    "/status    the same as JSON\n"
    "/servers   the servers; POST changes one (sluice ctl)\n"
    "/limits    the limits; /limits/NAME?key=VALUE one key; POST changes one (sluice ctl)\n"
    "/bans      who is shut out; POST bans or lifts (sluice ctl)\n"
    "/panic     the brake: only named classes are served; POST turns it (sluice ctl)\n"
    "/rooms     the waiting rooms; POST changes one (sluice ctl)\n"
    "/changes   what has been changed, by whom and why\n";

constexpr std::string_view kServersAt = "/servers";
constexpr std::string_view kLimitsAt = "/limits";
constexpr std::string_view kBansAt = "/bans";
constexpr std::string_view kPanicAt = "/panic";
constexpr std::string_view kRoomsAt = "/rooms";

bool TakesOrders(std::string_view path) {
  return path == kServersAt || path == kLimitsAt || path == kBansAt || path == kPanicAt ||
         path == kRoomsAt;
}

Answer ErrorJson(int status, std::string_view why) {
  const nlohmann::ordered_json json = {{"error", why}};
  return {
      .status = status,
      .content_type = kJson,
      .body = json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n"};
}

int StatusOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
      return 400;
    case absl::StatusCode::kNotFound:
      return 404;
    default:
      return 409;  // it could be done, but not as things stand
  }
}

// One admin request: answered at once, or when its body, an order, has come.
class AdminExchange final : public http::DownstreamEvents {
 public:
  AdminExchange(const server::Opening& opening, Answer answer)
      : client_(opening.downstream), arena_(opening.arena), head_(opening.head) {
    Send(std::move(answer));
  }

  AdminExchange(const server::Opening& opening, Api& api, Asker asker)
      : client_(opening.downstream),
        arena_(opening.arena),
        head_(opening.head),
        api_(&api),
        asker_(std::move(asker)) {
    if (!http::HasBody(head_.framing)) {
      Obey();
    } else if (head_.expect_continue) {
      http::ResponseHead go_on(arena_);
      go_on.status = 100;
      go_on.reason = http::ReasonOf(100);
      client_.SendInterim(go_on);
    }
  }

  void OnRequestBody(std::string_view bytes) override {
    client_.Consumed(bytes.size());
    if (api_ == nullptr) return;
    if (order_.size() + bytes.size() <= Api::kOrderBytes) {
      order_ += bytes;
    } else {
      Send(std::exchange(api_, nullptr)
               ->Refuse({Bar::kBody, 413,
                         absl::StrFormat("a change has %d bytes at most", Api::kOrderBytes)},
                        asker_.who));
    }
  }
  void OnRequestEnd(const http::Fields*) override {
    if (api_ != nullptr) Obey();
  }
  void OnRequestFailed(const Failure&) override { client_.Reset(); }
  void OnDownstreamWritable() override {}
  void OnResponseDone(bool) override {}

 private:
  void Obey() { Send(std::exchange(api_, nullptr)->Obey(head_.path, order_, asker_)); }

  void Send(Answer answer) {
    answer_ = std::move(answer);
    http::ResponseHead head(arena_);
    head.status = answer_.status;
    head.reason = http::ReasonOf(answer_.status);
    head.fields.Add("Content-Type", answer_.content_type);
    head.fields.Add("Cache-Control", "no-store");
    if (answer_.status == 401) head.fields.Add("WWW-Authenticate", "Bearer realm=\"sluice\"");
    if (answer_.status == 405) {
      head.fields.Add("Allow", TakesOrders(head_.path) ? "GET, HEAD, POST" : "GET, HEAD");
    }
    head.framing = {http::Framing::Kind::kLength, answer_.body.size()};
    client_.SendHead(head);
    if (head_.method != http::Method::kHead) client_.SendBody(answer_.body);
    client_.SendEnd(nullptr);
  }

  http::Downstream& client_;
  Arena& arena_;
  const http::RequestHead& head_;
  Api* api_ = nullptr;  // until the order is obeyed or refused; null without one
  const Asker asker_;
  std::string order_;
  Answer answer_;
};

template <typename... What>
AdminExchange* New(const server::Opening& opening, What&&... what) {
  void* const memory = opening.arena.Allocate(sizeof(AdminExchange));
  return new (memory) AdminExchange(opening, std::forward<What>(what)...);
}

}  // namespace

http::DownstreamEvents* Api::Open(const server::Opening& opening) {
  if (opening.refusal != nullptr) {
    return New(opening, Answer{opening.refusal->status, "text/plain; charset=utf-8",
                               std::string(opening.refusal->why) + "\n"});
  }
  const http::RequestHead& head = opening.head;
  const Door door = Door::Of(opening.listener.address);
  if (std::optional<Denial> denial = MayRead(door, head)) {
    return New(opening, Refuse(*denial, opening.peer.ToString()));
  }
  if (head.method != http::Method::kPost || !TakesOrders(head.path)) {
    return New(opening, AnswerTo(head.method, head.path, head.query));
  }
  // The user is another one after the start, if privileges are dropped.
  std::variant<Asker, Denial> asker =
      MayChange(door, opening.peer, head, supervisor_.config().admin.token(), geteuid());
  if (Denial* const denial = std::get_if<Denial>(&asker)) {
    return New(opening, Refuse(*denial, opening.peer.ToString()));
  }
  return New(opening, *this, std::get<Asker>(std::move(asker)));
}

Answer Api::AnswerTo(http::Method method, std::string_view path, std::string_view query) const {
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
            .body = Metrics(supervisor_) + LimitMetrics(supervisor_) + BanMetrics(supervisor_) +
                    PanicMetrics(supervisor_) + RoomMetrics(supervisor_) +
                    EventMetrics(supervisor_) +
                    AdminMetrics(tally_, supervisor_.overlay().size() +
                                             supervisor_.limit_overlay().changes().size() +
                                             supervisor_.rooms().overlay().changes().size() +
                                             (supervisor_.panic() ? 1 : 0))};
  }
  if (path == "/status") return {.content_type = kJson, .body = Status(supervisor_)};
  if (path == kServersAt) return {.content_type = kJson, .body = Servers(supervisor_)};
  if (path == kPanicAt) return {.content_type = kJson, .body = PanicText(supervisor_)};
  if (path == kBansAt) return {.content_type = kJson, .body = Bans(supervisor_)};
  if (path == kLimitsAt) return {.content_type = kJson, .body = Limits(supervisor_)};
  if (path == kRoomsAt) return {.content_type = kJson, .body = Rooms(supervisor_)};
  if (path.starts_with("/limits/")) return AnswerOfLimit(path.substr(8), query);
  if (path == "/changes") return {.content_type = kJson, .body = Changes(supervisor_)};
  return {.status = 404, .body = "nothing here; see /\n"};
}

Answer Api::AnswerOfLimit(std::string_view name, std::string_view query) const {
  Arena arena;
  const std::optional<std::string_view> key = route::FindParameter(query, "key", arena);
  if (!key) return ErrorJson(400, "say whose state: /limits/NAME?key=VALUE");
  const absl::StatusOr<std::string> state = KeyOfLimit(supervisor_, name, *key);
  if (!state.ok())
    return ErrorJson(StatusOf(state.status()), std::string(state.status().message()));
  return {.content_type = kJson, .body = *state};
}

Answer Api::Obey(std::string_view path, std::string_view order, const Asker& asker) {
  const server::Author author = {.who = asker.who, .from = asker.from, .when = server::WallNow()};
  if (path == kLimitsAt) {
    const absl::StatusOr<server::LimitOrder> parsed = ParseLimitOrder(order);
    return ObeyParsed(parsed, author, [&] { return Limits(supervisor_); });
  }
  if (path == kBansAt) {
    const absl::StatusOr<server::BanOrder> parsed = ParseBanOrder(order);
    return ObeyParsed(parsed, author, [&] { return Bans(supervisor_); });
  }
  if (path == kPanicAt) {
    const absl::StatusOr<server::PanicOrder> parsed = ParsePanicOrder(order);
    return ObeyParsed(parsed, author, [&] { return PanicText(supervisor_); });
  }
  if (path == kRoomsAt) {
    const absl::StatusOr<server::RoomOrder> parsed = ParseRoomOrder(order);
    return ObeyParsed(parsed, author, [&] { return Rooms(supervisor_); });
  }
  const absl::StatusOr<server::Order> parsed = ParseOrder(order);
  return ObeyParsed(parsed, author, [&] { return Done(supervisor_, *parsed); });
}

template <typename Order>
Answer Api::ObeyParsed(const absl::StatusOr<Order>& order, const server::Author& author,
                       absl::FunctionRef<std::string()> done) {
  if (!order.ok()) {
    return Refuse({Bar::kBody, 400, std::string(order.status().message())}, author.who);
  }
  const absl::Status status = supervisor_.Obey(*order, author);
  if (!status.ok()) {
    ++tally_.refused[static_cast<size_t>(Bar::kOrder)];
    return ErrorJson(StatusOf(status), std::string(status.message()));
  }
  tally_.Obeyed(*order);
  return {.content_type = kJson, .body = done()};
}

Answer Api::Refuse(const Denial& denial, std::string_view who) {
  ++tally_.refused[static_cast<size_t>(denial.bar)];
  static log::Site site;
  log::Warn(site, "admin: %s was refused (%d): %s", who, denial.status, denial.why);
  return ErrorJson(denial.status, denial.why);
}

}  // namespace sluice::admin
