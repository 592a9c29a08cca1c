#include "proxy/server/limit_overlay.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "conf/limit_text.h"
#include "conf/nearest.h"
#include "conf/units.h"

namespace sluice::server {
namespace {

const conf::Limit* InFile(const conf::Config& config, std::string_view name) {
  for (const conf::Limit& limit : config.limits) {
    if (limit.name == name) return &limit;
  }
  return nullptr;
}

bool HasRoute(const conf::Config& config, std::string_view name) {
  return name == "*" || std::any_of(config.routes.begin(), config.routes.end(),
                                    [&](const conf::Route& route) { return route.name == name; });
}

absl::Status CheckRoutes(const conf::Config& config, const conf::Limit& limit) {
  for (const std::string& name : limit.routes) {
    if (HasRoute(config, name)) continue;
    std::vector<std::string_view> names;
    for (const conf::Route& route : config.routes) names.push_back(route.name);
    return absl::NotFoundError(
        absl::StrFormat("there is no route '%s'%s", name, conf::MayBe(name, names)));
  }
  return absl::OkStatus();
}

// What conf would say of a file with this limit in it.
absl::Status CheckFits(const conf::Config& config, const conf::Limit& limit) {
  if (absl::Status status = CheckRoutes(config, limit); !status.ok()) return status;
  const bool by_token = std::any_of(limit.key.begin(), limit.key.end(),
                                    [](std::string_view part) { return part.starts_with("jwt:"); });
  if (by_token && !config.jwt) {
    return absl::FailedPreconditionError("the key is of a token, and the file has no [jwt]");
  }
  if (limit.scope == "fleet" && config.store.url.empty()) {
    return absl::FailedPreconditionError("scope = \"fleet\" needs a store, and the file has none");
  }
  for (const conf::Route& route : config.routes) {
    for (const conf::RouteLimit& named : route.limits) {
      if (named.name != limit.name || !limit.rate || named.cost <= limit.Spec().burst) continue;
      return absl::FailedPreconditionError(
          absl::StrFormat("route '%s' costs %d, which never fits into a burst of %d", route.name,
                          named.cost, limit.Spec().burst));
    }
  }
  return absl::OkStatus();
}

}  // namespace

std::string Describe(const conf::Limit& limit) {
  std::string text = limit.rate ? absl::StrFormat("%s, burst %d", conf::FormatRate(*limit.rate),
                                                  limit.Spec().burst)
                                : absl::StrFormat("%d at once", limit.concurrency);
  text += limit.key.empty() ? " in all" : " by " + absl::StrJoin(limit.key, "+");
  return text + ", " + (limit.dry_run ? "only counted" : limit.action);
}

std::string LimitChange::What() const { return limit ? Describe(*limit) : "removed"; }

const LimitChange* LimitOverlay::Find(std::string_view name) const {
  const auto found = std::find_if(changes_.begin(), changes_.end(),
                                  [&](const LimitChange& change) { return change.name == name; });
  return found == changes_.end() ? nullptr : &*found;
}

absl::Status LimitOverlay::Apply(const conf::Config& config, const LimitOrder& order,
                                 const Author& author, TimePoint now) {
  const LimitChange* const changed = Find(order.limit);
  const conf::Limit* const file = InFile(config, order.limit);
  const auto no_such = [&] {
    std::vector<std::string_view> names;
    for (const conf::Limit& limit : config.limits) names.push_back(limit.name);
    for (const LimitChange& change : changes_) names.push_back(change.name);
    return absl::NotFoundError(
        absl::StrFormat("there is no limit '%s'%s", order.limit, conf::MayBe(order.limit, names)));
  };
  LimitChange change = {
      .limit = std::nullopt,
      .name = order.limit,
      .until = order.lasts > Duration::zero() ? now + order.lasts : TimePoint::max(),
      .reason = order.reason,
      .author = author};
  if (order.deed != LimitOrder::Deed::kUndo && !change.timed() && changed != nullptr &&
      changed->timed()) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "'%s' is changed for a time; say for how long this is to hold, or undo that first",
        order.limit));
  }
  switch (order.deed) {
    case LimitOrder::Deed::kSet: {
      const conf::Limit* const base =
          changed != nullptr && changed->limit ? &*changed->limit : file;
      absl::StatusOr<conf::Limit> limit = conf::LoadLimit(order.toml, base);
      if (!limit.ok()) return limit.status();
      if (absl::Status status = CheckFits(config, *limit); !status.ok()) return status;
      if (file == nullptr && limit->routes.empty()) {
        return absl::InvalidArgumentError(
            "no route names the limit, so it would be for nobody; say routes = [\"*\"]");
      }
      change.limit = *std::move(limit);
      return Put(std::move(change));
    }
    case LimitOrder::Deed::kRemove:
      if (file == nullptr && changed == nullptr) return no_such();
      // One that was made at run time is gone when that is undone.
      if (file == nullptr && !change.timed()) break;
      return Put(std::move(change));
    case LimitOrder::Deed::kUndo:
      if (changed != nullptr) break;
      if (file == nullptr) return no_such();
      return absl::FailedPreconditionError(
          absl::StrFormat("nothing was changed about '%s'", order.limit));
  }
  std::erase_if(changes_, [&](const LimitChange& each) { return each.name == order.limit; });
  return absl::OkStatus();
}

