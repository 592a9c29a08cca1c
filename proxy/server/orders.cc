#include "proxy/server/orders.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <iterator>
#include <span>
#include <utility>

#include "conf/limit_text.h"
#include "conf/schema.h"
#include "conf/syntax.h"
#include "conf/units.h"
#include "conf/validate.h"
#include "proxy/base/text.h"
#include "proxy/server/order_line.h"

namespace sluice::server {
namespace {

using std::chrono::milliseconds;

constexpr std::array<std::string_view, 4> kKinds = {"added", "removed", "weight", "duty"};
constexpr std::string_view kAuto = "auto";

std::string Millis(WallTime time) {
  return std::to_string(std::chrono::floor<milliseconds>(time).time_since_epoch().count());
}

std::optional<WallTime> ParseMillis(std::string_view text) {
  const std::optional<uint64_t> count = ParseDecimal(text);
  constexpr uint64_t kLast = (uint64_t{1} << 33) * 1000;  // in the year 2242
  if (!count || *count > kLast) return std::nullopt;
  return WallTime(milliseconds(*count));
}

template <typename Names>
std::optional<size_t> Which(const Names& names, std::string_view name) {
  const auto found = std::find(std::begin(names), std::end(names), name);
  if (found == std::end(names)) return std::nullopt;
  return static_cast<size_t>(found - std::begin(names));
}

// What all orders tell of themselves.

std::string Finish(OrderLine line, const Author& author, TimePoint until, std::string_view reason,
                   Moment at) {
  line.Add("who", author.who);
  line.Add("from", author.from);
  line.Add("when", Millis(author.when));
  if (until != TimePoint::max()) line.Add("until", Millis(at.wall + (until - at.now)));
  line.Add("reason", reason);
  return std::move(line).Finish();
}

std::optional<Author> AuthorOf(const OrderFields& fields) {
  const std::optional<WallTime> when = ParseMillis(fields.Get("when"));
  if (!when) return std::nullopt;
  return Author{.who = std::string(fields.Get("who")),
                .from = std::string(fields.Get("from")),
                .when = *when};
}

// A clock that was set back makes none of them last longer than it might have at first.
std::optional<TimePoint> UntilOf(const OrderFields& fields, WallTime when, Moment at) {
  if (fields.Get("until").empty()) return TimePoint::max();
  const std::optional<WallTime> until = ParseMillis(fields.Get("until"));
  if (!until) return std::nullopt;
  return at.now + std::min<Duration>({*until - at.wall, *until - when, kLongestChange});
}

// Servers.

std::string LineOf(const Change& change, Moment at) {
  OrderLine line("server");
  line.Add("kind", kKinds[static_cast<size_t>(change.kind)]);
  line.Add("pool", change.pool);
  line.Add("name", change.name);
  line.Add("address", change.label);
  line.Add("weight", std::to_string(change.weight));
  if (change.backup) line.Add("backup", "true");
  if (change.kind == Change::Kind::kDuty) line.Add("duty", DutyName(change.duty));
  return Finish(std::move(line), change.author, TimePoint::max(), change.reason, at);
}

std::optional<Change> ChangeOf(const OrderFields& fields, const Author& author) {
  constexpr std::array<std::string_view, 3> kDuties = {"ready", "draining", "maintenance"};
  const std::optional<size_t> kind = Which(kKinds, fields.Get("kind"));
  const std::optional<uint64_t> weight = ParseDecimal(fields.Get("weight"));
  const std::optional<conf::Bounds> bounds = conf::BoundsOf(*conf::FindKey("pool.servers.weight"));
  if (!kind || !weight || *weight < bounds->least || *weight > bounds->most) return std::nullopt;
  Change change = {.kind = static_cast<Change::Kind>(*kind),
                   .pool = std::string(fields.Get("pool")),
                   .name = std::string(fields.Get("name")),
                   .label = std::string(fields.Get("address")),
                   .weight = static_cast<uint32_t>(*weight),
                   .backup = fields.Get("backup") == "true",
                   .reason = std::string(fields.Get("reason")),
                   .author = author};
  if (change.kind == Change::Kind::kAdded && !conf::CheckServerAddress(change.name).empty()) {
    return std::nullopt;
  }
  if (change.kind != Change::Kind::kDuty) return change;
  constexpr balancer::Duty kMeant[] = {balancer::Duty::kReady, balancer::Duty::kDraining,
                                       balancer::Duty::kMaintenance};
  const std::optional<size_t> duty = Which(kDuties, fields.Get("duty"));
  if (!duty) return std::nullopt;
  change.duty = kMeant[*duty];
  return change;
}

// Limits.

std::string LineOf(const LimitChange& change, Moment at) {
  std::string below;
  if (change.lasting != nullptr) below = LineOf(*change.lasting, at);
  OrderLine line("limit");
  line.Add("name", change.name);
  if (change.limit) line.Add("toml", conf::FormatLimit(*change.limit));
  return below + Finish(std::move(line), change.author, change.until, change.reason, at);
}

std::optional<LimitChange> LimitOf(const OrderFields& fields, const Author& author,
                                   TimePoint until) {
  LimitChange change = {.limit = std::nullopt,
                        .name = std::string(fields.Get("name")),
                        .until = until,
                        .reason = std::string(fields.Get("reason")),
                        .author = author};
  if (fields.Get("toml").empty()) return change;
  absl::StatusOr<conf::Limit> limit = conf::LoadLimit(fields.Get("toml"), nullptr);
  if (!limit.ok() || limit->name != change.name) return std::nullopt;
  change.limit = *std::move(limit);
  return change;
}

// Waiting rooms.

std::string LineOf(const RoomChange& change, Moment at) {
  const RoomOrder& order = change.order;
  OrderLine line("room");
  line.Add("do", kRoomDeeds[static_cast<size_t>(order.deed)]);
  line.Add("room", order.room);
  switch (order.deed) {
    case RoomOrder::Deed::kPace:
      line.Add("value", order.pace ? conf::FormatRate(*order.pace) : kAuto);
      break;
    case RoomOrder::Deed::kMaxActive:
      line.Add("value", order.max_active ? std::to_string(*order.max_active) : kAuto);
      break;
    case RoomOrder::Deed::kMessage:
      line.Add("value", order.message);
      break;
    default:
      break;
  }
  return Finish(std::move(line), change.author, change.until, order.reason, at);
}

bool ReadValue(std::string_view value, RoomOrder& order) {
  if (order.deed == RoomOrder::Deed::kMessage) {
    order.message = value;
    return conf::CheckMessage(value).empty();
  }
  if (value == kAuto) return true;
  if (order.deed == RoomOrder::Deed::kPace) {
    const absl::StatusOr<ratelimit::Rate> pace = conf::ParseRate(value);
    if (pace.ok()) order.pace = *pace;
    return pace.ok();
  }
  const conf::Bounds bounds = *conf::BoundsOf(*conf::FindKey("waiting_room.max_active"));
  const std::optional<uint64_t> most = ParseDecimal(value);
  if (!most || *most < bounds.least || *most > bounds.most) return false;
  order.max_active = static_cast<uint32_t>(*most);
  return true;
}

std::optional<RoomChange> RoomOf(const OrderFields& fields, const Author& author, TimePoint until) {
  using Deed = RoomOrder::Deed;
  const std::optional<size_t> deed = Which(kRoomDeeds, fields.Get("do"));
  if (!deed || !Lasts(static_cast<Deed>(*deed))) return std::nullopt;
  RoomChange change = {.order = {.deed = static_cast<Deed>(*deed),
                                 .room = std::string(fields.Get("room")),
                                 .reason = std::string(fields.Get("reason"))},
                       .until = until,
                       .author = author};
  RoomOrder& order = change.order;
  const bool valued = order.deed != Deed::kPause && order.deed != Deed::kHold;
  if (valued && !ReadValue(fields.Get("value"), order)) return std::nullopt;
  return change;
}

// The panic switch.

std::string LineOf(const PanicState& panic, Moment at) {
  OrderLine line("panic");
  std::string keeps;
  for (size_t i = 0; i < panic.order.keeps.size(); ++i) {
    if (panic.order.keeps[i]) keeps.append(ratelimit::kPriorityNames[i]).append(",");
  }
  line.Add("keep", keeps);
  return Finish(std::move(line), panic.author, panic.until, panic.order.reason, at);
}

bool ReadKept(std::string_view names, PanicOrder& order) {
  while (!names.empty()) {
    const std::optional<size_t> which = Which(ratelimit::kPriorityNames, CutNext(names, ','));
    if (!which) return false;
    order.keeps[*which] = true;
  }
  return true;
}

// False when it is damaged.
bool ReadLine(std::string_view line, Moment at, Orders& orders) {
  const std::optional<OrderFields> fields = OrderFields::Parse(line);
  if (!fields) return false;
  const std::optional<Author> author = AuthorOf(*fields);
  const std::optional<TimePoint> until = UntilOf(*fields, author->when, at);
  if (!author || !until || !conf::CheckPlain(fields->Get("reason")).empty()) return false;
  const auto take = [](auto read, auto& orders_of_kind) {
    if (!read) return false;
    orders_of_kind.push_back(*std::move(read));
    return true;
  };
  if (fields->word() == "server") return take(ChangeOf(*fields, *author), orders.servers);
  if (fields->word() == "limit") return take(LimitOf(*fields, *author, *until), orders.limits);
  if (fields->word() == "room") return take(RoomOf(*fields, *author, *until), orders.rooms);
  if (fields->word() != "panic") return false;
  PanicOrder order = {.on = true, .reason = std::string(fields->Get("reason"))};
  if (!ReadKept(fields->Get("keep"), order)) return false;
  orders.panic = {.order = std::move(order), .author = *author, .until = *until};
  return true;
}

}  // namespace

std::string FormatOrders(const Orders& orders, Moment at) {
  std::string text;
  for (const Change& change : orders.servers) text += LineOf(change, at);
  for (const LimitChange& change : orders.limits) text += LineOf(change, at);
  for (const RoomChange& change : orders.rooms) text += LineOf(change, at);
  if (orders.panic) text += LineOf(*orders.panic, at);
  return text;
}

ParsedOrders ParseOrders(std::string_view text, Moment at) {
  ParsedOrders parsed;
  while (!text.empty()) {
    if (!ReadLine(CutNext(text, '\n'), at, parsed.orders)) ++parsed.damaged;
  }
  return parsed;
}

}  // namespace sluice::server
