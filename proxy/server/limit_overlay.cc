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
  switch (order.deed) {
    case LimitOrder::Deed::kSet: {
      const conf::Limit* const base =
          changed != nullptr && changed->limit ? &*changed->limit : file;
      absl::StatusOr<conf::Limit> limit = conf::LoadLimit(order.toml, base);
      if (!limit.ok()) return limit.status();
      if (absl::Status status = CheckRoutes(config, *limit); !status.ok()) return status;
      if (file == nullptr && limit->routes.empty()) {
        return absl::InvalidArgumentError(
            "no route names the limit, so it would be for nobody; say routes = [\"*\"]");
      }
      change.limit = *std::move(limit);
      return Put(std::move(change));
    }
    case LimitOrder::Deed::kRemove:
      if (file == nullptr && changed == nullptr) return no_such();
      if (file == nullptr) break;  // one that was made at run time is gone when that is undone
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

absl::Status LimitOverlay::Put(LimitChange change) {
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

std::vector<std::string> LimitOverlay::Expire(TimePoint now) {
  std::vector<std::string> said;
  std::erase_if(changes_, [&](const LimitChange& change) {
    if (change.until > now) return false;
    said.push_back(absl::StrFormat("limit %s: what %s changed (%s) has ended, as ordered",
                                   change.name, change.author.who, change.What()));
    return true;
  });
  return said;
}

std::vector<std::string> LimitOverlay::DropGone(const conf::Config& config) {
  std::vector<std::string> said;
  std::erase_if(changes_, [&](const LimitChange& change) {
    const bool removed_twice = !change.limit && InFile(config, change.name) == nullptr;
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
