#include "proxy/admin/limits.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <vector>

#include "absl/strings/str_format.h"
#include "conf/units.h"
#include "proxy/admin/exposition.h"
#include "proxy/admin/json.h"

namespace sluice::admin {
namespace {

using admission::Limit;

constexpr size_t kMostShown = 10;  // of those refused most

std::vector<std::shared_ptr<Limit>> All(const server::Supervisor& supervisor) {
  return supervisor.view() == nullptr ? std::vector<std::shared_ptr<Limit>>()
                                      : supervisor.view()->all_limits;
}

Json RoutesOf(const exchange::RuntimeView& view, const Limit& limit) {
  Json routes = Json::array();
  const auto has = [&](const exchange::Limits& limits) {
    return std::any_of(limits.begin(), limits.end(),
                       [&](const auto& applied) { return applied.limit.get() == &limit; });
  };
  for (const route::Route& route : view.router->routes()) {
    if (has(view.limits[route.index])) routes.push_back(route.conf.name);
  }
  if (has(view.unrouted_limits)) routes.push_back("");  // what matched none
  return routes;
}

uint64_t Evicted(const Limit& limit) {
  return limit.at_once != nullptr ? limit.at_once->evicted() : limit.gate->evicted();
}
uint64_t Unplaced(const Limit& limit) {
  return limit.at_once != nullptr ? limit.at_once->unplaced() : limit.gate->unplaced();
}

Json LimitJson(const server::Supervisor& supervisor, const Limit& limit) {
  const admission::LimitTotals totals = admission::Sum(limit.stats);
  Json ends = Json::object();
  for (size_t i = 0; i < totals.ends.size(); ++i) {
    ends[std::string(admission::kLimitEnds[i])] = totals.ends[i];
  }
  Json most = Json::array();
  for (const observe::Top::Entry& entry : limit.refused.Entries()) {
    if (most.size() == kMostShown) break;
    most.push_back({{"key", admission::LimitKey::Format(entry.key)},
                    {"who", entry.text},
                    {"count", entry.count}});
  }
  Json json = {{"limit", limit.spec.name},
               {"what", server::Describe(limit.spec)},
               {"routes", RoutesOf(*supervisor.view(), limit)},
               {"from", "file"},
               {"ends", std::move(ends)},
               {"evicted", Evicted(limit)},
               {"unplaced", Unplaced(limit)},
               {"most_refused", std::move(most)}};
  for (const server::LimitChange& change : supervisor.limit_overlay().changes()) {
    if (change.name != limit.spec.name) continue;
    json["from"] = "run time";
    if (change.until != TimePoint::max()) {
      json["ends_in_s"] = Seconds(change.until - std::chrono::steady_clock::now());
    }
  }
  return json;
}

// The keys of [[limit]] are what they are in a file, and so are their values: JSON's texts,
// numbers, flags and lists of them are TOML's.
absl::StatusOr<std::string> TomlOf(const Json& object) {
  std::string toml;
  for (const auto& [key, value] : object.items()) {
    const std::string name = Json(key).dump();
    if (value.is_object()) {
      std::string inside;
      for (const auto& [inner, what] : value.items()) {
        if (what.is_structured())
          return Wrong(absl::StrFormat("%s.%s is no plain value", key, inner));
        inside += absl::StrFormat("%s%s = %s", inside.empty() ? "" : ", ", Json(inner).dump(),
                                  what.dump());
      }
      toml += absl::StrFormat("%s = { %s }\n", name, inside);
    } else if (value.is_null()) {
      return Wrong(absl::StrFormat("%s is null; leave it out", key));
    } else {
      toml += absl::StrFormat("%s = %s\n", name, value.dump());
    }
  }
  return toml;
}

absl::Status ReadKey(const std::string& key, const Json& value, server::LimitOrder& order) {
  constexpr std::string_view kKeys[] = {"do", "limit", "set", "for", "reason"};
  if (key == "set") {
    if (!value.is_object()) return Wrong("set is an object with keys of [[limit]]");
    absl::StatusOr<std::string> toml = TomlOf(value);
    if (!toml.ok()) return toml.status();
    order.toml = *std::move(toml);
    return absl::OkStatus();
  }
  if (std::find(std::begin(kKeys), std::end(kKeys), key) == std::end(kKeys)) {
    return UnknownKey(key, kKeys);
  }
  if (key == "do") {
    size_t which = 0;
    absl::Status status = ReadChoice(value, key, server::kLimitDeeds, which);
    order.deed = static_cast<server::LimitOrder::Deed>(which);
    return status;
  }
  std::string text;
  if (absl::Status status = ReadText(value, key, text); !status.ok()) return status;
  if (key == "limit") order.limit = text;
  if (key == "reason") order.reason = text;
  if (key == "for") {
    const absl::StatusOr<std::chrono::nanoseconds> lasts = conf::ParseDuration(text);
    if (!lasts.ok() || *lasts <= Duration::zero() || *lasts > server::kLongestChange) {
      return Wrong(
          absl::StrFormat("for: '%s' is no time such as \"30min\", of a year at most", text));
    }
    order.lasts = *lasts;
  }
  return absl::OkStatus();
}

}  // namespace

std::string Limits(const server::Supervisor& supervisor) {
  Json limits = Json::array();
  for (const auto& limit : All(supervisor)) limits.push_back(LimitJson(supervisor, *limit));
  return ToText({{"limits", std::move(limits)}});
}

absl::StatusOr<std::string> KeyOfLimit(const server::Supervisor& supervisor, std::string_view limit,
                                       std::string_view values) {
  const absl::StatusOr<ratelimit::KeyHash> key = supervisor.KeyOf(limit, values);
  if (!key.ok()) return key.status();
  const Limit& found = *supervisor.FindLimit(limit);
  const TimePoint now = std::chrono::steady_clock::now();
  Json json = {{"limit", limit}, {"key", admission::LimitKey::Format(*key)}};
  if (found.at_once != nullptr) {
    const uint32_t active = found.at_once->active(*key);
    json["active"] = active;
    json["passes"] = active < found.spec.concurrency;
  } else {
    const ratelimit::Verdict verdict = found.gate->Peek(*key, now, 1);
    json["passes"] = verdict.allowed;
    json["remaining"] = found.Remaining(verdict) + (verdict.allowed ? 1 : 0);
    json["retry_after_s"] = Seconds(verdict.retry_after);
    json["reset_s"] = Seconds(verdict.reset);
  }
  if (const std::optional<TimePoint> until = supervisor.bans().Until(*key, now)) {
    json["passes"] = false;
    json["banned_for_s"] = Seconds(*until - now);
  }
  return ToText(json);
}

std::string LimitMetrics(const server::Supervisor& supervisor) {
  struct Row {
    const Limit& limit;
    admission::LimitTotals totals;
  };
  std::vector<Row> rows;
  const std::vector<std::shared_ptr<Limit>> all = All(supervisor);
  rows.reserve(all.size());
  for (const auto& limit : all) rows.push_back({*limit, admission::Sum(limit->stats)});
  Exposition out;
  out.Family("sluice_limit_requests_total", "counter",
             "Requests at a limit, by what came of them.");
  for (const Row& row : rows) {
    for (size_t i = 0; i < row.totals.ends.size(); ++i) {
      out.Sample({{"limit", row.limit.spec.name}, {"end", admission::kLimitEnds[i]}},
                 row.totals.ends[i]);
    }
  }
  out.Family("sluice_limit_delay_seconds", "histogram", "How long requests were held back.");
  for (const Row& row : rows) {
    if (row.limit.action != Limit::Action::kDelay) continue;
    out.Samples({{"limit", row.limit.spec.name}}, row.totals.delays);
  }
  out.Family("sluice_limit_evicted_total", "counter",
             "Keys forgotten while they owed something, for want of room (limit.keys).");
  for (const Row& row : rows) out.Sample({{"limit", row.limit.spec.name}}, Evicted(row.limit));
  out.Family("sluice_limit_unplaced_total", "counter",
             "Requests that passed without being noted, for want of room (limit.keys).");
  for (const Row& row : rows) out.Sample({{"limit", row.limit.spec.name}}, Unplaced(row.limit));
  return out.Take();
}

absl::StatusOr<server::LimitOrder> ParseLimitOrder(std::string_view json) {
  const absl::StatusOr<Json> parsed = ParseObject(json, "{\"do\": …, \"limit\": …}");
  if (!parsed.ok()) return parsed.status();
  server::LimitOrder order;
  for (const auto& [key, value] : parsed->items()) {
    if (absl::Status status = ReadKey(key, value, order); !status.ok()) return status;
  }
  if (absl::Status status = HasAll(*parsed, {"do", "limit"}); !status.ok()) return status;
  const bool sets = order.deed == server::LimitOrder::Deed::kSet;
  if (sets != parsed->contains("set")) {
    return Wrong(sets ? "set is missing: what of the limit is to be how"
                      : "set is for do = \"set\"");
  }
  if (order.deed == server::LimitOrder::Deed::kUndo && parsed->contains("for")) {
    return Wrong("what is undone is not undone for a time");
  }
  // The name stands in one place only.
  if (sets)
    order.toml = absl::StrFormat("[[limit]]\nname = %s\n%s", Json(order.limit).dump(), order.toml);
  return order;
}

}  // namespace sluice::admin
