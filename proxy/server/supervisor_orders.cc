// What operators order of a running sluice: how it is done, logged, kept and ended.
#include <unistd.h>

#include <algorithm>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "balancer/slow_start.h"
#include "conf/nearest.h"
#include "conf/units.h"
#include "proxy/base/check.h"
#include "proxy/base/log.h"
#include "proxy/base/text.h"
#include "proxy/crypto/token.h"
#include "proxy/server/supervisor.h"

namespace sluice::server {
namespace {

constexpr uint32_t kSecondsPerReport = 10;  // of limits, to the log
constexpr std::string_view kFile = "orders";
constexpr size_t kLargestFile = size_t{16} << 20;  // Overlay::kMostChanges of 1 KiB, and the rest

// " for 30min", or nothing for what lasts.
std::string ForHowLong(Duration lasts) {
  return lasts > Duration::zero() ? " for " + conf::FormatDuration(lasts) : "";
}

// What was ordered and by whom, to the log: done, or why not. `site` is of the kind of order.
void Tell(log::Site& site, std::string_view what, const Author& author, const std::string& reason,
          const absl::Status& status) {
  const std::string told = absl::StrFormat("%s, by %s over %s%s%s", what, author.who, author.from,
                                           reason.empty() ? "" : ": ", reason);
  if (status.ok()) {
    log::Info(log::kUnlimited, "%s", told);
  } else {
    log::Warn(site, "%s; refused: %s", told, std::string(status.message()));
  }
}

bool OfEvent(const conf::Event* event, std::string_view limit) {
  return event != nullptr &&
         std::find(event->limits.begin(), event->limits.end(), limit) != event->limits.end();
}

}  // namespace

absl::Status Supervisor::Obey(const Order& order, const Author& author) {
  static log::Site site;
  absl::Status status = ObeyHere(order, author);
  Tell(site,
       absl::StrFormat("pool %s: %s %s%s", order.pool, DeedName(order.deed), order.server,
                       order.weight ? absl::StrFormat(" (weight %d)", *order.weight) : ""),
       author, order.reason, status);
  if (status.ok()) KeepOrders();
  return status;
}

absl::Status Supervisor::Obey(const LimitOrder& order, const Author& author) {
  static log::Site site;
  absl::Status status = ServingNow();
  if (status.ok()) status = limit_overlay_.Apply(*config_, order, author, loop_.now());
  Tell(site,
       absl::StrFormat("limit %s: %s%s", order.limit, kLimitDeeds[static_cast<size_t>(order.deed)],
                       ForHowLong(order.lasts)),
       author, order.reason, status);
  if (!status.ok()) return status;
  KeepOrders();
  PublishWhenSettled();
  return status;
}

absl::Status Supervisor::Obey(const RoomOrder& order, const Author& author) {
  static log::Site site;
  absl::Status status = ServingNow();
  if (status.ok()) status = rooms_.Obey(*config_, order, author, loop_.now());
  Tell(site,
       absl::StrFormat("waiting room %s: %s%s", order.room, order.What(), ForHowLong(order.lasts)),
       author, order.reason, status);
  if (!status.ok() || order.deed == RoomOrder::Deed::kRelease) return status;
  KeepOrders();
  PublishWhenSettled();
  return status;
}

absl::Status Supervisor::Obey(const BanOrder& order, const Author& author) {
  static log::Site site;
  absl::Status status = ObeyHere(order, author);
  Tell(site,
       absl::StrFormat("limit %s: %s %s%s", order.limit, kBanDeeds[static_cast<size_t>(order.deed)],
                       order.key, ForHowLong(order.lasts)),
       author, order.reason, status);
  return status;
}

absl::Status Supervisor::ObeyHere(const BanOrder& order, const Author& author) {
  if (absl::Status status = ServingNow(); !status.ok()) return status;
  const absl::StatusOr<ratelimit::KeyHash> key = KeyOf(order.limit, order.key);
  if (!key.ok()) return key.status();
  const TimePoint now = loop_.now();
  if (order.deed == BanOrder::Deed::kLift) {
    if (bans_->Lift(*key, now)) return absl::OkStatus();
    return absl::NotFoundError(absl::StrFormat("%s is not banned", order.key));
  }
  const bool room = bans_->Insert({.key = *key,
                                   .what = order.key,
                                   .by = order.limit,
                                   .why = order.reason.empty() ? author.who : order.reason,
                                   .until = now + order.lasts},
                                  now);
  if (room) return absl::OkStatus();
  return absl::ResourceExhaustedError("there is no room for another ban");
}

std::string PanicOrder::What() const {
  if (!on) return "off";
  std::string names;
  for (size_t i = 0; i < keeps.size(); ++i) {
    if (keeps[i])
      absl::StrAppendFormat(&names, "%s%s", names.empty() ? "" : ", ",
                            ratelimit::kPriorityNames[i]);
  }
  return names.empty() ? "keeps nothing" : "keeps " + names;
}

absl::Status Supervisor::Obey(const PanicOrder& order, const Author& author) {
  static log::Site site;
  absl::Status status = ServingNow();
  if (status.ok() && !order.on && !panic_) status = absl::NotFoundError("there is no panic");
  Tell(site, absl::StrFormat("panic: %s%s", order.What(), ForHowLong(order.lasts)), author,
       order.reason, status);
  if (!status.ok()) return status;
  panic_.reset();
  if (order.on) {
    const bool ends = order.lasts > Duration::zero();
    panic_ = {.order = order,
              .author = author,
              .until = ends ? loop_.now() + order.lasts : TimePoint::max()};
  }
  KeepOrders();
  PublishWhenSettled();
  return status;
}

void Supervisor::SetPanic(exchange::RuntimeView& view) const {
  if (!panic_) return;
  absl::StatusOr<admission::WaitingPage> page =
      admission::WaitingPage::Make(conf::WaitingRoom{.name = "panic"});
  SLUICE_CHECK(page.ok());  // it is the built-in one
  view.panic = {.keeps = panic_->order.keeps,
                .page = std::make_shared<const admission::WaitingPage>(*std::move(page))};
}

const admission::Limit* Supervisor::FindLimit(std::string_view name) const {
  if (view_ == nullptr) return nullptr;
  for (const auto& limit : view_->all_limits) {
    if (limit->spec.name == name) return limit.get();
  }
  return nullptr;
}

absl::StatusOr<ratelimit::KeyHash> Supervisor::KeyOf(std::string_view limit,
                                                     std::string_view text) const {
  const admission::Limit* const found = FindLimit(limit);
  if (found == nullptr) return NoSuchLimit(limit);
  std::vector<std::string_view> values;
  while (!text.empty()) values.push_back(CutNext(text, ','));
  return found->key.Parse(values);
}

absl::Status Supervisor::NoSuchLimit(std::string_view name) const {
  std::vector<std::string_view> names;
  if (view_ != nullptr) {
    for (const auto& limit : view_->all_limits) names.push_back(limit->spec.name);
  }
  return absl::NotFoundError(
      absl::StrFormat("there is no limit '%s'%s", name, conf::MayBe(name, names)));
}

// Each second. What was ordered for a time ends.
void Supervisor::LookAtOrders() {
  std::vector<std::string> ended = limit_overlay_.Expire(loop_.now());
  for (std::string& what : rooms_.Expire(loop_.now())) ended.push_back(std::move(what));
  if (panic_ && panic_->until <= loop_.now()) {
    ended.push_back("panic: its time is over");
    panic_.reset();
  }
  for (const std::string& what : ended) log::Info(log::kUnlimited, "%s", what);
  if (!ended.empty()) KeepOrders();
  if (!ended.empty() && state_ == State::kServing) PublishWhenSettled();
  bans_->Sweep(loop_.now());
  ReportLimits();
}

// What was ordered before this start holds again, as far as its time is not over and what it is
// about is still there.
void Supervisor::RestoreOrders() {
  const std::string& dir = config_->state.dir;
  if (dir == "off") return;
  const bool kept = ::access(absl::StrFormat("%s/%s", dir, kFile).c_str(), F_OK) == 0;
  if (!kept || !OpenState().on_disk()) return;
  const absl::StatusOr<std::string> text = state_dir_->Read(kFile, kLargestFile);
  if (!text.ok()) {
    log::Error(log::kUnlimited, "state.dir %s: %s cannot be read, and what was ordered is lost: %s",
               dir, kFile, std::string(text.status().message()));
    return;
  }
  auto [orders, damaged] = ParseOrders(*text, {.now = loop_.now(), .wall = WallNow()});
  if (damaged > 0) {
    log::Warn(log::kUnlimited, "state.dir %s: %s: %d lines are damaged, and left out", dir, kFile,
              damaged);
  }
  overlay_.Restore(std::move(orders.servers));
  for (const std::string& what : limit_overlay_.Restore(*config_, std::move(orders.limits))) {
    log::Warn(log::kUnlimited, "start: %s", what);
  }
  rooms_.RestoreOrders(std::move(orders.rooms));
  panic_ = std::move(orders.panic);
  DropGone("start");
  LookAtOrders();
  if (const size_t count = OrdersInForce().size(); count > 0) {
    log::Info(log::kUnlimited, "start: %d orders hold again; see GET /changes", count);
  }
}

Orders Supervisor::OrdersInForce() const {
  Orders orders = {.servers = {},
                   .limits = limit_overlay_.changes(),
                   .rooms = rooms_.overlay().changes(),
                   .panic = panic_};
  for (const Change* const change : overlay_.changes()) orders.servers.push_back(*change);
  return orders;
}

// After each change of them.
void Supervisor::KeepOrders() {
  OpenState().Write(kFile, FormatOrders(OrdersInForce(), {.now = loop_.now(), .wall = WallNow()}));
}

// Once in a while it is told who is refused most.
void Supervisor::ReportLimits() {
  if (++limit_looks_ % kSecondsPerReport != 0 || view_ == nullptr) return;
  for (const auto& limit : view_->all_limits) {
    if (const std::string what = limit->Report(); !what.empty()) {
      log::Warn(log::kUnlimited, "%s", what);
    }
  }
}

absl::Status Supervisor::ServingNow() const {
  if (state_ == State::kServing) return absl::OkStatus();
  return absl::FailedPreconditionError(state_ == State::kStarting ? "not serving yet"
                                                                  : "shutting down");
}

absl::Status Supervisor::ObeyHere(const Order& order, const Author& author) {
  if (absl::Status status = ServingNow(); !status.ok()) return status;
  const conf::Pool* pool = nullptr;
  std::vector<std::string_view> names;
  for (const conf::Pool& each : config_->pools) {
    if (each.name == order.pool) pool = &each;
    names.push_back(each.name);
  }
  if (pool == nullptr) {
    return absl::NotFoundError(
        absl::StrFormat("there is no pool '%s'%s", order.pool, conf::MayBe(order.pool, names)));
  }
  std::span<const std::shared_ptr<upstream::Server>> servers;
  for (const auto& cluster : view_->clusters) {
    if (cluster->spec.name == order.pool) servers = cluster->servers;
  }
  if (absl::Status status = overlay_.Apply(*pool, servers, order, author); !status.ok()) {
    return status;
  }
  const bool same_servers =
      order.deed == Deed::kDrain || order.deed == Deed::kMaintenance || order.deed == Deed::kReady;
  if (same_servers) {
    SetDuties(*view_);
  } else {
    Discover();
    PublishWhenSettled();
  }
  return absl::OkStatus();
}

void Supervisor::SetDuties(const exchange::RuntimeView& view) {
  for (const auto& cluster : view.clusters) {
    for (const std::shared_ptr<upstream::Server>& server : cluster->servers) {
      balancer::HostStats& host = *server->health;
      const balancer::Duty duty = overlay_.DutyOf(*server);
      const bool returns = duty == balancer::Duty::kReady && !host.Ready();
      if (returns) balancer::BeginSlowStart(host, loop_.now());
      host.duty.store(duty, std::memory_order_relaxed);
    }
  }
}

// A limit is for the routes that name it, and for those it names itself.
void Supervisor::SetLimits(exchange::RuntimeView& view) {
  fleet_secret_ = fleet_->hash().key();
  view.bans = bans_;
  if (config_->jwt) {
    const conf::Jwt& jwt = *config_->jwt;
    view.tokens = {.rules = {.secrets = crypto::SecretsOf(jwt.secret.content),
                             .leeway = jwt.leeway,
                             .issuer = jwt.issuer,
                             .audience = jwt.audience,
                             .must_end = jwt.must_end},
                   .header = jwt.header,
                   .cookie = jwt.cookie};
  }
  for (const conf::Limit& spec : limit_overlay_.LimitsOf(*config_)) {
    view.all_limits.push_back(registry_.LimitOf(spec, fleet_secret_));
  }
  const auto names = [](const conf::Limit& spec, std::string_view route) {
    return std::find(spec.routes.begin(), spec.routes.end(), route) != spec.routes.end();
  };
  const WallTime wall = WallNow();
  for (const route::Route& route : view.router->routes()) {
    exchange::Limits& limits = view.limits.emplace_back();
    const conf::Event* const event = Rooms::EventOf(*config_, route.conf.waiting_room, wall);
    for (const auto& limit : view.all_limits) {
      const auto& named = route.conf.limits;
      const auto by_route =
          std::find_if(named.begin(), named.end(),
                       [&](const conf::RouteLimit& one) { return one.name == limit->spec.name; });
      if (by_route != named.end()) {
        limits.push_back({.limit = limit, .cost = by_route->cost});
      } else if (names(limit->spec, route.conf.name) || names(limit->spec, "*") ||
                 OfEvent(event, limit->spec.name)) {
        limits.push_back({.limit = limit});
      }
    }
  }
  for (const auto& limit : view.all_limits) {
    if (names(limit->spec, "*")) view.unrouted_limits.push_back({.limit = limit});
  }
}

void Supervisor::DropGone(std::string_view because) {
  bool dropped = false;
  for (const std::vector<std::string>& changes :
       {overlay_.DropGone(*config_), limit_overlay_.DropGone(*config_),
        rooms_.DropGone(*config_)}) {
    for (const std::string& change : changes) {
      log::Warn(log::kUnlimited, "%s: %s", because, change);
      dropped = true;
    }
  }
  if (dropped) KeepOrders();
}

}  // namespace sluice::server