// A timed one on top of what lasts, else in its place.
absl::Status LimitOverlay::Put(LimitChange change) {
  if (const LimitChange* const before = Find(change.name); before != nullptr && change.timed()) {
    change.lasting = before->timed() ? before->lasting : std::make_shared<LimitChange>(*before);
  }
  std::erase_if(changes_, [&](const LimitChange& each) { return each.name == change.name; });
  if (changes_.size() >= kMost) {
    return absl::ResourceExhaustedError(
        absl::StrFormat("%d limits are changed already, which is the most", kMost));
  }
  changes_.push_back(std::move(change));
  return absl::OkStatus();
}

std::vector<conf::Limit> LimitOverlay::LimitsOf(const conf::Config& config) const {
  std::vector<conf::Limit> limits;
  for (const conf::Limit& limit : config.limits) {
    const LimitChange* const change = Find(limit.name);
    if (change == nullptr) limits.push_back(limit);
    if (change != nullptr && change->limit) limits.push_back(*change->limit);
  }
  for (const LimitChange& change : changes_) {
    if (change.limit && InFile(config, change.name) == nullptr) limits.push_back(*change.limit);
  }
  return limits;
}

std::vector<std::string> LimitOverlay::Restore(const conf::Config& config,
                                               std::vector<LimitChange> changes) {
  std::vector<std::string> said;
  for (LimitChange& change : changes) {
    absl::Status status;
    if (change.limit) status = CheckFits(config, *change.limit);
    const std::string what =
        absl::StrFormat("limit %s: what was changed (%s) is dropped", change.name, change.What());
    if (status.ok()) status = Put(std::move(change));
    if (!status.ok()) said.push_back(what + ": " + std::string(status.message()));
  }
  return said;
}

std::vector<std::string> LimitOverlay::Expire(TimePoint now) {
  std::vector<std::string> said;
  for (LimitChange& change : changes_) {
    if (change.until > now) continue;
    said.push_back(absl::StrFormat("limit %s: what %s changed (%s) has ended, as ordered",
                                   change.name, change.author.who, change.What()));
    const std::shared_ptr<const LimitChange> lasting = change.lasting;
    if (lasting != nullptr) change = *lasting;
  }
  std::erase_if(changes_, [&](const LimitChange& change) { return change.until <= now; });
  return said;
}

std::vector<std::string> LimitOverlay::DropGone(const conf::Config& config) {
  std::vector<std::string> said;
  std::erase_if(changes_, [&](const LimitChange& change) {
    const bool removed_twice =
        !change.limit && change.lasting == nullptr && InFile(config, change.name) == nullptr;
    const bool routes_gone =
        change.limit && !change.limit->routes.empty() &&
        std::none_of(change.limit->routes.begin(), change.limit->routes.end(),
                     [&](const std::string& route) { return HasRoute(config, route); });
    if (!removed_twice && !routes_gone) return false;
    said.push_back(absl::StrFormat("limit %s: what was changed (%s) is dropped, for %s is gone",
                                   change.name, change.What(),
                                   removed_twice ? "the limit" : "every route it was for"));
    return true;
  });
  return said;
}

}  // namespace sluice::server
